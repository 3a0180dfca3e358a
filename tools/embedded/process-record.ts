import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startOf } from './process-info.mjs';
import { endProcesses, isRunning, readRecord, type ProcessId } from './reaper.mjs';

/** Another supervisor runs on the same data folder. */
export class DataFolderInUseError extends Error {
  override name = 'DataFolderInUseError';
}

/**
 * Who works on a data folder: a supervisor and the processes it has started, in `running.json`. It keeps a second
 * supervisor out, and lets no child outlive us, however we end. On a normal end the supervisor stops its children. If
 * it is killed, the reaper ends them within seconds. If the reaper is killed too, the next supervisor does.
 */
export class ProcessRecord {
  readonly #file: string;
  readonly #supervisor: ProcessId;
  readonly #children = new Map<number, ProcessId>();
  #reaper: ChildProcess | undefined;

  private constructor(file: string, left: readonly ProcessId[]) {
    this.#file = file;
    this.#supervisor = { pid: process.pid, start: startOf(process.pid) ?? '' };
    for (const child of left) this.#children.set(child.pid, child);
    this.#write();
  }

  /**
   * Takes the folder for this process, and ends what a killed supervisor has left running on it.
   *
   * @throws DataFolderInUseError
   */
  static async open(folder: string, report: (line: string) => void = () => undefined): Promise<ProcessRecord> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, 'running.json');
    const earlier = readRecord(file);
    if (earlier !== undefined && isRunning(earlier.supervisor)) {
      throw new DataFolderInUseError(
        `Live chat is already running on ${folder} (process ${earlier.supervisor.pid}); stop it, or set DATA_DIR and the ports for a second copy.`,
      );
    }
    const left = earlier?.children ?? [];
    const record = new ProcessRecord(file, left);
    const ended = await endProcesses(left);
    if (ended > 0) report(`Ended ${ended} ${ended === 1 ? 'process' : 'processes'} that a killed run had left.`);
    for (const { pid } of left) record.remove(pid);
    return record;
  }

  /** To be called for each child that was started. */
  add(pid: number): void {
    const start = startOf(pid);
    // Ended already.
    if (start === undefined) return;
    this.#children.set(pid, { pid, start });
    this.#rewrite();
    this.#reaper ??= startReaper(this.#file);
  }

  /** To be called when a child has ended. */
  remove(pid: number): void {
    if (this.#children.delete(pid)) this.#rewrite();
  }

  /** Gives the folder back. */
  close(): void {
    this.#children.clear();
    rmSync(this.#file, { force: true });
    this.#reaper?.stdin?.end();
  }

  /** Somebody may have deleted the folder while we run: what it would keep out and end is gone with it. */
  #rewrite(): void {
    try {
      this.#write();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }

  #write(): void {
    const content = { supervisor: this.#supervisor, children: [...this.#children.values()] };
    writeFileSync(`${this.#file}.new`, JSON.stringify(content));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function startReaper(file: string): ChildProcess {
  const script = fileURLToPath(new URL('reaper.mjs', import.meta.url));
  const reaper = spawn(process.execPath, [script, file, String(process.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Losing the reaper loses a safety net, not the work: the record is still there.
  reaper.on('error', () => undefined);
  reaper.stdin.on('error', () => undefined);
  // It ends by itself when we end, and must not keep us from ending.
  reaper.unref();
  if (reaper.stdin instanceof Socket) reaper.stdin.unref();
  return reaper;
}
