import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { Logger } from '../../config/logger.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { asProblem } from './as-problem.ts';
import { HttpProblem, sendProblem } from './problem.ts';

/** Paths that programs read: problems are JSON there. Everywhere else a person sees a page. */
const machinePaths = /^\/(api|codec|temporal\/api|webhooks|healthz|readyz|assets|widget\.js)(\/|$)/;

/** For every path that no route took. */
export const notFound: RequestHandler = (request) => {
  const detail = isPage(request) ? 'There is no page at this address.' : 'There is nothing at this address.';
  throw new HttpProblem('not-found', detail);
};

/** The last handler: answers whatever was thrown, as a page or as problem JSON, and records what is our fault. */
export function errorHandler({ log, renderPage }: Pick<ApiDependencies, 'log' | 'renderPage'>): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const problem = asProblem(error);
    record(log, request.path, problem);
    if (response.headersSent) {
      next(error);
      return;
    }
    response.set('Cache-Control', 'no-store');
    if (!isPage(request)) {
      sendProblem(response, problem);
      return;
    }
    if (problem.retryAfterSeconds !== undefined) response.set('Retry-After', String(problem.retryAfterSeconds));
    const { status, title, message } = problem;
    const next_ = problem.next ?? { label: 'Go to the start page', href: '/' };
    response
      .status(status)
      .type('html')
      .send(renderPage({ name: 'error', status, title, message, next: next_ }));
  };
}

function isPage(request: Request): boolean {
  return !machinePaths.test(request.path);
}

/** What is an error of ours, or something that is away, is for the operators; what we refused is not. */
function record(log: Logger, path: string, { kind, status, cause }: HttpProblem): void {
  if (kind === 'internal') log.error({ err: cause, path, status }, 'a request failed');
  else if (status >= 500 && cause !== undefined)
    log.warn({ err: cause, path, status }, 'a request could not be served');
}
