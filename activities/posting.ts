import { activityInfo } from '@temporalio/activity';
import type { ZoomMessage, ZoomUserApi } from '../zoom/index.ts';
import { cardTexts } from '../zoom/index.ts';
import { earlierAttemptsActed } from './zoom-turns.ts';

/** How long the posting of one thing is tried at most, ms. */
const longestTryMs = 48 * 3_600_000;

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

/** Nothing can be there yet. */
export const nothingEarlier: ReadBack = { find: () => undefined };

/** Given to an activity that may not be the first to do its work: another process, or an earlier activity, may have begun it. */
export interface LookFirst {
  /** Look also on a first attempt. */
  lookFirst?: boolean;
  /** When the first of them can have begun, ms since 1970; what is older is not this post. Default: two days ago. */
  lookSinceMs?: number;
}

/**
 * Read back `channelId` for what earlier attempts of the running activity posted; empty when there were none, or all of
 * them were held back before they had sent anything.
 * @param knownIds messages of earlier, finished posts: at least the last one's.
 */
export async function readBackForRetry(
  reader: <T>(fn: (api: ZoomUserApi) => Promise<T>) => Promise<T>,
  channelId: string,
  knownIds: readonly string[],
  { lookFirst = false, lookSinceMs }: LookFirst = {},
): Promise<ReadBack> {
  const { scheduledTimestampMs } = activityInfo();
  if (!lookFirst && !earlierAttemptsActed()) return nothingEarlier;
  const since = lookFirst ? (lookSinceMs ?? scheduledTimestampMs - longestTryMs) : scheduledTimestampMs;
  const from = new Date(Math.min(since, scheduledTimestampMs) - clockSkewMs);
  const to = new Date(Date.now() + clockSkewMs);
  const messages = await reader((api) => api.listMessages({ toChannel: channelId, from, to }));
  // A chat's posts are made one after the other: what stands before the last finished one is of an earlier post, however
  // equal its words, and whether or not its id is among those that were given.
  const known = messages.filter((message) => knownIds.includes(message.id));
  const lastKnownAt = Math.max(-Infinity, ...known.map((message) => message.timestamp));
  const unclaimed = messages.filter((message) => message.timestamp >= lastKnownAt && !known.includes(message));
  return {
    find(matches) {
      const index = unclaimed.findIndex(matches);
      return index === -1 ? undefined : unclaimed.splice(index, 1)[0];
    },
  };
}

/** Whether a message in a channel's history is the bot's card that holds exactly one of these words. */
export function botSaid(...words: readonly string[]): (message: ZoomMessage) => boolean {
  return (message) =>
    message.fromBot &&
    [message.text, ...cardTexts(message.botMessage)].some((text) => text !== undefined && words.includes(text));
}
