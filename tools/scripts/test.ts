import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from '../embedded/browser.ts';
import { endMarked } from '../embedded/leftovers.ts';
import { findMongoServer } from '../embedded/mongo-binary.ts';
import { findTemporalCli, findTestServer } from '../embedded/temporal-binary.ts';
import { watchNpm } from '../embedded/parents.ts';
import { summaryFileVariable } from '../../test/support/summary-reporter.ts';

/** Marks everything that a run starts, so that what is left of it can be found. */
const runVariable = 'LIVE_CHAT_TEST_RUN';
const graceMs = 5_000;
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Exit code of a run that a signal ended. */
const interruptedCode = 130;

/**
 * `npm test`: gets the servers and the browser that the tests need, runs vitest with the given arguments, and ends with
 * `N passed, N failed` alone on the last line.
 *
 * @returns vitest's exit code, or 1 when something is missing or a process was left behind
 */
export async function main(args: readonly string[]): Promise<number> {
  const begun = performance.now();
  const report = (line: string): void => {
    console.log(line);
  };
  // Leaving by exit, not by the signal itself, lets a download or build that is under way be ended too.
  const leave = (): void => {
    process.exit(interruptedCode);
  };
  for (const signal of stopSignals) process.on(signal, leave);
  console.log('Looking for Temporal, MongoDB and a browser ...');
  const found = await Promise.allSettled([
    findTemporalCli(report),
    findTestServer(report),
    findMongoServer(report),
    findBrowser(report),
  ]);
  for (const signal of stopSignals) process.off(signal, leave);
  const missing = found.filter((result) => result.status === 'rejected').map(({ reason }) => messageOf(reason));
  if (missing.length > 0) {
    console.error(missing.join('\n'));
    return 1;
  }
  const [, , , browser] = found;
  console.log(`All there after ${((performance.now() - begun) / 1000).toFixed(1)} s.`);

  const folder = await mkdtemp(join(tmpdir(), 'live-chat-run-'));
  const summaryFile = join(folder, 'summary');
  const run = randomUUID();
  try {
    const code = await vitest(args, {
      [runVariable]: run,
      [summaryFileVariable]: summaryFile,
      ...(browser.status === 'fulfilled' ? { CHROMIUM_PATH: browser.value } : {}),
    });
    const left = await endMarked(runVariable, run, graceMs);
    for (const { pid, command } of left)
      console.error(`A process was left behind and has been ended: ${pid} ${command}`);
    const summary = await readFile(summaryFile, 'utf8').catch(() => '0 passed, 1 failed');
    console.log(summary);
    return code === 0 && left.length > 0 ? 1 : code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function vitest(args: readonly string[], env: Record<string, string>): Promise<number> {
  const reporters = ['--reporter=default', '--reporter=./test/support/summary-reporter.ts'];
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  // In a terminal vitest gets Ctrl-C by itself; here we only must not end before it.
  const pass = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  for (const signal of stopSignals) process.on(signal, pass);
  const stopWatch = watchNpm(() => {
    pass('SIGTERM');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const each of stopSignals) process.off(each, pass);
      stopWatch();
      resolve(code ?? (signal === null ? 1 : interruptedCode));
    });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
