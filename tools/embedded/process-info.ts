import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Whether a process with this id is there (one that has ended but was not collected yet counts as there). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When a process started, as text that only serves to be compared: with the pid it names one process for good, since
 * pids are used again. Undefined when there is no such process or the platform does not tell (Windows).
 */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const fields = await statFields(pid);
    // Field 22 of proc(5) "stat" is the start time; fields[0] is field 3. A zombie (Z) has ended.
    return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
  }
  if (process.platform === 'win32') return undefined;
  return await new Promise((resolve) => {
    execFile('ps', ['-o', 'lstart=', '-p', String(pid)], (error, stdout) => {
      const text = stdout.trim();
      resolve(error !== null || text === '' ? undefined : text);
    });
  });
}

/** Resident memory of a process in bytes; undefined when it is gone or the platform does not tell. */
export async function rssBytesOf(pid: number): Promise<number | undefined> {
  if (process.platform === 'linux') {
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const kib = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
      return kib === undefined ? undefined : Number(kib) * 1024;
    } catch {
      return undefined;
    }
  }
  if (process.platform === 'win32') return undefined;
  return await new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      const kib = Number(stdout.trim());
      resolve(error !== null || !Number.isFinite(kib) || kib === 0 ? undefined : kib * 1024);
    });
  });
}

/** The fields of /proc/<pid>/stat from the third on: the second, the name, may hold spaces and brackets. */
async function statFields(pid: number): Promise<string[] | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
