import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import type { PageProps } from '../../web/server.tsx';
import type { Sessions } from '../auth/session.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';

const widgetId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

/** Answer with a page. Pages hold no data of anybody's: their scripts fetch it. */
export function sendPage(response: Response, html: string, status = 200): void {
  response.status(status).set('Cache-Control', 'no-store').type('html').send(html);
}

/** The pages. Those for a signed-in user lead to the sign-in and back. */
export function pageRoutes({ renderPage, store }: ApiDependencies, sessions: Sessions): Router {
  const show = (page: PageProps) => (_request: Request, response: Response) => {
    sendPage(response, renderPage(page));
  };
  const showToMember = (page: PageProps) => async (request: Request, response: Response) => {
    if (await sessions.member(request)) sendPage(response, renderPage(page));
    else response.redirect(302, `/signin?next=${encodeURIComponent(request.originalUrl)}`);
  };

  const router = Router();
  router.get('/', show({ name: 'landing' }));
  router.get('/onboarding', showToMember({ name: 'onboarding' }));
  router.get('/dashboard', showToMember({ name: 'dashboard' }));
  router.get('/settings', showToMember({ name: 'settings' }));
  router.get('/connection-check', showToMember({ name: 'connectionCheck' }));
  router.get('/preview', async (request, response) => {
    const id = widgetId.safeParse(request.query['widget']);
    const widget = id.success ? await store.widgets.get(id.data) : null;
    if (!widget) throw new HttpProblem('not-found', 'There is no widget with this id. Check the link to the preview.');
    sendPage(response, renderPage({ name: 'preview', widgetId: widget._id }));
  });
  return router;
}
