import { describe, expect, test } from 'vitest';
import { channelJid } from '../../zoom/index.ts';
import { lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, cardTexts, failureOf, testStore } from './harness.ts';
import { settledChat } from './settled-chat.ts';

const opened = testStore();

async function setUp() {
  const it = await settledChat(opened.store);
  const { accountId, inbound } = it;
  const input = { accountId, channel: { id: inbound.id, jid: channelJid(inbound.id) }, mark: 'Queue abc', count: 12 };
  const post = (number = 1, changes: { firstTriedAt?: number } = {}) =>
    attempt(number, it.activities.postQueueCard, { ...input, ...changes });
  return { ...it, post };
}

describe('the card that says how many chats wait', () => {
  test('is one post, and says the number', async () => {
    const { post, inbound, zoom } = await setUp();
    const card = await post();
    expect(card).toEqual({
      messageId: inbound.messages[0]?.id,
      channelId: inbound.id,
      channelJid: channelJid(inbound.id),
    });
    expect(cardTexts(inbound.messages[0]?.botMessage)).toContain('12 more chats wait');
    expect(zoom.calls).toEqual(['bot.postMessage']);
  });

  test('is found again when the answer of its post was lost', async () => {
    const { post, inbound, zoom } = await setUp();
    zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await failureOf(post());
    expect((await post(1, { firstTriedAt: Date.now() - 1_000 })).messageId).toBe(inbound.messages[0]?.id);
    expect(inbound.messages).toHaveLength(1);
  });

  test('is edited, until nobody waits', async () => {
    const { post, zoom, accountId, activities } = await setUp();
    const card = await post();
    const update = (count: number) =>
      attempt(1, activities.updateQueueCard, { accountId, mark: 'Queue abc', card, count });
    await update(1);
    await update(0);
    const heads = zoom.cardEdits.map((edit) => cardTexts(edit.card)[0]);
    expect(heads).toEqual(['1 more chat waits', 'No more chats wait']);
    zoom.fail('bot.updateMessage', zoomError('messageGone'));
    expect((await failureOf(update(2))).type).toBe('MessageGone');
  });
});

describe('the reminder of visitors who wait', () => {
  const setUpReminder = async () => {
    const it = await setUp();
    const channel = { id: it.inbound.id, jid: channelJid(it.inbound.id) };
    const remind = () =>
      attempt(1, it.activities.postReminder, { accountId: it.accountId, channel, mark: 'Reminder abc' });
    return { ...it, channel, remind };
  };

  test('is a new post that says how many, and for how long the first has been waiting', async () => {
    const { store, chatId, accountId, widgetId, inbound, remind } = await setUpReminder();
    const since = new Date(Date.now() - 6 * 60_000);
    await store.chats.set(chatId, { waitingSince: since });
    expect(await remind()).toEqual({ count: 1 });
    expect(cardTexts(inbound.messages[0]?.botMessage).join(' ')).toContain('waiting for 6 minutes');
    const begun = { accountId, widgetId, visitor: { name: 'Max' }, agents: [], answeredBy: [], deliveredSeq: 0 };
    await store.chats.begin({ ...begun, _id: `${chatId}-2`, status: 'missed', createdAt: new Date() });
    await store.chats.begin({ ...begun, _id: `${chatId}-3`, status: 'active', createdAt: new Date() });
    expect(await remind()).toEqual({ count: 2 });
    expect(cardTexts(inbound.messages[1]?.botMessage)).toContain('2 visitors wait for an agent');
  });

  test('is not posted when nobody waits any more, nor for the chats of another channel', async () => {
    const { store, chatId, accountId, inbound, activities, remind } = await setUpReminder();
    const channel = { id: 'another', jid: channelJid('another') };
    expect(await attempt(1, activities.postReminder, { accountId, channel, mark: 'Reminder x' })).toEqual({ count: 0 });
    await store.chats.set(chatId, { status: 'active' });
    expect(await remind()).toEqual({ count: 0 });
    expect(inbound.messages).toEqual([]);
  });
});
