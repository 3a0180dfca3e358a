// What the system says of a process. Plain JavaScript, since the reaper runs without a TypeScript loader.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Whether a process with this id is there (one that has ended but was not collected yet counts as there).
 *
 * @param {number} pid
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * When a process started, as text that only serves to be compared: with the pid it names one process for good, since
 * pids are used again. Undefined when there is no such process. Windows does not say: a pid is all there is.
 *
 * @param {number} pid
 * @returns {string | undefined}
 */
export function startOf(pid) {
  if (process.platform === 'win32') return isAlive(pid) ? 'running' : undefined;
  try {
    if (process.platform !== 'linux') return ps('lstart', pid);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // From the third field of proc(5) "stat" on: the second, a name, may hold blanks and brackets. A zombie has ended.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/**
 * Resident memory of a process in bytes; undefined when it is gone or the platform does not say.
 *
 * @param {number} pid
 * @returns {number | undefined}
 */
export function rssBytesOf(pid) {
  try {
    const kib =
      process.platform === 'linux'
        ? /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
        : ps('rss', pid);
    return Number(kib) * 1024 || undefined;
  } catch {
    return undefined;
  }
}

function ps(field, pid) {
  return execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
}
