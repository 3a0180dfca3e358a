/** A refusal slows down at most this often, ms: those of one moment have one cause. */
const onceIn = 1_000;
/** Time without a refusal before it gets faster again, ms; then by this part a second. */
const calmMs = 2_000;
const recoveryPerSecond = 0.04;
/** It never gets slower than this part of what Zoom documents. */
const slowest = 0.2;

/**
 * How much of the documented rate an account really has, learned from Zoom's refusals: other apps of the account use it too.
 * Each refusal takes a part away, and time without one gives it back.
 */
export class Speed {
  readonly #clock: () => number;
  #part = 1;
  #refusedAt = -Infinity;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** 0 to 1. */
  get value(): number {
    const calm = this.#clock() - this.#refusedAt - calmMs;
    return calm <= 0 ? this.#part : Math.min(1, this.#part + (calm / 1_000) * recoveryPerSecond);
  }

  /** Zoom refused: keep only `part` of the present speed. */
  slowDown(part: number): void {
    const now = this.#clock();
    if (now - this.#refusedAt < onceIn) return;
    this.#part = Math.max(slowest, this.value * part);
    this.#refusedAt = now;
  }
}
