import { Router, type RequestHandler, type Response } from 'express';
import { notFoundPage } from '../ui/pages.tsx';
import type { World } from '../world.ts';
import { mailboxPage, mailPage } from './pages.tsx';

/** Pages that show a mail may frame its HTML, which comes from the sandbox itself. */
const framing =
  "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/** The HTML of a mail as a mail program shows it: nothing runs, nothing is loaded, links open elsewhere. */
const asMailProgram =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; " +
  'sandbox allow-popups allow-popups-to-escape-sandbox';

/** The mailbox: what the app has sent by e-mail, whoever it was for. */
export function mailboxRoutes(world: World): Router {
  const router = Router();
  const send = (res: Response, html: string, policy = framing): void => {
    res.set({ 'content-security-policy': policy, 'cache-control': 'no-store' }).type('html').send(html);
  };
  const show =
    (
      page: (mail: NonNullable<ReturnType<typeof world.store.mails.get>>, res: Response) => void,
    ): RequestHandler<{ id: string }> =>
    (req, res) => {
      const mail = world.store.mails.get(req.params.id);
      if (mail === undefined) res.status(404).type('html').send(notFoundPage('There is no such mail.'));
      else page(mail, res);
    };
  router.get('/mailbox', (_req, res) => {
    send(res, mailboxPage(world.store.mails.all().reverse(), world.clock.now()));
  });
  router.get(
    '/mailbox/:id',
    show((mail, res) => {
      send(res, mailPage(mail));
    }),
  );
  router.get(
    '/mailbox/:id/html',
    show((mail, res) => {
      res.set('x-frame-options', 'SAMEORIGIN');
      send(res, mail.html.replace(/<head[^>]*>/i, '$&<base target="_blank">'), asMailProgram);
    }),
  );
  return router;
}
