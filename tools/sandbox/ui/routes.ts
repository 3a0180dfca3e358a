import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Router, type Request, type Response } from 'express';
import helmet from 'helmet';
import { findUser } from '../chat.ts';
import type { World } from '../world.ts';
import { clientBundle } from './bundle.ts';
import { chooserPage, chatShell, notFoundPage } from './pages.tsx';

/** Headers of the pages: nothing runs, loads or frames but what the sandbox serves itself. */
const guard = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      // Cards may show pictures from anywhere.
      imgSrc: ["'self'", 'data:', 'https:', 'http:'],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
});

/** A path on this host that may follow the choice of a person; anything else is dropped. */
function safeNext(value: unknown): string | undefined {
  return typeof value === 'string' && value.startsWith('/launch/') ? value : undefined;
}

/**
 * The pages: choice of a person, Team Chat of that person, and the links that lead into it.
 * @param mailbox the pages of the mailbox.
 */
export async function pageRoutes(world: World, mailbox: Router): Promise<Router> {
  const [script, style] = await Promise.all([clientBundle(), readFile(new URL('./app.css', import.meta.url), 'utf8')]);
  const version = createHash('sha256').update(script).update(style).digest('hex').slice(0, 12);
  const router = Router();
  router.use(guard);

  const asset = (type: string, body: string) => (_req: Request, res: Response) => {
    res.set('cache-control', 'no-cache').type(type).send(body);
  };
  router.get('/assets/app.js', asset('text/javascript', script));
  router.get('/assets/app.css', asset('text/css', style));
  router.get('/favicon.ico', (_req, res) => {
    res.status(204).end();
  });

  router.get('/', (req, res) => {
    res.type('html').send(chooserPage(world, safeNext(req.query['next'])));
  });
  router.use(mailbox);
  router.get('/chat', (req, res) => {
    const user = typeof req.query['user'] === 'string' ? findUser(world, req.query['user']) : undefined;
    if (user === undefined) res.redirect(302, '/');
    else res.redirect(302, `/u/${user.id}`);
  });
  const chat = (req: Request<{ id: string }>, res: Response): void => {
    const user = findUser(world, req.params.id);
    if (user?.status !== 'active')
      res.status(404).type('html').send(notFoundPage('There is nobody by this name here.'));
    else if (user.id !== req.params.id) res.redirect(302, `/u/${user.id}`);
    else shell(req, res);
  };
  const shell = (_req: unknown, res: Response): void => {
    res.set('cache-control', 'no-store').type('html').send(chatShell(version));
  };
  router.get('/u/:id', chat);
  router.get('/u/:id/:conversation', chat);
  // The browser knows as whom it acted last; the page behind these addresses goes on from there.
  router.get(['/launch/chat', '/launch/chat/v2/:target'], shell);
  router.use((req, res) => {
    res.status(404);
    if (req.accepts(['html', 'json']) === 'json') res.json({ code: 404, message: 'Not found.' });
    else res.type('html').send(notFoundPage('There is no page at this address.'));
  });
  return router;
}
