import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface Leftover {
  pid: number;
  command: string;
}

/**
 * Processes whose environment holds `variable=value`: all that a run marked so has started, however far down. Linux
 * only; elsewhere the list is empty.
 */
export async function processesMarked(variable: string, value: string): Promise<Leftover[]> {
  if (process.platform !== 'linux') return [];
  const mark = `${variable}=${value}`;
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
        if (!environment.split('\0').includes(mark)) return undefined;
        const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
        // An ended process that its parent has not collected yet has no command line.
        return command === '' ? undefined : { pid, command };
      } catch {
        // Gone in between, or another user's.
        return undefined;
      }
    }),
  );
  return found.filter((entry) => entry !== undefined);
}

/**
 * Gives what a run started up to `graceMs` to end, then kills the rest.
 *
 * @returns what had to be killed
 */
export async function endMarked(variable: string, value: string, graceMs: number): Promise<Leftover[]> {
  const deadline = Date.now() + graceMs;
  let left = await processesMarked(variable, value);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(100);
    left = await processesMarked(variable, value);
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended in this very moment.
    }
  }
  return left;
}
