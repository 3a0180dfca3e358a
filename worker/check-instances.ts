import type { Logger } from '../config/logger.ts';
import { instanceAliveMs } from '../store/instances.ts';
import type { Store } from '../store/index.ts';

const timeoutMs = 2_000;

/**
 * Prove at the worker's start that it reaches the api instances that are running, and say so when not: what happens in
 * a chat would come to its visitor only with their next connection.
 */
export async function checkInstances(store: Pick<Store, 'instances'>, log: Logger): Promise<void> {
  const alive = (await store.instances.all()).filter(({ seenAt }) => Date.now() - seenAt.getTime() < instanceAliveMs);
  await Promise.all(
    alive.map(async ({ _id: instanceId, url }) => {
      const failure = await reach(url);
      if (failure === undefined) return;
      log.warn(
        { instanceId, url, failure },
        'This worker does not reach an api instance: set DELIVERY_URL of that api to an address that workers reach.',
      );
    }),
  );
}

/** @returns what went wrong, in a word. */
async function reach(url: string): Promise<string | undefined> {
  try {
    const { ok, status } = await fetch(`${url}/healthz`, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    return ok ? undefined : `status ${status}`;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
