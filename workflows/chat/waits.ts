import type { Wait } from './messages.ts';

/** The loops that ask things of Zoom; each waits by itself. */
export type ZoomLoop = 'card' | 'channel' | 'writers';

export interface WaitsState {
  waits: Partial<Record<ZoomLoop, Wait>>;
  /** By what was begun and has no known outcome yet: when it was first tried, ms. */
  firstTries: Record<string, number>;
}

/** Pauses between retry windows double from the first to the longest, ms; a repair or an operator ends one at once. */
const firstPauseMs = 2_000;
const longestPauseMs = 5 * 60_000;
/** After so many tries, which take an hour, nobody expects it at once any more. */
const manyTries = 20;
const pauseAfterManyMs = 30 * 60_000;
/** Zoom's daily limits end with the day. */
const longestAskedForMs = 24 * 3_600_000;

/**
 * What cannot be done in Zoom now, and when it is tried again: the reason why a chat never fails because of the
 * world.
 */
export class Waits {
  constructor(readonly state: WaitsState = { waits: {}, firstTries: {} }) {}

  get all(): Wait[] {
    return Object.values(this.state.waits);
  }

  /**
   * Something is about to be tried.
   * @returns when it was tried before, ms, if the outcome is unknown: then it may have happened already.
   */
  begin(key: string, now: number): { firstTriedAt?: number } {
    const before = this.state.firstTries[key];
    if (before !== undefined) return { firstTriedAt: before };
    this.state.firstTries[key] = now;
    return {};
  }

  /** It is done, or need not be done any more. */
  settle(key: string): void {
    const { [key]: _settled, ...others } = this.state.firstTries;
    this.state.firstTries = others;
  }

  succeeded(loop: ZoomLoop): void {
    const { [loop]: _over, ...others } = this.state.waits;
    this.state.waits = others;
  }

  /** A retry window has ended in vain. */
  failed(
    loop: ZoomLoop,
    what: string,
    failure: { type: string; message: string; tryAgainInMs?: number | undefined },
    now: number,
  ): void {
    const { type, message, tryAgainInMs = 0 } = failure;
    const before = this.state.waits[loop];
    const tries = (before?.tries ?? 0) + 1;
    const pause = tries > manyTries ? pauseAfterManyMs : Math.min(firstPauseMs * 2 ** (tries - 1), longestPauseMs);
    const nextTryAt = now + Math.max(pause, Math.min(tryAgainInMs, longestAskedForMs));
    this.state.waits[loop] = { what, since: before?.since ?? now, why: { type, message }, tries, nextTryAt };
  }

  /** ms until the loop may try again; 0 when it may at once. */
  pauseOf(loop: ZoomLoop, now: number): number {
    return Math.max(0, (this.state.waits[loop]?.nextTryAt ?? 0) - now);
  }

  /** Something was repaired, or somebody asks: everything may be tried at once. */
  release(now: number): void {
    for (const wait of this.all) wait.nextTryAt = Math.min(wait.nextTryAt, now);
  }
}
