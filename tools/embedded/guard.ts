import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from './process-info.ts';

/*
 * No child outlives us, however we end. On a normal end the supervisor stops its children. If it is killed, the reaper
 * (reaper.mjs), which is in a process group of its own and notices the closed pipe, ends them within seconds. If the
 * reaper is killed too, the next start on the same data folder finds the children in a record file and ends them.
 * Both know a child by pid and start time together, so a process that merely got the same pid later is safe.
 */

interface Watched {
  pid: number;
  start: string;
}

let reaper: ChildProcess | undefined;

/** Keeps watch over child processes; see above. One per data folder, or one with no record for tests. */
export class ProcessGuard {
  readonly #recordFile: string | undefined;
  readonly #watched = new Map<number, Watched>();
  #writing: Promise<void> = Promise.resolve();

  /** @param recordFile where the children are written down; none for children whose data is thrown away */
  constructor(recordFile?: string) {
    this.#recordFile = recordFile;
  }

  /** Watches a child until `forget`. Resolves once the reaper has been told and the record is written. */
  async watch(pid: number): Promise<void> {
    const start = await startOf(pid);
    // Ended already, or a platform that does not tell: nothing that could be ended safely later.
    if (start === undefined) return;
    this.#watched.set(pid, { pid, start });
    tellReaper(`+${pid} ${start}\n`);
    await this.#record();
  }

  /** To be called when a child has ended. */
  async forget(pid: number): Promise<void> {
    if (!this.#watched.delete(pid)) return;
    tellReaper(`-${pid}\n`);
    await this.#record();
  }

  /**
   * Ends what an earlier run on this record file left behind: SIGTERM, and SIGKILL after three seconds.
   *
   * @returns how many processes there were
   */
  async endLeftovers(): Promise<number> {
    if (this.#recordFile === undefined) return 0;
    const left = (await alive(await readRecord(this.#recordFile))).filter(({ pid }) => pid !== process.pid);
    for (const { pid } of left) send(pid, 'SIGTERM');
    const deadline = Date.now() + 3_000;
    for (let still = left; still.length > 0; still = await alive(still)) {
      if (Date.now() > deadline) for (const { pid } of still) send(pid, 'SIGKILL');
      await delay(50);
    }
    return left.length;
  }

  async #record(): Promise<void> {
    const file = this.#recordFile;
    if (file === undefined) return;
    // One write after the other, each with the state of its own time: the last one is right.
    this.#writing = this.#writing.then(async () => {
      if (this.#watched.size === 0) {
        await rm(file, { force: true });
        return;
      }
      await writeFile(`${file}.new`, JSON.stringify([...this.#watched.values()]));
      await rename(`${file}.new`, file);
    });
    await this.#writing;
  }
}

function tellReaper(line: string): void {
  if (reaper === undefined) {
    const started = spawn(process.execPath, [fileURLToPath(new URL('reaper.mjs', import.meta.url))], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // Losing the reaper loses a safety net, not the work: the record file is still there.
    started.on('error', () => undefined);
    started.stdin.on('error', () => undefined);
    // It ends by itself when we end, and must not keep us from ending.
    started.unref();
    if ('unref' in started.stdin) (started.stdin as unknown as { unref(): void }).unref();
    reaper = started;
  }
  reaper.stdin?.write(line);
}

async function readRecord(file: string): Promise<Watched[]> {
  try {
    const record: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!Array.isArray(record)) return [];
    return record.filter(
      (entry: unknown): entry is Watched =>
        typeof entry === 'object' &&
        entry !== null &&
        'pid' in entry &&
        'start' in entry &&
        typeof entry.pid === 'number' &&
        typeof entry.start === 'string',
    );
  } catch {
    // No record, or one cut short by a crash: nothing that could be ended safely.
    return [];
  }
}

async function alive(processes: readonly Watched[]): Promise<Watched[]> {
  const starts = await Promise.all(processes.map(({ pid }) => startOf(pid)));
  return processes.filter(({ start }, index) => starts[index] === start);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in between.
  }
}
