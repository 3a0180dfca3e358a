import { execFileSync } from 'node:child_process';
import { isAlive } from './process-info.ts';

const pollMs = 250;

/**
 * Calls `onGone` once when the npm that started us is gone. npm passes SIGTERM on to the shell it runs scripts in, and
 * that shell dies without passing it on; a killed npm tells nobody. In both cases we would go on with no owner.
 *
 * Only for a process that npm started: one started by hand may well outlive its terminal (nohup).
 *
 * @returns a function that ends the watch
 */
export function watchNpm(onGone: () => void, env: NodeJS.ProcessEnv = process.env): () => void {
  if (env['npm_lifecycle_event'] === undefined) return () => undefined;
  const parent = process.ppid;
  const npm = npmBehind(parent);
  const timer = setInterval(() => {
    // A process whose parent has died is given to another parent.
    const gone = process.ppid !== parent || (npm !== undefined && !isAlive(npm));
    if (!gone) return;
    clearInterval(timer);
    onGone();
  }, pollMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

/** The npm behind the shell that runs a script, if there is a shell between. */
function npmBehind(parent: number): number | undefined {
  const [grandparent, command] = parentAndName(parent) ?? [];
  if (grandparent === undefined || command === undefined || !/^(-?(ba|da|z|k|a)?sh|busybox)$/.test(command)) {
    return undefined;
  }
  const [, name] = parentAndName(grandparent) ?? [];
  return name !== undefined && /^(npm|node|pnpm|yarn|bun)/.test(name) ? grandparent : undefined;
}

function parentAndName(pid: number): [number, string] | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    const line = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' });
    const match = /^\s*(\d+)\s+(.+)$/m.exec(line);
    if (match === null) return undefined;
    const path = (match[2] ?? '').trim();
    return [Number(match[1]), path.slice(path.lastIndexOf('/') + 1)];
  } catch {
    // No ps: the parent alone is watched then.
    return undefined;
  }
}
