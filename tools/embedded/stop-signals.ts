import { execFileSync } from 'node:child_process';
import { isAlive } from './process-info.mjs';

/** A Ctrl-C can reach us several times, from the terminal and from npm: what comes together counts once. */
const togetherMs = 500;
const pollMs = 250;

/**
 * Calls `onStop` at the first request to stop (SIGINT, SIGTERM, SIGHUP, or npm gone), and `onForce` at the next one
 * that comes half a second later or more.
 *
 * @returns a function that ends the watch
 */
export function onStopSignals(onStop: (why: string) => void, onForce: () => void): () => void {
  let first: number | undefined;
  const request = (why: string): void => {
    if (first === undefined) {
      first = Date.now();
      onStop(why);
    } else if (Date.now() - first >= togetherMs) {
      onForce();
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, request);
  const endWatch = watchNpm(() => {
    // Not a second request after a signal that ended npm too.
    if (first === undefined) request('npm has ended');
  });
  return () => {
    for (const signal of signals) process.off(signal, request);
    endWatch();
  };
}

/**
 * Calls `onGone` once when the npm that started us is gone. npm passes SIGTERM on to the shell it runs scripts in, and
 * that shell dies without passing it on; a killed npm says nothing. In both cases we would go on with no owner.
 *
 * Only for a process that npm started: one started by hand may well outlive its terminal (nohup).
 */
function watchNpm(onGone: () => void): () => void {
  if (process.env['npm_lifecycle_event'] === undefined) return () => undefined;
  const parent = process.ppid;
  const owners = ancestorsToNpm(parent);
  const timer = setInterval(() => {
    // A process whose parent has died is given to another parent.
    if (process.ppid === parent && owners.every(isAlive)) return;
    clearInterval(timer);
    onGone();
  }, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** The processes between us and npm, npm included: an older Node that runs us on a newer one, and npm's shell. */
function ancestorsToNpm(parent: number): number[] {
  const found: number[] = [];
  let wasShell = false;
  for (let pid = parent; found.length < 4;) {
    const { command, ppid } = describe(pid) ?? {};
    if (command === undefined || ppid === undefined) return [];
    found.push(pid);
    if (wasShell) return /^(npm|node|pnpm|yarn|bun)/.test(command) ? found : [];
    wasShell = /^(-?(ba|da|z|k|a)?sh|busybox)$/.test(command);
    pid = ppid;
  }
  return [];
}

function describe(pid: number): { ppid: number; command: string } | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    const line = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' });
    const [, ppid, path] = /^\s*(\d+)\s+(.+?)\s*$/m.exec(line) ?? [];
    return ppid === undefined || path === undefined
      ? undefined
      : { ppid: Number(ppid), command: path.replace(/^.*\//, '') };
  } catch {
    // No ps: the parent alone is watched then.
    return undefined;
  }
}
