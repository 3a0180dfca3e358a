import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { endMarked, processesMarked } from '../../../tools/embedded/marked-processes.ts';
import { summaryLine } from '../../support/summary-reporter.ts';

test('the last line of a run is fixed in form', () => {
  expect(summaryLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  expect(summaryLine({ passed: 12, failed: 1, skipped: 2 })).toBe('12 passed, 1 failed, 2 skipped');
});

test.runIf(process.platform === 'linux')(
  'a process that a run left behind is found by its mark and ended',
  async () => {
    const mark = `mark-${process.pid}`;
    const child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)'], {
      env: { ...process.env, LEFTOVER_TEST: mark },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(processesMarked('LEFTOVER_TEST', `${mark}0`)).toEqual([]);
    const left = await endMarked('LEFTOVER_TEST', mark, 200);
    expect(left.map(({ pid }) => pid)).toEqual([child.pid]);
    await expect.poll(() => processesMarked('LEFTOVER_TEST', mark)).toEqual([]);
  },
);
