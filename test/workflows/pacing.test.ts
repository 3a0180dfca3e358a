import { describe, expect, test } from 'vitest';
import { delayBeforePost } from '../../workflows/chat/pacing.ts';

/** Zoom's own limits on one channel. */
const zoomLimits = [
  { ms: 1_000, posts: 10 },
  { ms: 10_000, posts: 30 },
  { ms: 100_000, posts: 60 },
  { ms: 1_000_000, posts: 450 },
];

/** Posts as fast as the pace allows: `sizes` are how many messages each post makes, `gaps` what time passes in between. */
function burst(sizes: number[], gap: (n: number) => number = () => 0): number[] {
  const times: number[] = [];
  let now = 0;
  sizes.forEach((size, n) => {
    now += gap(n);
    now += delayBeforePost(times, now, size);
    for (let part = 0; part < size; part += 1) times.push(now);
  });
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
    expect(burst([1, 1, 1, 1, 1])).toEqual([0, 0, 0, 0, 0]);
  });

  test('keeps every one of Zoom’s limits in a burst that never ends', () => {
    expectWithinLimits(burst(Array.from({ length: 1_000 }, () => 1)));
  });

  test('keeps them when long texts go out in parts', () => {
    expectWithinLimits(burst(Array.from({ length: 200 }, (_, n) => 1 + (n % 8))));
  });

  test('keeps them when bursts and pauses alternate', () => {
    expectWithinLimits(
      burst(
        Array.from({ length: 800 }, () => 1),
        (n) => (n % 40 === 0 ? 12_345 : n % 3),
      ),
    );
  });

  test('asks for no more time than the limits need', () => {
    const times = Array.from({ length: 8 }, () => 500);
    expect(delayBeforePost(times, 700)).toBe(800);
    expect(delayBeforePost(times, 1_500)).toBe(0);
  });

  test('waits for an empty window, and not for ever, when one text has more parts than it takes', () => {
    expect(delayBeforePost([0, 100], 200, 20)).toBe(900);
  });
});
