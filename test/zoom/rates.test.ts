import { expect, it } from 'vitest';
import { queueRatePerSecond } from '../../zoom/index.ts';

it.each([
  ['free', 0.9, 2],
  ['pro', 9, 20],
  ['business', 27, 60],
] as const)(
  'activities of an account on the plan %s start at %d a second: with a second’s starts saved up, still below Zoom’s %d',
  (plan, rate, zooms) => {
    expect(queueRatePerSecond(plan)).toBe(rate);
    expect(2 * rate).toBeLessThan(zooms);
  },
);
