// Ends the servers and processes that a supervisor leaves behind when it is killed. The supervisor holds the other end
// of our standard input and tells us its children, one line each: `+<pid> <start>` and `-<pid>`. When the input closes,
// the supervisor is gone: what is still on the list gets SIGTERM and, three seconds later, SIGKILL. A pid whose start
// time differs from the one we were told belongs to another process by now and is left alone.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const graceMs = 3_000;
/** @type {Map<number, string>} */
const children = new Map();

function startOf(pid) {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

function signalAll(signal) {
  let left = 0;
  for (const [pid, start] of children) {
    if (startOf(pid) !== start) continue;
    left += 1;
    try {
      process.kill(pid, signal);
    } catch {
      // Gone in between.
    }
  }
  return left;
}

// Only the closing of the input ends us: a Ctrl-C in the terminal is the supervisor's to handle.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [, sign, pid, start] = /^([+-])(\d+) ?(.*)$/.exec(line) ?? [];
    if (sign === '+') children.set(Number(pid), start);
    if (sign === '-') children.delete(Number(pid));
  })
  .on('close', () => {
    if (signalAll('SIGTERM') === 0) process.exit(0);
    const deadline = Date.now() + graceMs;
    setInterval(() => {
      const left = signalAll(Date.now() > deadline ? 'SIGKILL' : 0);
      if (left === 0) process.exit(0);
    }, 100);
  });
