import { condition, log } from '@temporalio/workflow';
import { failureTypes } from '../../domain/failures.ts';
import { archiveChannel, readVisitorTexts, updateChannelHead } from './activities.ts';
import type { Chat } from './chat.ts';
import { admit, takeOut } from './join-work.ts';
import { lastLook, readFormer } from './read-back.ts';
import { aboutVisitor, channelHead, headOf } from './views.ts';
import { orWait, post, triesForLastWords, triesOf } from './zoom-call.ts';

/** The next thing in the chat channel. */
export async function workInChannel(chat: Chat, draining: () => boolean): Promise<void> {
  switch (chat.channelWork) {
    case 'admit':
      await admit(chat);
      break;
    case 'takeOut':
      await takeOut(chat);
      break;
    case 'postLines':
      await postVisitorLines(chat, draining);
      break;
    case 'readFormer':
      await readFormer(chat);
      break;
    case 'close':
      await close(chat);
      break;
    case 'postNote':
      await postNote(chat);
      break;
    case 'showHead':
      await showHead(chat);
      break;
    case 'archive':
      await archive(chat);
      break;
    case undefined:
      break;
  }
}

/** What the visitor wrote goes into the chat channel, at a pace that Zoom's limits on one channel allow. */
async function postVisitorLines(chat: Chat, draining: () => boolean): Promise<void> {
  const delay = chat.outbox.delay(Date.now());
  if (delay > 0) {
    await condition(() => draining() || chat.agents.nextRequest !== undefined, delay);
    return;
  }
  const seqs = chat.outbox.missingTexts;
  if (seqs.length > 0) {
    const texts = await readVisitorTexts({ chatId: chat.input.chatId, seqs });
    chat.outbox.fillTexts(seqs.map((seq) => ({ seq, text: texts.find((one) => one.seq === seq)?.text ?? '…' })));
  }
  const next = chat.outbox.next(Date.now());
  await orWait(
    chat,
    'channel',
    'a post to the chat channel',
    async () => {
      if (await post(chat, next)) chat.outbox.posted();
    },
    (type) => {
      if (type !== failureTypes.postRefused) return false;
      log.warn('Zoom refuses to show what the visitor wrote.', { lastSeq: 'lastSeq' in next ? next.lastSeq : 0 });
      chat.outbox.refused();
      return true;
    },
  );
}

/** Tell the team something. */
async function postNote(chat: Chat): Promise<void> {
  const { next } = chat.notes;
  if (!next) return;
  await orWait(
    chat,
    'channel',
    'a note in the chat channel',
    async () => {
      if (await post(chat, { kind: 'note', ...next })) chat.notes.done(next.number);
    },
    (type) => {
      // A note is nothing that a chat waits for.
      if (type !== failureTypes.postRefused && type !== failureTypes.zoomRefused) return false;
      chat.notes.done(next.number);
      return true;
    },
  );
}

/** The first card in the channel says where the chat stands. */
async function showHead(chat: Chat): Promise<void> {
  const { ref, state } = chat.channel;
  const { head, ownerUserId } = state;
  if (!ref || !head || ownerUserId === undefined) return;
  const { chatId, accountId, visitor } = chat.input;
  const shown = headOf(chat);
  await orWait(
    chat,
    'channel',
    'the first card in the chat channel',
    async () => {
      await updateChannelHead({
        chatId,
        accountId,
        channelId: ref.id,
        ownerUserId,
        messageId: head.messageId,
        visitorName: visitor.name,
        greeting: { kind: 'greeting', agentName: head.agentName, about: aboutVisitor(chat) },
        head: channelHead(chat),
      });
      chat.channel.headShows(shown);
    },
    (type) => {
      if (type === failureTypes.zoomUnavailable && triesOf(chat) < triesForLastWords) return false;
      // It stays as it is.
      chat.channel.headShows();
      return true;
    },
  );
}

/** The chat is over for good: nobody can write in its channel any more, where Zoom lets the app do that. */
async function archive(chat: Chat): Promise<void> {
  const { ref, state } = chat.channel;
  const { ownerUserId } = state;
  if (!ref || ownerUserId === undefined) return;
  await orWait(
    chat,
    'channel',
    'archiving the chat channel',
    async () => {
      await archiveChannel({ accountId: chat.input.accountId, channelId: ref.id, ownerUserId });
      chat.channel.archived();
    },
    (type) => {
      if (type === failureTypes.zoomUnavailable && triesOf(chat) < triesForLastWords) return false;
      chat.channel.archived();
      return true;
    },
  );
}

/** The chat is over: a last look, for what a lost webhook held would otherwise never be seen, and the closing note. */
async function close(chat: Chat): Promise<void> {
  await orWait(chat, 'channel', 'a last look into the chat channel, and the closing note', async () => {
    await lastLook(chat);
    if (chat.channel.state.isGone) chat.channel.closed();
    if (!chat.needsClosing) return;
    const by = chat.lifecycle.state.endedBy ?? 'system';
    const number = chat.channel.state.closings + 1;
    if (await post(chat, { kind: 'closing', number, by })) chat.channel.closed();
  });
}
