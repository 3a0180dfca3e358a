import { setMaxListeners } from 'node:events';
import { line } from './attack.ts';
import { attacks } from './attacks.ts';
import { readOptions, usage, UsageError, type AttackOptions } from './options.ts';
import { run } from './run.ts';

/** Exit codes as shells have them for Ctrl-C, and for a wrong use. */
const interruptedCode = 130;
const usageCode = 2;

/** `npm run attack`. @returns the exit code: 0 when all attacks held */
async function main(args: readonly string[]): Promise<number> {
  const names = attacks.map(({ name }) => name);
  let options: AttackOptions;
  try {
    options = readOptions(args, names);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage(attacks)}`);
    return usageCode;
  }
  if (options.help) {
    console.log(usage(attacks));
    return 0;
  }
  const { seed, only, keep } = options;
  const chosen = attacks.filter(({ name }) => only?.includes(name) ?? true);
  const stop = new AbortController();
  // Every visitor under way listens to it.
  setMaxListeners(0, stop.signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => stop.abort(new Error('Stopped on request.')));
  }
  console.log(`Seed ${seed}: ${chosen.length} attacks on a system of their own, on this machine.`);
  try {
    const { outcomes, dataDir } = await run(chosen, {
      seed,
      keep,
      signal: stop.signal,
      report: (words) => console.error(words),
      tried: (outcome) => console.log(line(outcome)),
    });
    const held = outcomes.filter(({ verdict }) => verdict === 'held').length;
    console.log(`${held} of ${outcomes.length} held. The same again: npm run attack -- ${commandLine(seed, only)}`);
    if (dataDir !== undefined) console.log(`The logs are in ${dataDir}/logs.`);
    return held === outcomes.length ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) {
      console.log('Stopped.');
      return interruptedCode;
    }
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    return 1;
  }
}

function commandLine(seed: number, only: readonly string[] | undefined): string {
  return [`--seed ${seed}`, ...(only === undefined ? [] : [`--only ${only.join(',')}`])].join(' ');
}

process.exitCode = await main(process.argv.slice(2));
