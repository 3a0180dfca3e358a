import { commandOf, readOptions, usage, UsageError, type ChaosOptions } from './options.ts';
import { kept, report } from './report.ts';
import { run } from './run.ts';

/** Exit codes as shells have them for Ctrl-C, and for a wrong use. */
const interruptedCode = 130;
const usageCode = 2;

/** `npm run chaos`. @returns the exit code: 0 if the promise was kept */
async function main(args: readonly string[]): Promise<number> {
  let options: ChaosOptions;
  try {
    if (args.includes('--help')) {
      console.log(usage);
      return 0;
    }
    options = readOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return usageCode;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stop.abort(new Error('Stopped on request.'));
    });
  }
  const begun = Date.now();
  const say = (line: string): void => {
    console.log(`${((Date.now() - begun) / 1_000).toFixed(1).padStart(6)}  ${line}`);
  };
  try {
    const result = await run(options, { signal: stop.signal, report: say });
    console.log(`\n${report(result)}`);
    if (result.dataDir !== undefined) console.log(`The logs are in ${result.dataDir}/logs.`);
    return kept(result) ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) {
      console.log('Stopped.');
      return interruptedCode;
    }
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    console.log(`The run itself failed. Repeat: ${commandOf(options)}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
