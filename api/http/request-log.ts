import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { pinoHttp } from 'pino-http';
import type { Logger } from '../../config/logger.ts';

const quietPaths = /^\/(healthz|readyz|assets\/)/;

/**
 * One line per request: method, path, status and time. Never the query (it can hold OAuth codes and states), headers,
 * cookies, bodies or addresses.
 */
export function requestLog(log: Logger): RequestHandler {
  return pinoHttp({
    logger: log,
    genReqId: () => randomUUID(),
    wrapSerializers: false,
    serializers: {
      req: (request: IncomingMessage) => ({ id: request.id, method: request.method, path: pathOf(request) }),
      res: (response: ServerResponse) => ({ status: response.statusCode }),
      err: (error: Error) => ({ type: error.name }),
    },
    autoLogging: { ignore: (request) => quietPaths.test(request.url) },
    customLogLevel: (_request, { statusCode }) => (statusCode >= 500 ? 'warn' : statusCode >= 400 ? 'info' : 'debug'),
  });
}

/** Express rewrites `url` inside routers; `originalUrl` stays whole. */
function pathOf(request: IncomingMessage & { originalUrl?: string }): string {
  const [path = ''] = (request.originalUrl ?? request.url ?? '').split('?');
  return path;
}
