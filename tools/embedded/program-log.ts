import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { readableLine } from './readable-log.ts';
import type { LineLog } from './server-process.ts';

const largestLog = 20 * 1024 * 1024;
const tailLines = 12;

/**
 * The log of a program: every line goes to a file, important ones also to the console, readable. Kept over restarts of
 * the program; a file over 20 MiB is moved aside when it is opened.
 */
export class ProgramLog implements LineLog {
  readonly #name: string;
  readonly #show: (line: string) => void;
  readonly #last: string[] = [];
  readonly #stream: WriteStream;

  constructor(name: string, file: string, show: (line: string) => void) {
    this.#name = name;
    this.#show = show;
    mkdirSync(dirname(file), { recursive: true });
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > largestLog) renameSync(file, `${file}.old`);
    this.#stream = createWriteStream(file, { flags: 'a' });
    this.#stream.on('error', () => undefined);
  }

  onLine(stream: 'stdout' | 'stderr', line: string): void {
    this.#stream.write(`${line}\n`);
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
    return new Promise((resolve) => this.#stream.end(resolve));
  }
}
