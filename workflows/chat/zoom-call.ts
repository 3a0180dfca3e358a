import { ActivityFailure } from '@temporalio/workflow';
import type { ChannelPost } from '../../domain/channel-post.ts';
import { failureTypes } from '../../domain/failures.ts';
import { failureMessage, failureType, noAnswer, nothingDone, tryAgainInMs } from '../failures.ts';
import { postToChannel } from './activities.ts';
import type { Chat } from './chat.ts';
import type { ZoomLoop } from './waits.ts';

/*
 * How a chat asks something of Zoom: once, with a wait for what cannot be done now.
 */

/** Retry windows for what was written last in a channel: some minutes, and then the chat goes on without it. */
export const triesForLastWords = 8;

export const triesOf = (chat: Chat): number => chat.waits.state.waits.channel?.tries ?? 0;

/**
 * One post into the chat channel.
 * @returns undefined when there is no such channel any more.
 * @throws ActivityFailure when the retry window has ended in vain.
 */
export async function post(
  chat: Chat,
  content: ChannelPost,
): Promise<{ messageId: string; as: 'bot' | 'user' } | undefined> {
  const { ref: channel, state } = chat.channel;
  if (!channel || state.ownerUserId === undefined) return undefined;
  const { chatId, accountId, visitor } = chat.input;
  const deliveredSeq =
    content.kind === 'visitorLines' || content.kind === 'notShown' ? chat.outbox.deliveredAfterPost : 0;
  const key = `${channel.id} ${JSON.stringify({ ...content, text: undefined, about: undefined })}`;
  const route = deliveredSeq > 0 ? chat.presence.route : { targets: [], connectionIds: [] };
  const input = {
    chatId,
    accountId,
    channel,
    ownerUserId: state.ownerUserId,
    visitorName: visitor.name,
    post: content,
    as: chat.outbox.state.postsAs,
    deliveredSeq,
    targets: route.targets,
  };
  chat.outbox.posting(content);
  const sent = await once(chat, key, (tried) => postToChannel({ ...input, ...tried }));
  chat.outbox.sent(sent, Date.now());
  chat.presence.pushed(route, sent.outcomes, Date.now());
  return sent;
}

/**
 * Call what must not be done twice: the activity is given the time of an earlier try whose outcome is unknown.
 * @param key what is done, the same for every try.
 */
export async function once<T>(
  chat: Chat,
  key: string,
  call: (tried: { firstTriedAt?: number }) => Promise<T>,
): Promise<T> {
  try {
    const result = await call(chat.waits.begin(key, Date.now()));
    chat.waits.settle(key);
    return result;
  } catch (error) {
    if (nothingDone(error)) chat.waits.settle(key);
    throw error;
  }
}

/**
 * Do one thing in Zoom. What cannot be done now makes the loop wait.
 * @param what in words for an operator.
 * @param settled decides what to do about a failure of this type; false: it is waited for.
 */
export async function orWait(
  chat: Chat,
  loop: ZoomLoop,
  what: string,
  work: () => Promise<void>,
  settled: (type: string) => boolean = () => false,
): Promise<void> {
  try {
    await work();
    chat.waits.succeeded(loop);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const type = failureType(error) ?? noAnswer;
    if (settled(type)) chat.waits.succeeded(loop);
    else if (loop === 'channel' && type === failureTypes.channelGone && chat.channel.ref) chat.channelGone(Date.now());
    else failed(chat, loop, what, error);
  }
}

/** The loop waits, and tries again later. */
export function failed(chat: Chat, loop: ZoomLoop, what: string, error: ActivityFailure): void {
  const type = failureType(error) ?? noAnswer;
  const failure = { type, message: failureMessage(error), tryAgainInMs: tryAgainInMs(error) };
  chat.waits.failed(loop, what, failure, Date.now());
}
