import { z } from 'zod';

const eventSchema = z.looseObject({
  seq: z.number(),
  at: z.number(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
});
const answerSchema = z.looseObject({ events: z.array(eventSchema), next: z.number() });
export type ZoomHappening = z.infer<typeof eventSchema>;

const waitMs = 5_000;

/** What happens in the sandbox, as it happens, in order. */
export class ZoomFeed {
  readonly #url: string;
  readonly #listeners = new Set<(event: ZoomHappening) => void>();
  readonly #life = new AbortController();
  readonly #onError: (error: unknown) => void;
  #watching: Promise<void> = Promise.resolve();

  /** @param onError it cannot be listened to any more. */
  constructor(sandboxUrl: string, onError: (error: unknown) => void) {
    this.#url = sandboxUrl;
    this.#onError = onError;
  }

  /** Start listening; resolves once nothing that happens from now on is missed. */
  async start(): Promise<void> {
    const { next } = await this.#ask('timeout_ms=0');
    this.#watching = this.#watch(next).catch((error: unknown) => {
      if (!this.#life.signal.aborted) this.#onError(error);
    });
  }

  /** @returns the function that ends it */
  listen(listener: (event: ZoomHappening) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.#life.abort();
    await this.#watching;
  }

  async #watch(from: number): Promise<void> {
    let since = from;
    while (!this.#life.signal.aborted) {
      const { events, next } = await this.#ask(`since=${since}&timeout_ms=${waitMs}`);
      since = next;
      for (const event of events) for (const listener of [...this.#listeners]) listener(event);
    }
  }

  async #ask(query: string): Promise<z.infer<typeof answerSchema>> {
    const response = await fetch(`${this.#url}/_sandbox/events?${query}`, {
      headers: { accept: 'application/json' },
      // One for each request, which lets go of it only when it is collected as garbage, and there are thousands of
      // them.
      signal: AbortSignal.any([this.#life.signal]),
    });
    return answerSchema.parse(await response.json());
  }
}
