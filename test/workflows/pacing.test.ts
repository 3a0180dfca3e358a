import { describe, expect, test } from 'vitest';
import { delayBeforePost } from '../../workflows/pacing.ts';

/** Zoom's own limits on one channel. */
const zoomLimits = [
  { ms: 1_000, posts: 10 },
  { ms: 10_000, posts: 30 },
  { ms: 100_000, posts: 60 },
  { ms: 1_000_000, posts: 450 },
];

/** Posts as fast as the pace allows; `gap` is what time passes before each. */
function burst(count: number, gap: (n: number) => number = () => 0): number[] {
  const times: number[] = [];
  let now = 0;
  for (let n = 0; n < count; n += 1) {
    now += gap(n);
    now += delayBeforePost(times, now);
    times.push(now);
  }
  return times;
}

function expectWithinLimits(times: number[]): void {
  for (const { ms, posts } of zoomLimits) {
    times.forEach((time, n) => {
      const first = times[n - posts];
      if (first !== undefined) expect(time - first).toBeGreaterThanOrEqual(ms);
    });
  }
}

describe('the pace of posts into one channel', () => {
  test('lets single messages through at once', () => {
    expect(delayBeforePost([], 0)).toBe(0);
    expect(burst(5)).toEqual([0, 0, 0, 0, 0]);
  });

  test('keeps every one of Zoom’s limits in a burst that never ends', () => {
    expectWithinLimits(burst(1_000));
  });

  test('keeps them when bursts and pauses alternate', () => {
    expectWithinLimits(burst(800, (n) => (n % 40 === 0 ? 12_345 : n % 3)));
  });

  test('asks for no more time than the limits need', () => {
    const times = Array.from({ length: 8 }, () => 500);
    expect(delayBeforePost(times, 700)).toBe(800);
    expect(delayBeforePost(times, 1_500)).toBe(0);
  });
});
