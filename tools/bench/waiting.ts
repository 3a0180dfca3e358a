/** Something did not happen in time. */
export class TooLateError extends Error {
  override name = 'TooLateError';
}

/** The result of `work`, or a {@link TooLateError} after `ms`, or the signal's reason once it is aborted. */
export function within<T>(work: Promise<T>, ms: number, what: string, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal?.reason instanceof Error ? signal.reason : new Error('Stopped.'));
    if (signal?.aborted === true) abort();
    const timer = setTimeout(() => reject(new TooLateError(`${what}: not within ${ms} ms`)), ms);
    signal?.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    });
  });
}

/** Waits for things by name, each seen once. */
export class Sightings<T> {
  readonly #waiting = new Map<string, (seen: T) => void>();

  /** Resolves when `key` is seen from now on. */
  next(key: string): Promise<T> {
    return new Promise((resolve) => {
      this.#waiting.set(key, resolve);
    });
  }

  /** No longer waits for `key`. */
  forget(key: string): void {
    this.#waiting.delete(key);
  }

  seen(key: string, what: T): void {
    const resolve = this.#waiting.get(key);
    if (resolve === undefined) return;
    this.#waiting.delete(key);
    resolve(what);
  }
}

let marks = 0;

/** A word that marks one message of this run, so that it is found again on the other side. */
export function newMark(): string {
  marks += 1;
  return `mark${String(marks).padStart(7, '0')}`;
}

/** The marks in a text: a relayed post can hold several messages. */
export function marksIn(text: string): string[] {
  return text.match(/\bmark\d{7}\b/g) ?? [];
}

/** A sentence of ordinary length with a mark in it. */
export function sentence(mark: string): string {
  return `Could you say when my order will arrive? ${mark}`;
}
