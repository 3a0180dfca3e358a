import { networkInterfaces } from 'node:os';
import { raw, Router, type RequestHandler } from 'express';
import { openJson } from '../../codec/sealed-json.ts';
import { SealingError, type SealingKeys } from '../../codec/sealing.ts';
import type { Logger } from '../../config/logger.ts';
import { limits } from '../../domain/limits.ts';
import { pushContext, pushPath, visitorPushSchema, type VisitorPush } from '../../domain/push.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import type { VisitorConnections } from './connections.ts';

export interface PushEndpointDependencies {
  keys: SealingKeys;
  instanceId: string;
  connections: Pick<VisitorConnections, 'push'>;
  log: Logger;
}

/**
 * Takes pushes from workers, for the visitors whose sockets this instance holds. The body is sealed with a payload key
 * for this instance, so the path gives nothing to anybody who finds it.
 *
 * Answers 204 (sent to at least one socket), 404 (no socket of this chat here), 410 (meant for another instance, which
 * had this address before), 400 (not sealed for this instance), 413 (too large).
 */
export function pushEndpoint({ keys, instanceId, connections, log }: PushEndpointDependencies): Router {
  // Before the body is read: a worker that still knows the address of an instance that has ended gets a clear answer.
  const forThisInstance: RequestHandler = (request, response, next) => {
    const wanted = request.get('x-instance');
    if (wanted === undefined || wanted === instanceId) next();
    else response.status(410).end();
  };

  const take: RequestHandler = async (request, response) => {
    const push = opened(request.body);
    if (!push) {
      response.status(400).end();
      return;
    }
    const traceparent = request.get('traceparent');
    const send = () => Promise.resolve(connections.push(push));
    const sockets = await (traceparent === undefined
      ? send()
      : inSpan('receive push', { kind: 'server', causes: [traceparent] }, send));
    response.status(sockets > 0 ? 204 : 404).end();
  };

  function opened(body: unknown): VisitorPush | undefined {
    try {
      const sealed = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      return visitorPushSchema.parse(openJson(keys, sealed, pushContext({ instanceId })));
    } catch (error) {
      const reason = error instanceof SealingError ? 'not sealed for this instance' : 'wrong shape';
      log.warn({ reason }, 'a push was refused');
      return undefined;
    }
  }

  const router = Router();
  const body = raw({ type: () => true, limit: limits.pushBytes, inflate: false });
  router.post(pushPath, forThisInstance, body, take);
  return router;
}

/**
 * Where workers reach this process, when nobody says otherwise: the address it listens on, or for all addresses this
 * machine's first one that others can see.
 */
export function ownUrl(host: string | undefined, port: number): string {
  const all = host === undefined || host === '0.0.0.0' || host === '::';
  return `http://${all ? visibleAddress() : host.includes(':') ? `[${host}]` : host}:${port}`;
}

function visibleAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
