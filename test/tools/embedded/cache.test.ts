import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { cacheFolder, withLock } from '../../../tools/embedded/cache.ts';
import { tempFolder } from './temp-folder.ts';

test('LIVE_CHAT_CACHE_DIR says where the cache is; without it the user has one', () => {
  vi.stubEnv('LIVE_CHAT_CACHE_DIR', '/mine');
  expect(cacheFolder()).toBe('/mine');
  vi.stubEnv('LIVE_CHAT_CACHE_DIR', '');
  expect(cacheFolder()).toContain('zoom-live-chat');
  vi.unstubAllEnvs();
});

test('work under one lock never overlaps, and the waiting side hears of it once', async () => {
  const lock = join(await tempFolder(), 'a.lock');
  let inside = 0;
  let most = 0;
  const onWait = vi.fn();
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 300));
    inside -= 1;
  };
  await Promise.all([withLock(lock, work, { onWait }), withLock(lock, work, { onWait })]);
  expect(most).toBe(1);
  expect(onWait).toHaveBeenCalledTimes(1);
});

test('a lock is given back after a failure', async () => {
  const folder = await tempFolder();
  await expect(withLock(join(folder, 'a.lock'), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
});

test('a lock that another process holds is waited for with an end, and is free soon after that process was killed', async () => {
  const lock = join(await tempFolder(), 'a.lock');
  const cache = new URL('../../../tools/embedded/cache.ts', import.meta.url).href;
  const script = `
    const { withLock } = await import(${JSON.stringify(cache)});
    await withLock(${JSON.stringify(lock)}, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  await expect(withLock(lock, () => Promise.resolve(), { waitMs: 100 })).rejects.toThrow('has held');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(await withLock(lock, () => Promise.resolve('done'))).toBe('done');
});
