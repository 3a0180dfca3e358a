/** No slot was to be had in time: trying again later can help. */
export class TooBusyError extends Error {
  override name = 'TooBusyError';
}

export interface FairSemaphoreOptions {
  /** How much work may be under way at the same time. */
  slots: number;
  /** How many may wait; whoever comes then is refused. */
  maxWaiting: number;
  /** Longest wait, ms. */
  maxWaitMs: number;
}

/**
 * A semaphore whose waiting is bounded and fair: a slot that becomes free goes to the keys in rotation, and within a
 * key to whoever has waited longest. So a crowd under one key does not keep the others waiting.
 */
export class FairSemaphore {
  readonly #options: FairSemaphoreOptions;
  /** Who waits, by key: the first key is served next, and goes to the end then. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #waitingCount = 0;
  #running = 0;

  constructor(options: FairSemaphoreOptions) {
    this.#options = options;
  }

  /**
   * Do `work` in a slot.
   * @throws TooBusyError when there is none in time; what `work` throws.
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#options.slots) this.#running += 1;
    else await this.#slot(key);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#serveNext();
    }
  }

  #slot(key: string): Promise<void> {
    const { maxWaiting, maxWaitMs } = this.#options;
    if (this.#waitingCount >= maxWaiting) return Promise.reject(new TooBusyError('Too many are waiting.'));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#remove(key, enter);
        reject(new TooBusyError(`There was no slot within ${maxWaitMs} ms.`));
      }, maxWaitMs);
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.set(key, (this.#waiting.get(key) ?? new Set()).add(enter));
      this.#waitingCount += 1;
    });
  }

  #serveNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [key, ofKey] = next;
    const [enter] = ofKey;
    if (enter === undefined) return;
    this.#remove(key, enter);
    if (this.#waiting.delete(key)) this.#waiting.set(key, ofKey);
    this.#running += 1;
    enter();
  }

  #remove(key: string, enter: () => void): void {
    const ofKey = this.#waiting.get(key);
    if (!ofKey?.delete(enter)) return;
    if (ofKey.size === 0) this.#waiting.delete(key);
    this.#waitingCount -= 1;
  }
}
