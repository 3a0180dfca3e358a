import { randomUUID } from 'node:crypto';
import { createChatActivities } from '../../activities/chat.ts';
import { createChatZoomActivities } from '../../activities/chat-zoom.ts';
import { cacheMembers } from '../../activities/members.ts';
import type { PushTarget, VisitorPush } from '../../domain/push.ts';
import type { Store } from '../../store/index.ts';
import { channelJid, channelUrl, type ZoomMessage } from '../../zoom/index.ts';
import { attempt, cardTexts, settledAccount } from './harness.ts';

export const targets: PushTarget[] = [{ instanceId: 'api-1', url: 'http://10.0.0.1:3000' }];

/** A recorded chat of a settled account, and what it does in Zoom. */
export async function settledChat(store: Store) {
  const account = await settledAccount(store);
  const { zoom, accountId, widgetId, owner } = account;
  const pushes: VisitorPush[] = [];
  const push = (to: readonly PushTarget[], visitorPush: VisitorPush) => {
    pushes.push(visitorPush);
    return Promise.resolve(to.map(() => 'pushed' as const));
  };
  const relayed: number[] = [];
  /** A process of its own: nothing that another one remembers. */
  const anotherProcess = () =>
    createChatZoomActivities({
      store,
      zoom: zoom.client,
      userZoom: zoom.userZoom,
      members: cacheMembers(store.members),
      push,
      publicUrl: 'https://chat.example.com',
      relayed: (firstTriedAt) => relayed.push(firstTriedAt),
    });
  const chatId = `chat-${randomUUID().slice(0, 12)}`;
  const visitor = { name: 'Jane Doe' };
  await attempt(1, createChatActivities({ store, push }).recordChat, {
    chatId,
    accountId,
    widgetId,
    visitor,
    startedAt: 1_000,
  });
  /** A chat channel of the owner's, as it is kept. */
  const addChatChannel = (letsBotIn = true) => {
    const channel = zoom.addChannel('chat', { members: [owner.email ?? ''], letsBotIn });
    const jid = channelJid(channel.id);
    return { channel, ref: { id: channel.id, jid, name: channel.name, url: channelUrl(jid) } };
  };
  return { ...account, store, activities: anotherProcess(), anotherProcess, chatId, pushes, relayed, addChatChannel };
}
export type SettledChat = Awaited<ReturnType<typeof settledChat>>;

/** The messages of a channel as people read them. */
export const readable = ({ messages }: { messages: ZoomMessage[] }) =>
  messages.map(({ text, botMessage }) => text ?? cardTexts(botMessage).join(' | '));
