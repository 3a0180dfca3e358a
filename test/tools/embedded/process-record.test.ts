import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startOf } from '../../../tools/embedded/process-info.mjs';
import { ProcessRecord } from '../../../tools/embedded/process-record.ts';
import { tempFolder } from './temp-folder.ts';

/** A process that ignores SIGTERM if wanted, and is ended after the test. */
async function sleeper(ignoresTerm = false): Promise<ChildProcess & { pid: number }> {
  const script = `${ignoresTerm ? 'process.on("SIGTERM", () => {});' : ''} console.log("up"); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  if (child.pid === undefined) throw new Error('no pid');
  return Object.assign(child, { pid: child.pid });
}

const isRunning = (pid: number): boolean => startOf(pid) !== undefined;

/** A supervisor that has `children` on its record. */
async function supervisorOf(folder: string, ...children: number[]): Promise<ChildProcess> {
  const module = new URL('../../../tools/embedded/process-record.ts', import.meta.url).href;
  const script = `
    const { ProcessRecord } = await import(${JSON.stringify(module)});
    const record = await ProcessRecord.open(${JSON.stringify(folder)});
    for (const pid of ${JSON.stringify(children)}) record.add(pid);
    console.log('watching');
    setInterval(() => {}, 1000);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const supervisor = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void supervisor.kill('SIGKILL'));
  await once(supervisor.stdout, 'data');
  return supervisor;
}

test.each([
  ['ends on SIGTERM', false],
  ['ignores SIGTERM', true],
])('a child that %s is ended soon after its supervisor was killed', async (_what, ignoresTerm) => {
  const child = await sleeper(ignoresTerm);
  const supervisor = await supervisorOf(await tempFolder(), child.pid);
  expect(isRunning(child.pid)).toBe(true);
  supervisor.kill('SIGKILL');
  await expect.poll(() => isRunning(child.pid), { timeout: 8_000 }).toBe(false);
});

test('when the reaper was killed too, the next start ends what is on record, and only that', async () => {
  const folder = await tempFolder();
  const [left, other] = [await sleeper(true), await sleeper()];
  const gone = { pid: 2 ** 22 + 1, start: '1' };
  const children = [
    { pid: left.pid, start: startOf(left.pid) },
    // The pid of a child of long ago, now another process's: the start time shows it.
    { pid: other.pid, start: '1' },
  ];
  await writeFile(join(folder, 'running.json'), JSON.stringify({ supervisor: gone, children }));
  const lines: string[] = [];
  const record = await ProcessRecord.open(folder, (line) => lines.push(line));
  expect(lines).toEqual(['Ended 1 process that a killed run had left.']);
  expect(isRunning(left.pid)).toBe(false);
  expect(isRunning(other.pid)).toBe(true);
  record.close();
});

test('a data folder has one supervisor at a time', async () => {
  const folder = await tempFolder();
  const record = await ProcessRecord.open(folder);
  await expect(ProcessRecord.open(folder)).rejects.toThrow(
    `Live chat is already running on ${folder} (process ${process.pid}); stop it, or set DATA_DIR`,
  );
  record.close();
  (await ProcessRecord.open(folder)).close();
});

test('a data folder that is deleted meanwhile is no failure', async () => {
  const folder = await tempFolder();
  const record = await ProcessRecord.open(folder);
  const [one, other] = [await sleeper(), await sleeper()];
  record.add(one.pid);
  await rm(folder, { recursive: true });
  record.add(other.pid);
  record.remove(one.pid);
  record.close();
});

test.each([
  [
    'whose supervisor was killed, though its pid lives on',
    { supervisor: { pid: process.pid, start: '1' }, children: [] },
  ],
  ['with a damaged record', 'half'],
])('a data folder %s can be taken', async (_what, content) => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'running.json'), JSON.stringify(content));
  (await ProcessRecord.open(folder)).close();
});
