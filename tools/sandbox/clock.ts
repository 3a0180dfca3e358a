/**
 * The sandbox's time in milliseconds since 1970. It runs with real time and can be pushed forward, so that an hour
 * of token life or a retry after 60 minutes needs no waiting.
 */
export class Clock {
  #ahead = 0;
  readonly #listeners = new Set<() => void>();
  readonly #base: () => number;

  /** @param base source of real time; tests pass a fixed one to hold time still */
  constructor(base: () => number = () => Date.now()) {
    this.#base = base;
  }

  now(): number {
    return this.#base() + this.#ahead;
  }

  /** How far this clock is ahead of its source, in milliseconds. */
  get ahead(): number {
    return this.#ahead;
  }

  /** Pushes the clock forward and wakes everything that waits for a time. */
  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
    for (const listener of this.#listeners) listener();
  }

  /** Goes back to the time of its source. Only right when everything that bears a time is forgotten with it. */
  reset(): void {
    this.#ahead = 0;
  }

  /** Calls back after every push forward. */
  onAdvance(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

/** `2020-02-10T21:39:50Z`, the form of Zoom's date_time. */
export function zoomDateTime(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** `2019-10-17 01:40:24`, the form of the chatbot's sent_time. */
export function zoomSentTime(time: number): string {
  return zoomDateTime(time).replace('T', ' ').replace('Z', '');
}
