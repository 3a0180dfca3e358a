import { activityInfo } from '@temporalio/activity';
import type { ZoomMessage, ZoomUserApi } from '../zoom/index.ts';
import { cardTexts } from '../zoom/index.ts';

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

/**
 * Read back `channelId` for what earlier attempts of the running activity posted; empty on a first attempt.
 * @param knownIds messages of earlier, finished posts.
 * @param triedSince ms since 1970: another process may have begun this, since then: read back on a first attempt too.
 */
export async function readBackForRetry(
  reader: <T>(fn: (api: ZoomUserApi) => Promise<T>) => Promise<T>,
  channelId: string,
  knownIds: readonly string[],
  triedSince?: number,
): Promise<ReadBack> {
  const info = activityInfo();
  if (info.attempt === 1 && triedSince === undefined) return nothingEarlier;
  const from = new Date(Math.min(info.scheduledTimestampMs, triedSince ?? Infinity) - clockSkewMs);
  const to = new Date(Date.now() + clockSkewMs);
  const messages = await reader((api) => api.listMessages({ toChannel: channelId, from, to }));
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
