import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheFolder, moveIntoPlace, withLock } from '../../../tools/embedded/cache.ts';
import { tempFolder } from './temp-folder.ts';

test.each([
  ['linux', {}, '/home/ada/.cache/zoom-live-chat'],
  ['linux', { XDG_CACHE_HOME: '/big/cache' }, '/big/cache/zoom-live-chat'],
  ['darwin', { XDG_CACHE_HOME: '/big/cache' }, '/home/ada/Library/Caches/zoom-live-chat'],
  ['win32', { LOCALAPPDATA: '/local' }, '/local/zoom-live-chat'],
  ['linux', { LIVE_CHAT_CACHE_DIR: '/mine', XDG_CACHE_HOME: '/big/cache' }, '/mine'],
] as const)('on %s with %j the cache is %s', (platform, env, folder) => {
  expect(cacheFolder({ platform, env }, '/home/ada')).toBe(folder);
});

test('work under one lock never overlaps, and the waiting side is told once', async () => {
  const lock = join(await tempFolder(), 'a.lock');
  let inside = 0;
  let most = 0;
  let waits = 0;
  const work = (): Promise<void> =>
    withLock(
      lock,
      async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 300));
        inside -= 1;
      },
      { onWait: () => (waits += 1) },
    );
  await Promise.all([work(), work()]);
  expect(most).toBe(1);
  expect(waits).toBe(1);
});

test('a lock is given back after a failure', async () => {
  const folder = await tempFolder();
  const lock = join(folder, 'a.lock');
  await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a process that is gone is taken over at once', async () => {
  const lock = join(await tempFolder(), 'a.lock');
  const gone = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => gone.once('exit', resolve));
  await writeFile(lock, JSON.stringify({ pid: gone.pid, host: hostname() }));
  const begun = Date.now();
  expect(await withLock(lock, () => Promise.resolve('done'))).toBe('done');
  expect(Date.now() - begun).toBeLessThan(1_000);
});

test('waiting for a lock has an end', async () => {
  const lock = join(await tempFolder(), 'a.lock');
  await writeFile(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
  await expect(withLock(lock, () => Promise.resolve(), { waitMs: 100 })).rejects.toThrow('held');
});

test('what another process has put into place first stays', async () => {
  const folder = await tempFolder();
  for (const name of ['first', 'second']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'file'), name);
  }
  await moveIntoPlace(join(folder, 'second'), join(folder, 'first'));
  expect(await readFile(join(folder, 'first', 'file'), 'utf8')).toBe('first');
});
