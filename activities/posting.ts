import { activityInfo } from '@temporalio/activity';
import type { ZoomMessage, ZoomUserApi } from '../zoom/index.ts';
import { cardTexts } from '../zoom/index.ts';

/** How long ago another process may have begun the same post, when `lookFirst` is asked for. */
const otherAttemptsMs = 48 * 3_600_000;

/** A first attempt is scheduled with its activity; one after a reset later than that by at least the time of the first. */
const resetNoticedMs = 1;

/** A little earlier than our own clock says: Zoom's may be behind. */
const clockSkewMs = 5_000;

/**
 * Posting where a repeat must not show twice. Zoom has no idempotency key, so an attempt that follows another one
 * reads the channel back first and counts what is there already.
 */
export interface ReadBack {
  /**
   * The message that an earlier attempt of this activity posted, if there is one.
   * Each found message is given out once, so that two equal parts need two messages.
   */
  find(matches: (message: ZoomMessage) => boolean): ZoomMessage | undefined;
}

/** Given to an activity that may not be the first to do its work. */
export interface LookFirst {
  lookFirst?: boolean;
  lookSinceMs?: number;
}

/**
 * Whether nobody can have begun this activity before. Temporal's own count begins anew when somebody resets the activity
 * in Temporal UI; the time it was scheduled at does not.
 */
export function isFirstAttempt(): boolean {
  const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo();
  return attempt === 1 && currentAttemptScheduledTimestampMs - scheduledTimestampMs < resetNoticedMs;
}

/**
 * Read back `channelId` for what earlier attempts of the running activity posted; empty on a first attempt.
 * @param knownIds messages of earlier, finished posts.
 * @param lookFirst read back on a first attempt too: another process, or an earlier activity, may have begun this.
 * @param lookSinceMs when the first of them began, by the workflow's clock; what is older is not this post.
 */
export async function readBackForRetry(
  reader: <T>(fn: (api: ZoomUserApi) => Promise<T>) => Promise<T>,
  channelId: string,
  knownIds: readonly string[],
  { lookFirst = false, lookSinceMs }: LookFirst = {},
): Promise<ReadBack> {
  if (!lookFirst && isFirstAttempt()) return { find: () => undefined };
  const { scheduledTimestampMs } = activityInfo();
  const since = lookFirst ? (lookSinceMs ?? scheduledTimestampMs - otherAttemptsMs) : scheduledTimestampMs;
  const from = new Date(since - clockSkewMs);
  const messages = await reader((api) =>
    api.listMessages({ toChannel: channelId, from, to: new Date(Date.now() + clockSkewMs) }),
  );
  const unclaimed = messages.filter((message) => !knownIds.includes(message.id));
  return {
    find(matches) {
      const index = unclaimed.findIndex(matches);
      return index === -1 ? undefined : unclaimed.splice(index, 1)[0];
    },
  };
}

/** Whether a message in a channel's history is the bot's card that holds exactly these words. */
export function botSaid(words: string): (message: ZoomMessage) => boolean {
  return (message) => message.fromBot && (message.text === words || cardTexts(message.botMessage).includes(words));
}
