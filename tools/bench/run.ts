import { setMaxListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onStopSignals } from '../embedded/stop-signals.ts';
import { anyNumberOfChats } from '../embedded/stack-env.ts';
import { startStack, type Stack } from '../embedded/supervisor.ts';
import { Bench, type Section } from './bench.ts';
import { conditionsNow, describeConditions } from './conditions.ts';
import type { Figure } from './figure.ts';
import { readOptions, usage, UsageError, type BenchOptions } from './options.ts';
import { profiledPrograms, readProfiles } from './profile.ts';
import { sections } from './sections.ts';
import { isMissed, table, type SectionResult } from './table.ts';

const stoppedCode = 130;

/**
 * `npm run bench`: starts a stack of its own, runs the sections one after the other and prints one table.
 *
 * @returns the exit code: 0, or 1 when a section failed or a bound was missed
 */
export async function main(args: readonly string[]): Promise<number> {
  const names = sections.map(({ name }) => name);
  let options: BenchOptions;
  try {
    options = readOptions(args, names);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage(names)}`);
    return 2;
  }
  if (options.help) {
    console.log(usage(names));
    return 0;
  }
  const chosen = sections.filter(({ name }) => options.only?.includes(name) ?? true);
  const abort = new AbortController();
  // Every message under way listens to it.
  setMaxListeners(0, abort.signal);
  // Of the many messages under way at a stop, only the first failure is looked at. Any other time it is a mistake of
  // ours.
  process.on('unhandledRejection', (reason) => {
    if (!abort.signal.aborted) throw reason;
  });
  let stack: Stack | undefined;
  onStopSignals(
    (why) => {
      console.error(`\nStopping (${why}) ...`);
      abort.abort(new Error('Stopped.'));
    },
    () => {
      void Promise.race([stack?.kill(), new Promise((resolve) => setTimeout(resolve, 1_000))]).finally(() => {
        process.exit(stoppedCode);
      });
    },
  );
  const dataDir = await mkdtemp(join(tmpdir(), 'live-chat-bench-'));
  try {
    const begun = performance.now();
    stack = await startStack({
      dataDir,
      autoRestart: false,
      temporalUi: false,
      logLevel: 'warn',
      // Each visitor has an address of their own, as behind a proxy.
      // Load is what the system can do; the section on fairness has a stack of its own that keeps Zoom's rates.
      programEnv: { api: { TRUST_PROXY: '1', ...anyNumberOfChats }, worker: { ZOOM_PLAN: 'off' } },
      signal: abort.signal,
      report: (line) => console.error(line),
      ...(options.profile === undefined ? {} : { programs: profiledPrograms(options.profile) }),
    });
    const readyAfter = (performance.now() - begun) / 1_000;
    const bench = new Bench({ stack, seconds: options.seconds, signal: abort.signal, readyAfter });
    const results = await runAll(chosen, bench);
    const conditions = conditionsNow(options);
    console.log(`\n${describeConditions(conditions)}`);
    console.log(table(results));
    if (options.json !== undefined)
      await writeFile(options.json, `${JSON.stringify({ conditions, results }, null, 2)}\n`);
    if (abort.signal.aborted) return stoppedCode;
    const failed = results.some(({ error }) => error !== undefined);
    return failed || isMissed(results) ? 1 : 0;
  } catch (error) {
    if (abort.signal.aborted) return stoppedCode;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await stack?.stop();
    if (options.profile !== undefined) console.log(await readProfiles(options.profile));
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function runAll(chosen: readonly Section[], bench: Bench): Promise<SectionResult[]> {
  const results: SectionResult[] = [];
  try {
    for (const section of chosen) {
      if (bench.signal.aborted) break;
      results.push(await runOne(section, bench));
    }
  } finally {
    await bench.close();
  }
  return results;
}

async function runOne({ name, title, run }: Section, bench: Bench): Promise<SectionResult> {
  process.stderr.write(`${title} ... `);
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1_000;
  const figures: Figure[] = [];
  try {
    for await (const figure of run(bench)) {
      figures.push(figure);
      bench.learn(figure);
    }
    process.stderr.write(`${seconds().toFixed(0)} s\n`);
    return { name, title, seconds: seconds(), figures };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${text}\n`);
    return { name, title, seconds: seconds(), figures, error: text };
  }
}
