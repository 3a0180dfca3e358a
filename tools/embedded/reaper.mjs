// Ends the processes that a supervisor leaves behind when it is killed. The supervisor holds the other end of our
// standard input: when that closes, the supervisor is gone, and what its record lists is ended.
//
// Usage: node reaper.mjs <record file> <the supervisor's pid>
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startOf } from './process-info.mjs';

const graceMs = 3_000;

/**
 * @typedef {{ pid: number, start: string }} ProcessId
 * @typedef {{ supervisor: ProcessId, children: ProcessId[] }} Processes a supervisor and what it has started
 */

/**
 * @param {string} file
 * @returns {Processes | undefined} undefined when there is none, or one cut short by a crash
 */
export function readRecord(file) {
  try {
    const { supervisor, children } = JSON.parse(readFileSync(file, 'utf8'));
    const isProcess = ({ pid, start }) => Number.isInteger(pid) && typeof start === 'string';
    return [supervisor, ...children].every(isProcess) ? { supervisor, children } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether this very process runs, not another that got its pid later.
 *
 * @param {ProcessId} process
 */
export function isRunning({ pid, start }) {
  return startOf(pid) === start;
}

/**
 * Ends processes: SIGTERM, and SIGKILL after three seconds.
 *
 * @param {ProcessId[]} processes
 * @returns {Promise<number>} how many of them were running
 */
export async function endProcesses(processes) {
  const running = processes.filter(isRunning);
  send(running, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  for (let left = running; left.length > 0; left = left.filter(isRunning)) {
    if (Date.now() > deadline) send(left, 'SIGKILL');
    await delay(50);
  }
  return running.length;
}

function send(processes, signal) {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone in between.
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, supervisor] = process.argv.slice(2);
  // Only the closing of the input ends us: a Ctrl-C in the terminal is the supervisor's to handle.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
  process.stdin.resume().on('close', async () => {
    const record = readRecord(file);
    // The record of a supervisor that was started since is none of our business.
    if (record?.supervisor.pid === Number(supervisor)) await endProcesses(record.children);
    process.exit(0);
  });
}
