import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ProcessGuard } from './guard.ts';
import { readableLine } from './readable-log.ts';
import { startServer, type LineLog, type ServerProcess } from './server-process.ts';

const largestLog = 20 * 1024 * 1024;
const tailLines = 12;

/**
 * The log of a process: every line goes to a file, important ones also to the console, readable. Kept over restarts of
 * the process; a file over 20 MiB is moved aside when it is opened.
 */
export class ProgramLog implements LineLog {
  readonly #name: string;
  readonly #file: string;
  readonly #show: (line: string) => void;
  readonly #last: string[] = [];
  #stream: WriteStream | undefined;

  constructor(name: string, file: string, show: (line: string) => void) {
    this.#name = name;
    this.#file = file;
    this.#show = show;
  }

  /** Opens the file; to be called before the first line. */
  async open(): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    const size = await stat(this.#file).then(
      (file) => file.size,
      () => 0,
    );
    if (size > largestLog) await rename(this.#file, `${this.#file}.old`);
    this.#stream = createWriteStream(this.#file, { flags: 'a' });
    this.#stream.on('error', () => undefined);
  }

  onLine(stream: 'stdout' | 'stderr', line: string): void {
    this.#stream?.write(`${line}\n`);
    const { text, important } = readableLine(stream, line);
    // A chatty entry of many lines would push out the ones before it.
    this.#last.push(important ? text : (text.split('\n', 1)[0] ?? ''));
    if (this.#last.length > tailLines) this.#last.shift();
    if (important) this.#show(`${this.#name}: ${text}`);
  }

  tail(): string {
    return this.#last.join('\n');
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream === undefined) resolve();
      else this.#stream.end(resolve);
    });
  }
}

export interface NodeProgramOptions {
  name: string;
  /** Arguments to node, e.g. `['--import', 'tsx', 'api/main.ts']`. */
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  log: ProgramLog;
  guard: ProcessGuard;
  ready(pid: number): Promise<void>;
  readyMs: number;
  signal: AbortSignal;
}

/** Starts one of our own programs and waits until it is ready. */
export function startNodeProgram(options: NodeProgramOptions): Promise<ServerProcess> {
  return startServer({
    title: options.name,
    command: process.execPath,
    args: options.args,
    cwd: options.cwd,
    env: options.env,
    log: options.log,
    guard: options.guard,
    ready: (pid) => options.ready(pid),
    readyMs: options.readyMs,
    stopGraceMs: 10_000,
    signal: options.signal,
  });
}
