import { Router, type RequestHandler } from 'express';
import type { ApiDependencies } from '../dependencies.ts';
import { localPath } from '../http/local-path.ts';
import { limitRequests, requestLimits } from '../rate-limits.ts';
import { HttpProblem } from '../http/problem.ts';
import { isForPage, sameOriginOnly } from '../http/security.ts';
import { oauthAttempts, redirectUri } from './attempts.ts';
import { oauthCallback } from './callback.ts';
import type { Sessions } from './session.ts';

/** Install, sign-in and sign-out. Install and sign-in are the same consent in Zoom; they differ in where they lead. */
export function authRoutes(dependencies: ApiDependencies, sessions: Sessions): Router {
  const { config, zoom } = dependencies;
  const attempts = oauthAttempts(dependencies);
  const scopes = config.zoom.authorizeScopes;

  const toZoom = (nextOf: (next: unknown) => string | undefined): RequestHandler => {
    return async (request, response) => {
      const begun = await attempts.begin(request, response, nextOf(request.query['next']));
      response.set('Cache-Control', 'no-store');
      response.redirect(
        302,
        zoom.oauth.authorizeUrl({ redirectUri: redirectUri(config.http.publicUrl), scopes, ...begun }),
      );
    };
  };

  const router = Router();
  const limited = limitRequests(requestLimits.auth);
  router.use(['/install', '/signin', '/oauth'], (request, response, next) => {
    // Pictures and frames of other websites must not use up the requests of whoever visits them.
    if (isForPage(request)) return limited(request, response, next);
    throw new HttpProblem('forbidden', 'This address is for a page of its own.');
  });
  router.get(
    '/install',
    toZoom(() => undefined),
  );
  router.get('/signin', toZoom(localPath));
  router.get('/oauth/callback', oauthCallback(dependencies, attempts, sessions));
  router.post('/signout', sameOriginOnly(config.http.publicUrl), sessions.end);
  return router;
}
