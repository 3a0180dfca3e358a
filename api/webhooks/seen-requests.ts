/**
 * The request ids of the last webhooks that were taken: Zoom keeps the id over its retries. Only spares work, since the
 * workflows recognise repeats themselves, so it may forget and is not shared between processes.
 */
export class SeenRequests {
  readonly #ids = new Set<string>();
  readonly #most: number;

  /** @param most how many ids are remembered; the oldest goes first. */
  constructor(most = 10_000) {
    this.#most = most;
  }

  has(id: string | undefined): boolean {
    return id !== undefined && this.#ids.has(id);
  }

  add(id: string | undefined): void {
    if (id === undefined) return;
    this.#ids.delete(id);
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > this.#most && oldest !== undefined) this.#ids.delete(oldest);
  }
}
