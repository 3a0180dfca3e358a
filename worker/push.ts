import { sealJson } from '../codec/sealed-json.ts';
import type { SealingKeys } from '../codec/sealing.ts';
import { pushContext, pushPath, type PushOutcome, type PushTarget, type PushToVisitor } from '../domain/push.ts';
import { currentTraceparent } from '../telemetry/tracing.ts';

/** How long an api instance may take for a push, ms: it only writes to sockets. */
const defaultTimeoutMs = 2_000;

export interface PushOptions {
  /** The payload keys: a push is sealed with them. */
  keys: SealingKeys;
  timeoutMs?: number;
}

/**
 * Pushes to the api instances that hold a visitor's sockets, by HTTP on kept connections. One try: a push that fails is made again
 * by the chat, and loses nothing meanwhile.
 */
export function createPush({ keys, timeoutMs = defaultTimeoutMs }: PushOptions): PushToVisitor {
  /** Instances that have answered: where nobody listens any more, they have ended. */
  const reached = new Set<string>();

  async function pushTo({ instanceId, url }: PushTarget, push: object): Promise<PushOutcome> {
    const traceparent = currentTraceparent();
    try {
      const { status } = await fetch(url + pushPath, {
        method: 'POST',
        body: new Uint8Array(sealJson(keys, push, pushContext({ instanceId }))),
        headers: {
          'content-type': 'application/octet-stream',
          'x-instance': instanceId,
          ...(traceparent === undefined ? {} : { traceparent }),
        },
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (status === 204) {
        reached.add(instanceId);
        return 'pushed';
      }
      // 404: no socket of this chat there. 410: another instance has this address now.
      return status === 404 || status === 410 ? 'gone' : 'unreached';
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
      return code === 'ECONNREFUSED' && reached.delete(instanceId) ? 'gone' : 'unreached';
    }
  }

  return (targets, push) => Promise.all(targets.map((target) => pushTo(target, push)));
}
