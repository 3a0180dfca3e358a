/**
 * Zoom's limits on messages into one channel (developers.zoom.us/docs/api/team-chat/): 10 in 1 s, 30 in 10 s, 60 in
 * 100 s, 450 in 1,000 s; passing one blocks the channel for up to 300 s. A little is left for what agents write.
 */
const windows = [
  { ms: 1_000, posts: 8 },
  { ms: 10_000, posts: 25 },
  { ms: 100_000, posts: 50 },
  { ms: 1_000_000, posts: 400 },
] as const;

/** Posts that are older than this, ms, are in no window any more. */
export const longestWindowMs = Math.max(...windows.map(({ ms }) => ms));

/**
 * ms to wait before the next post so that every window keeps its limit.
 * @param postTimes times of earlier posts, ms, oldest first.
 */
export function delayBeforePost(postTimes: readonly number[], now: number): number {
  return windows.reduce((delay, { ms, posts }) => {
    // The post that must have left the window before the next one fits in.
    const blocking = postTimes.at(-posts);
    return blocking === undefined ? delay : Math.max(delay, blocking + ms - now);
  }, 0);
}
