import { hostname, homedir } from 'node:os';
import { join } from 'node:path';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Effects } from './effects.ts';
import { isAlive } from './process-info.ts';

/**
 * The folder that keeps downloaded and built servers between runs: `LIVE_CHAT_CACHE_DIR`, or `zoom-live-chat` in the
 * user's cache folder of the platform.
 */
export function cacheFolder(effects: Pick<Effects, 'env' | 'platform'>, home: string = homedir()): string {
  const { env, platform } = effects;
  const chosen = env['LIVE_CHAT_CACHE_DIR'];
  if (chosen !== undefined && chosen !== '') return chosen;
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'zoom-live-chat');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'zoom-live-chat');
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(home, '.cache'), 'zoom-live-chat');
}

const heartbeatMs = 2_000;
const staleMs = 15_000;
const retryMs = 200;

interface LockOptions {
  /** Called once if another process holds the lock. */
  onWait?: () => void;
  /** Gives up waiting after this many milliseconds. Default 15 minutes. */
  waitMs?: number;
}

/**
 * Runs `work` while no other process runs work under the same lock file. The holder touches the file every two
 * seconds, so a lock left by a killed process is taken over: at once if its process is seen to be gone, otherwise after
 * 15 s. A takeover race can at worst let two processes do the same work, which the atomic rename at its end makes
 * harmless.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  const deadline = Date.now() + (options.waitMs ?? 15 * 60_000);
  let told = false;
  await mkdir(join(file, '..'), { recursive: true });
  while (!(await tryLock(file, mine))) {
    if (await isStale(file)) {
      await rm(file, { force: true });
      continue;
    }
    if (!told) options.onWait?.();
    told = true;
    if (Date.now() > deadline) throw new Error(`Another process has held ${file} for too long; end it and try again.`);
    await delay(retryMs);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    void utimes(file, now, now).catch(() => undefined);
  }, heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(file, { force: true });
  }
}

async function tryLock(file: string, content: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(file: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs > staleMs) return true;
    const holder = JSON.parse(await readFile(file, 'utf8')) as { pid?: unknown; host?: unknown };
    return typeof holder.pid === 'number' && holder.host === hostname() && !isAlive(holder.pid);
  } catch {
    // Gone or half written: look again.
    return false;
  }
}

/** Moves a finished folder into its place. When another process was first, its folder stays. */
export async function moveIntoPlace(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
  }
}
