import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { takeDataFolder } from '../../../tools/embedded/data-folder.ts';
import { ProcessGuard } from '../../../tools/embedded/guard.ts';
import { startOf } from '../../../tools/embedded/process-info.ts';
import { tempFolder } from './temp-folder.ts';

/** A process that ignores SIGTERM if wanted, and is ended after the test. */
async function sleeper(ignoresTerm = false): Promise<ChildProcess & { pid: number }> {
  const script = `${ignoresTerm ? 'process.on("SIGTERM", () => {});' : ''} console.log("up"); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  if (child.pid === undefined) throw new Error('no pid');
  return Object.assign(child, { pid: child.pid });
}

const isRunning = async (pid: number): Promise<boolean> => (await startOf(pid)) !== undefined;

test.each([
  ['ends on SIGTERM', false],
  ['ignores SIGTERM', true],
])('a child that %s is ended soon after its supervisor was killed', async (_what, ignoresTerm) => {
  const child = await sleeper(ignoresTerm);
  const guard = fileURLToPath(new URL('../../../tools/embedded/guard.ts', import.meta.url));
  const script = `
    const { ProcessGuard } = await import(${JSON.stringify(guard)});
    await new ProcessGuard().watch(${child.pid});
    console.log('watching');
    setInterval(() => {}, 1000);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const supervisor = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => supervisor.stdout.once('data', resolve));
  expect(await isRunning(child.pid)).toBe(true);
  supervisor.kill('SIGKILL');
  await expect.poll(() => isRunning(child.pid), { timeout: 8_000 }).toBe(false);
});

test('the next start ends what is on record, and only that', async () => {
  const record = join(await tempFolder(), 'children.json');
  const left = await sleeper(true);
  const stranger = await sleeper();
  await new ProcessGuard(record).watch(left.pid);
  expect(await new ProcessGuard(record).endLeftovers()).toBe(1);
  expect(await isRunning(left.pid)).toBe(false);

  // The pid of a child of long ago, now a stranger's: the start time tells.
  await writeFile(record, JSON.stringify([{ pid: stranger.pid, start: '1' }]));
  expect(await new ProcessGuard(record).endLeftovers()).toBe(0);
  expect(await isRunning(stranger.pid)).toBe(true);
});

test('a damaged record ends nothing and is no error', async () => {
  const record = join(await tempFolder(), 'children.json');
  await writeFile(record, '[{"pid":');
  expect(await new ProcessGuard(record).endLeftovers()).toBe(0);
});

test('a data folder has one supervisor at a time', async () => {
  const folder = await tempFolder();
  const giveBack = await takeDataFolder(folder);
  await expect(takeDataFolder(folder)).rejects.toThrow(
    `Live chat is already running on ${folder} (process ${process.pid}); stop it, or set DATA_DIR`,
  );
  await giveBack();
  await (
    await takeDataFolder(folder)
  )();
});

test('a data folder whose supervisor was killed can be taken, also when its pid lives on as another process', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'running.json'), JSON.stringify({ pid: process.pid, start: '1' }));
  await (
    await takeDataFolder(folder)
  )();
  await writeFile(join(folder, 'running.json'), 'half');
  await (
    await takeDataFolder(folder)
  )();
});
