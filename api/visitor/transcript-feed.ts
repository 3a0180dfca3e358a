import type { TranscriptEntry } from '../../domain/transcript.ts';

/** Where a feed reads and writes. */
export interface TranscriptFeedOptions {
  /** Recorded entries with a `seq` above `afterSeq`, in order, at most `limit`. */
  read: (afterSeq: number, limit: number) => Promise<TranscriptEntry[]>;
  /** Push entries to the visitor; called in `seq` order, each entry once. */
  push: (entries: TranscriptEntry[]) => void;
  /** Entries per read and per push. */
  pageSize: number;
}

/**
 * What one connection is sent of its chat's transcript: in order, without gaps or repeats, however deliveries and the replay from
 * MongoDB cross each other. All work is done one piece after the other.
 */
export class TranscriptFeed {
  readonly #options: TranscriptFeedOptions;
  #sentSeq: number;
  #work: Promise<unknown> = Promise.resolve();

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
   * Push everything that is recorded and not yet sent. Resolves to how many entries that were.
   * @throws what `read` throws.
   */
  catchUp(): Promise<number> {
    return this.#inTurn(() => this.#readOn());
  }

  /**
   * Push what a delivery brought. Entries that were sent before are left out, and those missing before or after are read from
   * MongoDB.
   * @param lastSeq highest `seq` of the chat when the delivery was made.
   * @throws what `read` throws.
   */
  deliver(entries: readonly TranscriptEntry[], lastSeq: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#pushNext(entries.filter(({ seq }) => seq > this.#sentSeq));
      if (this.#sentSeq < lastSeq) await this.#readOn();
    });
  }

  async #readOn(): Promise<number> {
    const before = this.#sentSeq;
    for (;;) {
      const found = await this.#options.read(this.#sentSeq, this.#options.pageSize);
      const pushed = this.#pushNext(found);
      // Less than was read: the next entry is not recorded yet. Its own delivery will bring it and what follows.
      if (pushed < this.#options.pageSize) return this.#sentSeq - before;
    }
  }

  /** Push the entries that follow on what was sent, up to the first gap; answers how many. */
  #pushNext(entries: readonly TranscriptEntry[]): number {
    const next: TranscriptEntry[] = [];
    for (const entry of [...entries].sort((a, b) => a.seq - b.seq)) {
      if (entry.seq === this.#sentSeq + next.length + 1) next.push(entry);
    }
    for (let from = 0; from < next.length; from += this.#options.pageSize) {
      this.#options.push(next.slice(from, from + this.#options.pageSize));
    }
    this.#sentSeq += next.length;
    return next.length;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#work.then(work);
    this.#work = mine.catch(() => undefined);
    return mine;
  }
}
