/** No turn was to be had in time. */
export class TooBusyError extends Error {
  override name = 'TooBusyError';
  /** When to come again, ms: after what waits now, spread so that those who are turned away do not come back together. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('Too many are waiting.');
    this.retryAfterMs = retryAfterMs;
  }
}

export interface TurnsOptions {
  /** Pieces of work under way at the same time. */
  atOnce: number;
  /** How many may wait; whoever comes then is refused. */
  maxWaiting: number;
  /** Longest wait, ms. */
  maxWaitMs: number;
  /** From 0 up to 1. Default: `Math.random`. */
  random?: () => number;
}

/** Bounds of `retryAfterMs` before the spread, ms. */
const leastRetryMs = 2_000;
const mostRetryMs = 15_000;
/** How much of the mean one piece of work is. */
const weight = 1 / 16;

/**
 * Lets so much work happen at the same time and no more: the rest waits, in order, and by turns between keys, so that a crowd
 * under one key does not keep the others waiting.
 */
export class Turns {
  readonly #options: Required<TurnsOptions>;
  /** Who waits, by key: the first key is next, and goes to the end when it was its turn. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #waitingCount = 0;
  #running = 0;
  /** How long a piece of work takes, ms: a mean in which the latest count most. */
  #meanMs = 50;

  constructor(options: TurnsOptions) {
    this.#options = { random: Math.random, ...options };
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waitingCount;
  }

  /**
   * Do `work` when its turn has come.
   * @throws TooBusyError when that is not in time; what `work` throws.
   */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#options.atOnce) this.#running += 1;
    else await this.#turn(key);
    const begun = performance.now();
    try {
      return await work();
    } finally {
      this.#meanMs += (performance.now() - begun - this.#meanMs) * weight;
      this.#running -= 1;
      this.#next();
    }
  }

  /** Resolves when a place was given to the caller. */
  #turn(key: string): Promise<void> {
    if (this.#waitingCount >= this.#options.maxWaiting) return Promise.reject(this.#tooBusy());
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(key) ?? new Set();
      const timer = setTimeout(() => {
        queue.delete(begin);
        if (queue.size === 0 && this.#waiting.get(key) === queue) this.#waiting.delete(key);
        this.#waitingCount -= 1;
        reject(this.#tooBusy());
      }, this.#options.maxWaitMs);
      const begin = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.set(key, queue.add(begin));
      this.#waitingCount += 1;
    });
  }

  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [key, queue] = next;
    const [begin] = queue;
    if (begin === undefined) return;
    queue.delete(begin);
    this.#waiting.delete(key);
    if (queue.size > 0) this.#waiting.set(key, queue);
    this.#waitingCount -= 1;
    this.#running += 1;
    begin();
  }

  #tooBusy(): TooBusyError {
    const { atOnce, random } = this.#options;
    const backlogMs = (this.#waitingCount * this.#meanMs) / atOnce;
    return new TooBusyError(Math.round(Math.min(Math.max(backlogMs, leastRetryMs), mostRetryMs) * (1 + random())));
  }
}
