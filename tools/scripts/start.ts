import { relative } from 'node:path';
import { onStopSignals } from '../embedded/stop-signals.ts';
import { readSettings, SettingsError, type Settings } from '../embedded/settings.ts';
import { ServerStartError } from '../embedded/server-process.ts';
import type { Programs } from '../embedded/stack-options.ts';
import { startStack, type Stack } from '../embedded/supervisor.ts';
import { startTable } from '../embedded/start-table.ts';

/** Exit code of a process that a second Ctrl-C ended. */
const forcedCode = 130;

/**
 * `npm start`: starts everything, says where it is, and keeps it running until it is asked to stop.
 *
 * @param programs small stand-ins for the product's, for tests of this file
 * @returns the exit code: 0 after a requested stop, 1 when something could not be started or kept running
 */
export async function main(_args: readonly string[], programs: Partial<Programs> = {}): Promise<number> {
  const begun = performance.now();
  // Databases, journals and logs, of the servers too: readable by this user alone.
  process.umask(0o077);
  let settings: Settings;
  try {
    settings = readSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(error.message);
    return 1;
  }

  const abort = new AbortController();
  let stack: Stack | undefined;
  const force = new AbortController();
  const stopRequested = new Promise<void>((resolve) => {
    onStopSignals(
      (why) => {
        console.log(`\nStopping (${why}) ...${why === 'SIGINT' ? ' Ctrl-C once more forces it.' : ''}`);
        abort.abort(new Error('Stopped while starting.'));
        resolve();
      },
      () => {
        force.abort();
        console.error('Forced: killing all processes.');
        void Promise.race([stack?.kill(), new Promise((giveUp) => setTimeout(giveUp, 1_000))]).finally(() => {
          // What was still starting is ended by the reaper.
          process.exit(forcedCode);
        });
      },
    );
  });

  console.log(`Starting live chat, data in ${here(settings.dataDir)} ...`);
  try {
    stack = await startStack({
      ...settings,
      programs,
      signal: abort.signal,
      report: (line) => {
        console.log(line);
      },
      console: (line) => {
        console.error(line);
      },
    });
  } catch (error) {
    if (abort.signal.aborted) {
      console.log('Stopped.');
      return 0;
    }
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof ServerStartError) console.error(`The logs are in ${here(settings.dataDir)}/logs.`);
    return 1;
  }
  console.log(startTable(stack, (performance.now() - begun) / 1000, here(settings.dataDir)));

  const failure = await Promise.race([
    stopRequested,
    stack.failed.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
  ]);
  if (failure instanceof Error) console.error(`\nStopping, since a process cannot be kept running. ${failure.message}`);
  const stopping = performance.now();
  await stack.stop();
  if (force.signal.aborted) return forcedCode;
  console.log(`Stopped in ${((performance.now() - stopping) / 1000).toFixed(1)} s.`);
  return failure instanceof Error ? 1 : 0;
}

function here(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : `./${short}`;
}
