/** One thing that happened, for drivers and pages that wait for it. */
export interface FeedEvent {
  seq: number;
  at: number;
  /** Such as `message.created`, `channel.updated`, `webhook.delivered`, `oauth.granted`, `rate.refused`. */
  type: string;
  data: Record<string, unknown>;
}

/** The latest happenings, in order, with a way to wait for the next one. */
export class Feed {
  readonly #events: FeedEvent[] = [];
  readonly #waiting = new Set<(event: FeedEvent) => void>();
  #seq = 0;

  static readonly #kept = 5000;

  /** Number of the latest happening. */
  get last(): number {
    return this.#seq;
  }

  publish(type: string, at: number, data: Record<string, unknown>): void {
    const event: FeedEvent = { seq: ++this.#seq, at, type, data };
    this.#events.push(event);
    if (this.#events.length > Feed.#kept) this.#events.splice(0, this.#events.length - Feed.#kept);
    for (const listener of [...this.#waiting]) listener(event);
  }

  /** Everything after `seq`; a number from before a restart gives all that is kept. */
  since(seq: number): FeedEvent[] {
    const from = seq > this.#seq ? 0 : seq;
    return this.#events.filter((event) => event.seq > from);
  }

  /** Calls `listener` for every happening until the returned function is called. */
  listen(listener: (event: FeedEvent) => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }
}
