/**
 * Zoom's rate limits, counted per Zoom account over all of its apps. Source: developers.zoom.us/docs/api/rate-limits/ and
 * the label on each endpoint's page.
 */

/** The plans that differ in their limits; `business` stands for everything above Pro. */
export type ZoomPlan = 'free' | 'pro' | 'business';

/** Zoom's label of a call. The app makes no heavy or resource-intensive ones. */
export type RateLabel = 'light' | 'medium';

/** What one account may do with calls of one label. */
export interface Rate {
  readonly perSecond: number;
  /** Until 00:00 UTC; absent when the plan has no such cap for the label. */
  readonly perDay?: number;
}

export const RATES: Readonly<Record<ZoomPlan, Readonly<Record<RateLabel, Rate>>>> = {
  free: { light: { perSecond: 4, perDay: 6_000 }, medium: { perSecond: 2, perDay: 2_000 } },
  pro: { light: { perSecond: 30 }, medium: { perSecond: 20 } },
  business: { light: { perSecond: 80 }, medium: { perSecond: 60 } },
};

/** Calls that are not Medium. */
const LIGHT: ReadonlySet<string> = new Set(['users.getMe', 'users.get', 'channels.archive']);

/** Zoom's label of one of our calls, by its name: Medium, as almost all of Team Chat is, unless it is known to be Light. */
export function labelOf(operation: string): RateLabel {
  return LIGHT.has(operation) ? 'light' : 'medium';
}
