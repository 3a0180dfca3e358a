import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import envPaths from 'env-paths';
import { lock, type LockOptions } from 'proper-lockfile';

/**
 * The folder that keeps downloaded and built servers between runs: `LIVE_CHAT_CACHE_DIR`, or `zoom-live-chat` in the
 * user's cache folder of the platform.
 */
export function cacheFolder(): string {
  return process.env['LIVE_CHAT_CACHE_DIR'] || envPaths('zoom-live-chat', { suffix: '' }).cache;
}

const retryMs = 200;
/** The holder touches its lock twice in this time: the lock of a killed process is free after it. */
const staleMs = 5_000;

/**
 * Runs `work` while no other process runs work under the same lock file.
 *
 * @param onWait called once if another process holds the lock
 * @param waitMs gives up waiting after this many milliseconds
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  { onWait, waitMs = 15 * 60_000 }: { onWait?: () => void; waitMs?: number } = {},
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const options: LockOptions = { lockfilePath: file, realpath: false, stale: staleMs, onCompromised: () => undefined };
  const release = await lock(file, options).catch(async () => {
    onWait?.();
    const retries = { retries: Math.ceil(waitMs / retryMs), factor: 1, minTimeout: retryMs, maxTimeout: retryMs };
    return await lock(file, { ...options, retries }).catch((error: unknown) => {
      throw new Error(`Another process has held ${file} for too long; end it and try again.`, { cause: error });
    });
  });
  try {
    return await work();
  } finally {
    // A holder that was paused for long may have lost it: what it did is whole all the same, see find-binary.ts.
    await release().catch(() => undefined);
  }
}
