import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summaryFileVariable } from '../../test/support/summary-reporter.ts';
import { findBrowser } from '../embedded/browser.ts';
import { endMarked } from '../embedded/marked-processes.ts';
import { findMongoServer } from '../embedded/mongo-binary.ts';
import { onStopSignals } from '../embedded/stop-signals.ts';
import { thisSystem } from '../embedded/system.ts';
import { findTemporalCli, findTestServer } from '../embedded/temporal-binary.ts';

/** Marks everything that a run starts, so that what is left of it can be found. */
const runVariable = 'LIVE_CHAT_TEST_RUN';
const graceMs = 5_000;
/** Exit code of a run that a signal ended. */
const interruptedCode = 130;

/**
 * `npm test`: gets the servers and the browser that the tests need, runs vitest with the given arguments, and ends with
 * `N passed, N failed` alone on the last line.
 *
 * @returns vitest's exit code, or 1 when something is missing or a process was left behind
 */
export async function main(args: readonly string[]): Promise<number> {
  console.log(`Node ${process.version}. Looking for Temporal, MongoDB and a browser ...`);
  const browser = await findAll();
  if (browser === undefined) return 1;

  const folder = await mkdtemp(join(tmpdir(), 'live-chat-run-'));
  const summaryFile = join(folder, 'summary');
  const run = randomUUID();
  try {
    const env = { [runVariable]: run, [summaryFileVariable]: summaryFile, CHROMIUM_PATH: browser };
    const code = await vitest(args, env);
    const left = await endMarked(runVariable, run, graceMs);
    for (const { pid, command } of left) {
      console.error(`A process was left behind and has been ended: ${pid} ${command}`);
    }
    console.log(await readFile(summaryFile, 'utf8').catch(() => '0 passed, 1 failed'));
    return code === 0 && left.length > 0 ? 1 : code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Gets all that tests need. @returns the browser's path; undefined when something is missing, which has been said */
async function findAll(): Promise<string | undefined> {
  const begun = performance.now();
  const report = (line: string): void => console.log(line);
  // Leaving by exit, not by the signal itself, lets a download or build that is under way be ended too.
  const leave = () => process.exit(interruptedCode);
  const endWatch = onStopSignals(leave, leave);
  const results = await Promise.allSettled([
    findBrowser(report),
    findTemporalCli(report),
    findTestServer(report),
    findMongoServer(report),
  ]);
  endWatch();
  for (const result of results) {
    if (result.status === 'rejected')
      console.error(result.reason instanceof Error ? result.reason.message : result.reason);
  }
  if (results.some(({ status }) => status === 'rejected')) return undefined;
  if ((await thisSystem.findOnPath('promtool')) === undefined) {
    console.log(
      'promtool is not there (Debian package prometheus): tests of alerts and dashboard that need it are skipped.',
    );
  }
  console.log(`All there after ${((performance.now() - begun) / 1000).toFixed(1)} s.`);
  return results[0].status === 'fulfilled' ? results[0].value : undefined;
}

async function vitest(args: readonly string[], env: Record<string, string>): Promise<number> {
  const reporters = ['--reporter=default', '--reporter=./test/support/summary-reporter.ts'];
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  // In a terminal vitest gets Ctrl-C by itself; here we only must not end before it.
  const pass = () => child.kill('SIGTERM');
  const endWatch = onStopSignals(pass, pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  endWatch();
  return code ?? interruptedCode;
}
