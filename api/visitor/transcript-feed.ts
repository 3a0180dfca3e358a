import type { TranscriptEntry } from '../../domain/transcript.ts';

/** Where a feed reads and writes. */
export interface TranscriptFeedOptions {
  /** Recorded entries that follow `afterSeq` without a gap, in order, at most `limit`. */
  read: (afterSeq: number, limit: number) => Promise<TranscriptEntry[]>;
  /** Send entries to the visitor; called in `seq` order, each entry once. */
  send: (entries: TranscriptEntry[]) => void;
  /** Entries per read and per send. */
  pageSize: number;
}

/**
 * What one connection is sent of its chat's transcript: in order, without gaps or repeats, however pushes and the
 * replay from MongoDB cross each other. Its owner calls one function at a time.
 */
export class TranscriptFeed {
  readonly #options: TranscriptFeedOptions;
  #sentSeq: number;

  /** @param sentSeq highest `seq` that the visitor has already. */
  constructor(sentSeq: number, options: TranscriptFeedOptions) {
    this.#sentSeq = sentSeq;
    this.#options = options;
  }

  /** Highest `seq` that the visitor has been sent, or had before. */
  get sentSeq(): number {
    return this.#sentSeq;
  }

  /**
   * Send everything that is recorded and not yet sent. Resolves to how many entries that were.
   * @throws what `read` throws.
   */
  async catchUp(): Promise<number> {
    const { read, pageSize } = this.#options;
    const before = this.#sentSeq;
    while (this.#send(await read(this.#sentSeq, pageSize)) === pageSize);
    return this.#sentSeq - before;
  }

  /**
   * Send what a push brought, in `seq` order. Entries that were sent before are left out; those missing are read from
   * MongoDB.
   * @param lastSeq highest `seq` of the chat when the push was made.
   * @throws what `read` throws.
   */
  async push(entries: readonly TranscriptEntry[], lastSeq: number): Promise<void> {
    this.#send(entries);
    if (this.#sentSeq < lastSeq) await this.catchUp();
  }

  /** Send the entries that follow on what was sent, up to the first gap; answers how many. */
  #send(entries: readonly TranscriptEntry[]): number {
    const fresh = entries.filter(({ seq }) => seq > this.#sentSeq);
    const gap = fresh.findIndex(({ seq }, n) => seq !== this.#sentSeq + n + 1);
    const next = gap === -1 ? fresh : fresh.slice(0, gap);
    if (next.length > 0) this.#options.send(next);
    this.#sentSeq += next.length;
    return next.length;
  }
}
