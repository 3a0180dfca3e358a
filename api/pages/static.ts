import path from 'node:path';
import { Router, static as serveFolder } from 'express';

/** How long a website may use its copy of the widget before it asks whether there is a newer one, s. */
const widgetMaxAge = 300;

/**
 * The built browser files: the widget, loadable from any site, and the pages' own files, whose names change with their
 * content.
 */
export function staticRoutes(webDir: string): Router {
  const router = Router();
  router.get('/widget.js', (_request, response, next) => {
    response.set({
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Cache-Control': `public, max-age=${widgetMaxAge}`,
    });
    response.sendFile(path.join(webDir, 'widget.js'), { cacheControl: false, dotfiles: 'allow' }, (error) => {
      // A file that is not there is a build that was not made: the 404 answer of every unknown path says enough.
      if (error && !response.headersSent) next();
    });
  });
  router.use(
    '/assets',
    serveFolder(path.join(webDir, 'assets'), { immutable: true, maxAge: '365d', index: false, redirect: false }),
  );
  return router;
}
