import { watchNpm } from './parents.ts';

/** A Ctrl-C can reach us several times, from the terminal and from npm: what comes together counts once. */
const togetherMs = 500;

/**
 * Calls `onStop` at the first request to stop (SIGINT, SIGTERM, SIGHUP, or npm gone), and `onForce` at the next one
 * that comes half a second later or more.
 */
export function onStopSignals(onStop: (why: string) => void, onForce: () => void): void {
  let first: number | undefined;
  const asked = (why: string): void => {
    if (first === undefined) {
      first = Date.now();
      onStop(why);
    } else if (Date.now() - first >= togetherMs) {
      onForce();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      asked(signal);
    });
  }
  watchNpm(() => {
    // Not a second request after a signal that ended npm too.
    if (first === undefined) asked('npm has ended');
  });
}
