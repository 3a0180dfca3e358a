import { activityInfo } from '@temporalio/activity';
import { hasMark } from '../domain/channel-post.ts';
import { cardMarks, type ZoomMessage } from '../zoom/index.ts';

/*
 * Posting where a repeat must not show twice. Zoom has no idempotency key, so whoever may not be the first to post
 * something reads the channel back first.
 */

/** How much Zoom's clock may be behind or ahead of ours, ms. */
const clockSkewMs = 5_000;
/** How long a repeat waits for somebody who can look, ms: a grant may work again, a member come back. */
const longestWaitToLookMs = 2 * 60_000;
/** The same before a second channel is made, which people would have to tell from the first. */
const longestWaitForChannelMs = 20 * 60_000;

/**
 * Whether what the running activity does may have been done before, by an earlier attempt or by an earlier activity.
 * @param firstTriedAt when an earlier activity first tried it, ms; undefined when there was none.
 */
export function mayHaveActed(firstTriedAt?: number): boolean {
  const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo();
  // A reset in Temporal UI begins the count of attempts anew, but leaves the time at which the activity was scheduled.
  return firstTriedAt !== undefined || attempt > 1 || currentAttemptScheduledTimestampMs > scheduledTimestampMs;
}

/** The times between which an earlier try can have posted something. */
export function readBackWindow(firstTriedAt?: number): { from: Date; to: Date } {
  return { from: new Date(triedSince(firstTriedAt) - clockSkewMs), to: new Date(Date.now() + clockSkewMs) };
}

/** Whether nobody has been able to look for so long that a post which shows twice is better than none. */
export function mayPostUnseen(firstTriedAt?: number): boolean {
  return Date.now() - triedSince(firstTriedAt) >= longestWaitToLookMs;
}

/** Whether nobody has been able to look for so long that a second channel is better than none. */
export function mayMakeUnseen(firstTriedAt?: number): boolean {
  return Date.now() - triedSince(firstTriedAt) >= longestWaitForChannelMs;
}

function triedSince(firstTriedAt: number | undefined): number {
  const { scheduledTimestampMs } = activityInfo();
  return Math.min(firstTriedAt ?? scheduledTimestampMs, scheduledTimestampMs);
}

/**
 * The post that an earlier try has left in a channel, as the bot's card or in a user's name.
 * @param mark what it says of itself, see `cardMarks` and `postText`.
 */
export function findPosted(history: readonly ZoomMessage[], mark: string): ZoomMessage | undefined {
  return history.findLast((message) =>
    message.fromBot ? cardMarks(message.botMessage).includes(mark) : hasMark(mark, message.text ?? ''),
  );
}
