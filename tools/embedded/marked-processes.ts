import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface MarkedProcess {
  pid: number;
  command: string;
}

/**
 * Processes whose environment holds `variable=value`: all that a run marked so has started, however far down. Linux
 * only; elsewhere the list is empty.
 */
export function processesMarked(variable: string, value: string): MarkedProcess[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').map(Number);
  return pids.flatMap((pid) => {
    if (!(pid > 0) || pid === process.pid) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      // An ended process that its parent has not collected yet has no command line.
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return environment.includes(`${variable}=${value}`) && command !== '' ? [{ pid, command }] : [];
    } catch {
      // Gone in between, or another user's.
      return [];
    }
  });
}

/**
 * Gives what a run started up to `graceMs` to end, then kills the rest.
 *
 * @returns what had to be killed
 */
export async function endMarked(variable: string, value: string, graceMs: number): Promise<MarkedProcess[]> {
  const deadline = Date.now() + graceMs;
  let left = processesMarked(variable, value);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(100);
    left = processesMarked(variable, value);
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
