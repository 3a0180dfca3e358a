/** The plans of Zoom that differ in their limits; `business` stands for everything above Pro. */
export type ZoomPlan = 'free' | 'pro' | 'business';

/**
 * Calls with the label Medium that Zoom takes from one account in a second, over all of its apps: almost all of Team
 * Chat's. Light calls (looking up a user) are counted by themselves, and more of them are allowed on every plan.
 * Source: developers.zoom.us/docs/api/rate-limits/ and the label on each endpoint's page.
 */
const mediumPerSecond: Readonly<Record<ZoomPlan, number>> = { free: 2, pro: 20, business: 60 };

/**
 * Part of Zoom's rate at which activities are started. Temporal saves up the starts of one second, so that twice the
 * rate goes out in the first second of a burst: that is not to be more than Zoom takes either.
 */
const startedPart = 0.45;

/**
 * How many activities of one account are to be started in a second on the Zoom queue: 0.9, 9 or 27.
 *
 * Below Zoom's rate, since an activity is one call but for a few: a repeat reads back first, lists have pages, and
 * the settings page lists channels past the queue. An account with many Light calls stays further below: they take up
 * starts too.
 */
export function queueRatePerSecond(plan: ZoomPlan): number {
  return Number((mediumPerSecond[plan] * startedPart).toFixed(1));
}
