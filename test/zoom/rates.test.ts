import { expect, it } from 'vitest';
import { queueRatePerSecond } from '../../zoom/index.ts';

it.each([
  ['free', 1.7, 2],
  ['pro', 17, 20],
  ['business', 51, 60],
] as const)('activities of an account on the plan %s start at %d a second, below Zoom’s %d', (plan, rate, zooms) => {
  expect(queueRatePerSecond(plan)).toBe(rate);
  expect(rate).toBeLessThan(zooms);
});
