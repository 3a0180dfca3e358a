import { setInterval as every } from 'node:timers/promises';
import { z } from 'zod';

const page = z.object({
  next: z.number(),
  events: z.array(
    z.looseObject({
      type: z.string(),
      data: z.looseObject({ channel_id: z.string().optional(), bot: z.boolean().optional() }),
    }),
  ),
});

/** Often enough that the sandbox still knows everything that has happened since, ms. */
const lookEveryMs = 1_000;

/** What has been counted so far. */
export interface Counted {
  /** Calls that an account's rate limit refused. */
  refused: number;
  /** Posts of the bot into these channels. */
  botPosts: (channels: ReadonlySet<string>) => number;
}

/** Counts what happens in the sandbox from its start, until the signal. */
export class HappeningCount {
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #posts = new Map<string, number>();
  #refused = 0;
  #next = 0;
  #looking: Promise<void> = Promise.resolve();

  constructor(sandboxUrl: string, signal: AbortSignal) {
    this.#url = sandboxUrl;
    this.#signal = signal;
    void this.#keepLooking().catch(() => undefined);
  }

  async now(): Promise<Counted> {
    await this.#look();
    const posts = new Map(this.#posts);
    return {
      refused: this.#refused,
      botPosts: (channels) => [...channels].reduce((sum, id) => sum + (posts.get(id) ?? 0), 0),
    };
  }

  async #keepLooking(): Promise<void> {
    for await (const _ of every(lookEveryMs, undefined, { signal: this.#signal, ref: false })) await this.#look();
  }

  /** One look after the other, so that nothing is counted twice. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      const response = await fetch(`${this.#url}/_sandbox/events?since=${this.#next}&timeout_ms=0`, {
        headers: { accept: 'application/json' },
      });
      const { events, next } = page.parse(await response.json());
      this.#next = next;
      for (const { type, data } of events) {
        if (type === 'rate.refused') this.#refused += 1;
        if (type !== 'message.created' || data.bot !== true || data.channel_id === undefined) continue;
        this.#posts.set(data.channel_id, (this.#posts.get(data.channel_id) ?? 0) + 1);
      }
    });
    return this.#looking;
  }
}
