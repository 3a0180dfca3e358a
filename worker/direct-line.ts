import { Agent, request, type IncomingMessage } from 'node:http';
import type { DirectLine } from '../activities/short-way.ts';
import { sealJson } from '../codec/sealed-json.ts';
import type { SealingKeys } from '../codec/sealing.ts';
import { currentTraceparent } from '../telemetry/tracing.ts';
import {
  directDeliveryContext,
  directDeliveryPath,
  type RouteOutcome,
  type VisitorDelivery,
  type VisitorRoute,
} from '../domain/delivery.ts';

export interface DirectLineOptions {
  /** The payload keys: who has them may deliver, and read what is delivered. */
  keys: SealingKeys;
  clock: () => number;
  /** How long an instance may take to answer, ms. Default 1,000. */
  timeoutMs?: number;
  /** How long an address that did not answer is left alone, ms. Default 10,000. */
  restMs?: number;
}

/** Addresses that are remembered, good ones or bad ones. */
const mostAddresses = 1_000;

/**
 * Deliveries from this worker to api instances, over connections that are kept open. Takes plain HTTP within the network of the
 * system, as Temporal and MongoDB do; what it carries is sealed.
 */
export function createDirectLine(options: DirectLineOptions): DirectLine & { close: () => void } {
  const { keys, clock, timeoutMs = 1_000, restMs = 10_000 } = options;
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 20 });
  /** By `<url> <instance>`: whether it was ever reached, and until when it is left alone. */
  const known = new Map<string, { reached: boolean; restsUntil: number }>();

  function remember(key: string, reached: boolean, restsUntil: number): void {
    if (!known.has(key) && known.size >= mostAddresses) known.clear();
    known.set(key, { reached: reached || (known.get(key)?.reached ?? false), restsUntil });
  }

  return {
    async deliver({ instanceId, url }: VisitorRoute, delivery: VisitorDelivery): Promise<RouteOutcome> {
      if (url === undefined) return 'unreached';
      const key = `${url} ${instanceId}`;
      if ((known.get(key)?.restsUntil ?? 0) > clock()) return 'unreached';
      const body = sealJson(keys, delivery, directDeliveryContext({ instanceId }));
      try {
        const status = await post(`${url}${directDeliveryPath}`, { body, agent, timeoutMs, instanceId });
        // 204: pushed. 404: no socket of this chat. 410: another process has this address now.
        if (status === 204 || status === 404 || status === 410) {
          remember(key, true, 0);
          return status === 204 ? 'reached' : 'gone';
        }
        remember(key, false, clock() + restMs);
        return 'unreached';
      } catch (error) {
        // Nobody listens where this very instance was reached before: it has ended.
        const ended = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' && known.get(key)?.reached === true;
        if (!ended) remember(key, false, clock() + restMs);
        return ended ? 'gone' : 'unreached';
      }
    },
    close: () => {
      agent.destroy();
    },
  };
}

/** The status of the answer. @throws what the connection failed with, or an error after `timeoutMs`. */
function post(
  url: string,
  { body, agent, timeoutMs, instanceId }: { body: Buffer; agent: Agent; timeoutMs: number; instanceId: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const traceparent = currentTraceparent();
    const headers = {
      ...(traceparent === undefined ? {} : { traceparent }),
      'content-type': 'application/octet-stream',
      'content-length': body.length,
      'x-instance': instanceId,
    };
    const call = request(url, { method: 'POST', agent, headers, timeout: timeoutMs }, (answer: IncomingMessage) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
      answer.once('error', reject);
    });
    const failed = (error: NodeJS.ErrnoException): void => {
      // A kept connection that the other side has closed meanwhile says nothing about the instance: ask on a new one. Should the
      // delivery have arrived all the same, showing it twice changes nothing.
      if (call.reusedSocket && error.code === 'ECONNRESET') resolve(post(url, { body, agent, timeoutMs, instanceId }));
      else reject(error);
    };
    call.once('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.once('error', failed);
    call.end(body);
  });
}
