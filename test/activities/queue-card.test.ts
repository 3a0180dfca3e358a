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
