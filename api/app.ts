import express, { type Express, type RequestHandler } from 'express';
import { authRoutes } from './auth/routes.ts';
import { sessions as createSessions } from './auth/session.ts';
import { codecRoutes } from './codec.ts';
import { dashboardRoutes } from './dashboard/routes.ts';
import type { ApiDependencies } from './dependencies.ts';
import { healthRoutes } from './health.ts';
import { errorHandler, notFound } from './http/errors.ts';
import { hostCheck } from './http/host-check.ts';
import { requestLog } from './http/request-log.ts';
import { securityHeaders } from './http/security.ts';
import { temporalUiPath } from './operator/queries.ts';
import { temporalUiRoutes } from './operator/temporal-ui.ts';
import { mailLinkRoutes } from './pages/mail-links.ts';
import { operatorRoutes, operatorSignIn } from './pages/operator.ts';
import { pageRoutes } from './pages/routes.ts';
import { staticRoutes } from './pages/static.ts';
import { webhookRoutes } from './webhooks/routes.ts';

/**
 * Everything that the api answers over HTTP. The visitors' WebSocket is `createVisitorServer`.
 * @param pushes takes the workers' pushes, see `pushEndpoint`.
 */
export function createApp(dependencies: ApiDependencies, pushes?: RequestHandler): Express {
  const { config, log } = dependencies;
  const sessions = createSessions(dependencies);
  const operator = operatorSignIn(dependencies);

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', config.http.trustProxy);
  app.set('query parser', 'simple');
  // Before all else: many of them, between our own processes.
  if (pushes) app.use(pushes);
  app.use(securityHeaders({ secure: config.http.publicUrl.startsWith('https:') }));
  app.use(healthRoutes(dependencies));
  app.use(requestLog(log));
  app.use(webhookRoutes(dependencies));
  app.use(staticRoutes(dependencies.webDir));
  // From here on answers are for somebody. Zoom's webhooks before it are signed, and a refused one would be lost.
  app.use(hostCheck(config.http.publicUrl));
  app.use(temporalUiRoutes({ uiUrl: config.temporal.uiUrl, publicUrl: config.http.publicUrl, operator }));
  app.use(codecRoutes(dependencies, operator));
  app.use(dashboardRoutes(dependencies, sessions));
  app.use(authRoutes(dependencies, sessions));
  app.use(operatorRoutes(dependencies, operator));
  app.use(mailLinkRoutes(dependencies));
  app.use(pageRoutes(dependencies, sessions));
  app.use(notFound);
  app.use(errorHandler(dependencies));
  return app;
}

/**
 * Development only: Temporal UI on a port of its own on loopback, without a sign-in, since whoever reaches that port
 * reaches Temporal itself. Payloads are shown to signed-in operators, here too. No other page can reach it.
 */
export function createDevelopmentUi(dependencies: ApiDependencies, port: number): Express {
  const { config, log } = dependencies;
  const publicUrl = `http://localhost:${port}`;
  const anybody = { signedIn: () => Promise.resolve(true) };
  const app = express();
  app.disable('x-powered-by');
  app.use(securityHeaders({ secure: false }));
  app.use(requestLog(log));
  app.use(hostCheck(publicUrl));
  app.use(codecRoutes(dependencies, operatorSignIn(dependencies), publicUrl));
  app.use(temporalUiRoutes({ uiUrl: config.temporal.uiUrl, publicUrl, operator: anybody }));
  app.use((request, response) => response.redirect(307, `${temporalUiPath}${request.originalUrl}`));
  app.use(errorHandler(dependencies));
  return app;
}
