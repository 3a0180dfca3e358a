import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** One change of one record: table, key, and the new value or null when it went away. */
export type Change = [table: string, key: string, value: unknown];

/**
 * An append-only file of changes. Each line is one commit, written with a single call before the answer that
 * depends on it leaves, so that killing the process at any time loses nothing that was answered; a torn last line
 * is a commit that no answer has confirmed, and is dropped. When the file has grown well past what is alive in it,
 * it is rewritten beside and then renamed.
 */
export class Journal {
  readonly #file: string;
  #descriptor: number;
  #bytes = 0;
  #compactAt: number;

  private constructor(file: string) {
    this.#file = file;
    this.#descriptor = openSync(file, 'a');
    this.#compactAt = Journal.#floor;
  }

  static readonly #floor = 16 * 1024 * 1024;

  /** Opens the journal of a folder, handing every change in it to `replay` in order. */
  static open(folder: string, replay: (change: Change) => void): Journal {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'journal.jsonl');
    if (existsSync(file)) {
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        if (line === '') continue;
        let changes: Change[];
        try {
          changes = JSON.parse(line) as Change[];
        } catch {
          continue; // A torn line: the process was stopped in the middle of a commit that was never answered.
        }
        for (const change of changes) replay(change);
      }
    }
    return new Journal(file);
  }

  /** Writes one commit. */
  append(changes: Change[]): void {
    // The leading newline ends a torn line that an earlier stop may have left behind.
    const line = Buffer.from(`\n${JSON.stringify(changes)}`);
    for (let done = 0; done < line.length;) done += writeSync(this.#descriptor, line, done);
    this.#bytes += line.length;
  }

  /** Whether so much was appended that a rewrite is worth its cost. */
  get wantsCompaction(): boolean {
    return this.#bytes > this.#compactAt;
  }

  /** Replaces the file by one that holds only the given records. */
  compact(records: Iterable<Change>): void {
    const beside = `${this.#file}.new`;
    const descriptor = openSync(beside, 'w');
    let bytes = 0;
    for (const record of records) bytes += writeSync(descriptor, `\n${JSON.stringify([record])}`);
    fsyncSync(descriptor);
    closeSync(descriptor);
    closeSync(this.#descriptor);
    renameSync(beside, this.#file);
    this.#descriptor = openSync(this.#file, 'a');
    this.#bytes = 0;
    this.#compactAt = Math.max(Journal.#floor, bytes);
  }

  /** Brings everything to the disk and closes the file. */
  close(): void {
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
  }
}
