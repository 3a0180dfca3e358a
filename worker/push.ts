import { LRUCache } from 'lru-cache';
import { sealJson } from '../codec/sealed-json.ts';
import type { SealingKeys } from '../codec/sealing.ts';
import {
  pushContext,
  pushPath,
  type PushOutcome,
  type PushTarget,
  type PushToVisitor,
  type VisitorPush,
} from '../domain/push.ts';
import { currentTraceparent } from '../telemetry/tracing.ts';

export interface PushOptions {
  /** The payload keys: who has them may push, and read what is pushed. */
  keys: SealingKeys;
  /** How long an instance may take to answer, ms: it only writes to sockets. Default 2,000. */
  timeoutMs?: number;
}

/** Instances that are remembered. */
const mostInstances = 1_000;

/**
 * Pushes from this worker to api instances, over connections that fetch keeps open. Takes plain HTTP within the network
 * of the system, as Temporal and MongoDB do; what it carries is sealed.
 */
export function createPush({ keys, timeoutMs = 2_000 }: PushOptions): PushToVisitor {
  /** Instances that have answered: where one of them refuses connections, it has ended. */
  const reached = new LRUCache<string, true>({ max: mostInstances });

  async function pushTo({ instanceId, url }: PushTarget, push: VisitorPush): Promise<PushOutcome> {
    const body = sealJson(keys, push, pushContext({ instanceId }));
    try {
      const status = await post(`${url}${pushPath}`, new Uint8Array(body), instanceId, timeoutMs);
      // 204: sent to a socket. 404: no socket of this chat there. 410: another instance has this address now.
      if (status !== 204 && status !== 404 && status !== 410) return 'unreached';
      reached.set(instanceId, true);
      return status === 204 ? 'pushed' : 'gone';
    } catch (error) {
      return codeOf(error) === 'ECONNREFUSED' && reached.has(instanceId) ? 'gone' : 'unreached';
    }
  }

  return (targets, push) => Promise.all(targets.map((target) => pushTo(target, push)));
}

/** The status of the answer. @throws what fetch throws, after `timeoutMs` at the latest. */
async function post(
  url: string,
  body: Uint8Array<ArrayBuffer>,
  instanceId: string,
  timeoutMs: number,
  mayRepeat = true,
): Promise<number> {
  const traceparent = currentTraceparent();
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: {
        'content-type': 'application/octet-stream',
        'x-instance': instanceId,
        ...(traceparent === undefined ? {} : { traceparent }),
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    return answer.status;
  } catch (error) {
    // The instance has closed a connection that was kept open: that says nothing about it. Should the push have arrived
    // all the same, pushing it twice changes nothing.
    const wasClosed = ['UND_ERR_SOCKET', 'ECONNRESET'].includes(codeOf(error) ?? '');
    if (mayRepeat && wasClosed) return post(url, body, instanceId, timeoutMs, false);
    throw error;
  }
}

/** The code of what a connection failed with, which fetch gives as the cause. */
function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined;
}
