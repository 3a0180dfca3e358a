import { ActivityFailure, log } from '@temporalio/workflow';
import { failureTypes } from '../../domain/failures.ts';
import { failureType } from '../failures.ts';
import { findWriter, readChannel } from './activities.ts';
import type { UnreadChannel } from './channel.ts';
import type { Chat } from './chat.ts';
import { orWait, triesForLastWords, triesOf } from './zoom-call.ts';

/** Take in what people have written in a channel. @throws ActivityFailure */
async function takeIn(chat: Chat, { id, ownerUserId, sinceMs }: UnreadChannel): Promise<void> {
  const messages = await readChannel({ accountId: chat.input.accountId, channelId: id, ownerUserId, sinceMs });
  for (const message of messages) chat.onZoom({ kind: 'message', channelId: id, ...message }, Date.now());
}

/** Read the chat channel for what a lost webhook would have said. */
export async function readBack(chat: Chat): Promise<void> {
  const unread = chat.channel.unread(chat.lifecycle.state.startedAt);
  if (!unread) return;
  const begunAt = Date.now();
  try {
    await takeIn(chat, unread);
    chat.channel.readBack(begunAt);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    chat.channel.readBackFailed(Date.now());
    if (failureType(error) === failureTypes.channelGone) chat.channelGone(Date.now());
    else log.warn('The chat channel could not be read back.', { type: failureType(error) });
  }
}

/** The last words in a channel that has vanished, as long as it can be read. */
export async function readFormer(chat: Chat): Promise<void> {
  const { former } = chat.channel.state;
  if (!former) return;
  await orWait(
    chat,
    'channel',
    'the last words in a channel that has vanished',
    async () => {
      await takeIn(chat, former);
      chat.channel.formerRead();
    },
    (type) => {
      if (type !== failureTypes.channelGone && triesOf(chat) < triesForLastWords) return false;
      chat.channel.formerRead();
      return true;
    },
  );
}

/**
 * A last look into the channel of a chat that is over.
 * @throws ActivityFailure when it may be possible later.
 */
export async function lastLook(chat: Chat): Promise<void> {
  const unread = chat.channel.unread(chat.lifecycle.state.startedAt);
  if (!unread || triesOf(chat) >= triesForLastWords) return;
  try {
    const begunAt = Date.now();
    await takeIn(chat, unread);
    chat.channel.readBack(begunAt);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const type = failureType(error);
    if (type === failureTypes.channelGone) chat.channel.gone();
    // What Zoom refuses for good is not waited for: the chat closes without the last look.
    else if (type !== failureTypes.zoomRefused) throw error;
  }
}

/** Find out whether somebody who writes in the channel without having joined speaks for the team. */
export async function identifyWriter(chat: Chat): Promise<void> {
  const { next } = chat.writers;
  if (!next) return;
  const { ref, state } = chat.channel;
  const { userId, memberId } = next;
  const input = {
    accountId: chat.input.accountId,
    userId,
    ...(memberId === undefined ? {} : { memberId }),
    ...(ref === undefined || state.ownerUserId === undefined
      ? {}
      : { channelId: ref.id, ownerUserId: state.ownerUserId }),
  };
  await orWait(chat, 'writers', 'who writes in the chat channel', async () => {
    chat.writerFound(next, await findWriter(input), Date.now());
  });
  if (chat.waits.state.waits.writers) chat.writerNotFound(Date.now());
}
