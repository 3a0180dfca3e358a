import { expect, test } from 'vitest';
import { isAlive } from '../../../tools/embedded/process-info.mjs';
import { thisSystem } from '../../../tools/embedded/system.ts';
import { tempFolder } from './temp-folder.ts';

const { run, findOnPath } = thisSystem;
const node = (script: string): [string, string[]] => [process.execPath, ['-e', script]];

test('a command that ends well, badly or not at all says so', async () => {
  const timeoutMs = 10_000;
  expect(await run(...node('console.log("hi")'), { timeoutMs })).toEqual({ ok: true, fault: '', output: 'hi' });
  expect(await run(...node('console.error("oh"); process.exit(4)'), { timeoutMs })).toEqual({
    ok: false,
    fault: 'failed with code 4: oh',
    output: 'oh',
  });
  expect(await run('no-such-command-here', [], { timeoutMs })).toMatchObject({ ok: false, fault: 'is not installed' });
});

test('a command that takes too long is ended with all it started', async () => {
  const script = `
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const result = await run(...node(script), { timeoutMs: 700 });
  expect(result.fault).toBe('took too long');
  const grandchild = Number(result.output);
  expect(grandchild).toBeGreaterThan(0);
  await expect.poll(() => isAlive(grandchild), { timeout: 5_000 }).toBe(false);
});

test('a download into a folder that does not grow is ended', async () => {
  const growing = { folder: await tempFolder(), stallMs: 200 };
  const result = await run(...node('setInterval(() => {}, 1000)'), { timeoutMs: 10_000, growing });
  expect(result.fault).toBe('got no more data');
});

test('a download that grows goes on', async () => {
  const folder = await tempFolder();
  const script = `
    let n = 0;
    const timer = setInterval(() => {
      require('node:fs').appendFileSync(${JSON.stringify(`${folder}/file`)}, 'x'.repeat(1000));
      if (++n === 12) clearInterval(timer);
    }, 100);`;
  const result = await run(...node(script), {
    timeoutMs: 20_000,
    growing: { folder, stallMs: 700 },
  });
  expect(result.ok).toBe(true);
});

test('a command can be stopped from outside', async () => {
  const signal = AbortSignal.timeout(200);
  const { fault } = await run(...node('setInterval(() => {}, 1000)'), { timeoutMs: 10_000, signal });
  expect(fault).toBe('was stopped');
});

test('an executable is found on PATH by name', async () => {
  expect(await findOnPath('node')).toMatch(/node$/);
  expect(await findOnPath('no-such-command-here')).toBeUndefined();
});
