import { describe, expect, test } from 'vitest';
import type { PostInboundCardInput } from '../../activities/inbound-card.ts';
import { makeButtonValue } from '../../domain/commands.ts';
import type { InboundCardContent } from '../../domain/inbound-card.ts';
import { channelJid, channelUrl } from '../../zoom/index.ts';
import { lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, cardTexts, failureOf, testStore } from './harness.ts';
import { readable, settledChat, targets, type SettledChat } from './settled-chat.ts';

const opened = testStore();
const setUp = () => settledChat(opened.store);
const content: InboundCardContent = {
  number: 1,
  visitorName: 'Jane Doe',
  words: 'Hello',
  status: 'waiting',
  agents: [],
  wereIn: [],
  joining: [],
};

function post(it: SettledChat, number: number, changes: Partial<PostInboundCardInput> = {}) {
  const { chatId, accountId, widgetId } = it;
  const input = { chatId, accountId, widgetId, content, deliveredSeq: 1, targets };
  return attempt(number, it.activities.postInboundCard, { ...input, ...changes });
}

/** Somebody chooses another inbound channel in the settings. */
async function chooseAnother(it: SettledChat) {
  const channel = it.zoom.addChannel('Sales', { members: [it.owner.email ?? ''] });
  const jid = channelJid(channel.id);
  const { id, name } = channel;
  await it.store.widgets.setInboundChannel(it.widgetId, { id, jid, name, url: channelUrl(jid) });
  return channel;
}

describe('postInboundCard', () => {
  test('posts the card with Join Chat, keeps where it is, and shows the visitor ✓✓', async () => {
    const it = await setUp();
    const { card, outcomes } = await post(it, 1);
    expect(readable(it.inbound)).toEqual([
      expect.stringContaining(makeButtonValue({ action: 'join', chatId: it.chatId })),
    ]);
    expect(card).toEqual({
      messageId: it.inbound.messages[0]?.id,
      channelId: it.inbound.id,
      channelJid: channelJid(it.inbound.id),
    });
    expect(outcomes).toEqual(['pushed']);
    expect(it.pushes).toEqual([{ chatId: it.chatId, entries: [], lastSeq: 0, deliveredSeq: 1 }]);
    expect(await it.store.chats.get(it.chatId)).toMatchObject({ card, deliveredSeq: 1 });
  });

  test('is one call on a first try', async () => {
    const it = await setUp();
    await post(it, 1);
    expect(it.zoom.calls).toEqual(['bot.postMessage']);
  });

  test.each<[string, number, (it: SettledChat) => Partial<PostInboundCardInput>]>([
    ['attempt', 2, () => ({})],
    ['activity', 1, () => ({ firstTriedAt: Date.now() - 1_000 })],
  ])('after a lost answer to an earlier %s finds its card, and does not post a second', async (_what, number, more) => {
    const it = await setUp();
    it.zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await failureOf(post(it, 1));
    const { card } = await post(it, number, more(it));
    expect(it.inbound.messages.map(({ id }) => id)).toEqual([card.messageId]);
  });

  test('finds the card of a chat that ended before it was posted, which has no button', async () => {
    const it = await setUp();
    const ended: InboundCardContent = { ...content, status: 'ended', endedBy: 'visitor' };
    it.zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await failureOf(post(it, 1, { content: ended }));
    await post(it, 2, { content: ended });
    expect(it.inbound.messages).toHaveLength(1);
  });

  test('finds it where the settings let it be posted at the first try', async () => {
    const it = await setUp();
    it.zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await failureOf(post(it, 1));
    const sales = await chooseAnother(it);
    expect((await post(it, 2)).card.channelId).toBe(it.inbound.id);
    expect(sales.messages).toEqual([]);
  });

  test('after a try without effect posts it, whatever others posted meanwhile', async () => {
    const it = await setUp();
    it.zoom.fail('bot.postMessage', zoomError('unavailable', { ambiguous: true }));
    await failureOf(post(it, 1));
    it.zoom.addMessage(it.inbound.id, { fromBot: true, botMessage: { body: [{ value: 'join:chat-of-others' }] } });
    it.zoom.addMessage(it.inbound.id, { text: it.chatId });
    await post(it, 2);
    expect(it.inbound.messages).toHaveLength(3);
  });

  test('two attempts at the same time post it once', async () => {
    const it = await setUp();
    const goOn = it.zoom.pause('bot.postMessage');
    const givenUp = post(it, 1);
    const next = post(it, 2);
    await expect.poll(() => it.zoom.calls).toEqual(['bot.postMessage']);
    goOn();
    expect((await next).card).toEqual((await givenUp).card);
    expect(it.inbound.messages).toHaveLength(1);
  });

  test('goes out without what the visitor wrote when Zoom does not accept that', async () => {
    const it = await setUp();
    it.zoom.refusedWords = 'Hello';
    await post(it, 1);
    expect(readable(it.inbound)).toEqual([expect.stringContaining('Zoom refuses to show here')]);
    expect(readable(it.inbound)).toEqual([
      expect.stringContaining(makeButtonValue({ action: 'join', chatId: it.chatId })),
    ]);
  });

  test('is not taken for refused for its content when words of ours are refused as well', async () => {
    const it = await setUp();
    it.zoom.refusedWords = 'head';
    expect(await failureOf(post(it, 1))).toMatchObject({ type: 'ZoomRefused', nonRetryable: true });
  });

  test('waits for an inbound channel', async () => {
    const it = await setUp();
    const failure = await failureOf(post(it, 1, { widgetId: 'widget-of-nobody' }));
    expect(failure).toMatchObject({ type: 'AccountUnknown', nonRetryable: true });
  });
});

describe('an administrator is asked for help', () => {
  const asked = ({ zoom }: SettledChat) =>
    zoom.directMessages.map(({ toJid, card }) => [toJid, cardTexts(card).join()]);

  test('once, however many chats wait, when the bot may not post; and again only after it could', async () => {
    const it = await setUp();
    it.inbound.letsBotIn = false;
    for (let chat = 0; chat < 3; chat += 1) {
      const failure = await failureOf(post(it, 1, { chatId: `${it.chatId}${chat}` }));
      expect(failure).toMatchObject({ type: 'BotNotAllowed', nonRetryable: true });
    }
    expect(asked(it)).toEqual([[it.owner.jid, expect.stringContaining('Live Chat Inbound')]]);
    it.inbound.letsBotIn = true;
    await post(it, 1);
    it.inbound.letsBotIn = false;
    await failureOf(post(it, 1));
    expect(asked(it)).toHaveLength(2);
  });

  test.each(['archived', 'deleted'])('to choose another channel when the inbound channel is %s', async (what) => {
    const it = await setUp();
    if (what === 'archived') it.inbound.archived = true;
    else it.zoom.deleteChannel(it.inbound.id);
    for (const number of [1, 2]) {
      expect(await failureOf(post(it, number))).toMatchObject({ type: 'ChannelGone', nonRetryable: true });
    }
    expect(asked(it)).toEqual([[it.owner.jid, expect.stringContaining('https://chat.example.com/settings')]]);
    const sales = await chooseAnother(it);
    await post(it, 2);
    expect(sales.messages).toHaveLength(1);
  });

  test('who can act: a colleague when the owner is inactive', async () => {
    const it = await setUp();
    await it.addMember(it.agent);
    it.zoom.deactivate(it.owner.id);
    it.inbound.archived = true;
    await failureOf(post(it, 1));
    expect(asked(it)).toEqual([[it.agent.jid, expect.any(String)]]);
  });

  test('later, when nobody could be reached at first', async () => {
    const it = await setUp();
    it.inbound.letsBotIn = false;
    it.zoom.fail('bot.postMessage', undefined, zoomError('unavailable', { ambiguous: true }));
    await failureOf(post(it, 1));
    await failureOf(post(it, 1));
    expect(asked(it)).toHaveLength(1);
  });
});

test('a new card of a chat is not taken for the one that it had before', async () => {
  const it = await setUp();
  const { card } = await post(it, 1);
  const again = await post(it, 2, { content: { ...content, number: 2 } });
  expect(again.card.messageId).not.toBe(card.messageId);
});

describe('updateInboundCard', () => {
  const update = (it: SettledChat, changes: Partial<InboundCardContent> = {}, inbound = it.inbound) => {
    const { chatId, accountId } = it;
    return attempt(1, it.activities.updateInboundCard, {
      chatId,
      accountId,
      widgetId: it.widgetId,
      card: { messageId: 'card-1', channelId: inbound.id, channelJid: channelJid(inbound.id) },
      content: { ...content, ...changes },
      deliveredSeq: 3,
      targets,
    });
  };

  test('edits the card and shows the visitor ✓✓ for what it says', async () => {
    const it = await setUp();
    expect(await update(it, { status: 'active', agents: ['Jill'] })).toEqual({ outcomes: ['pushed'] });
    expect(it.zoom.cardEdits).toMatchObject([
      { messageId: 'card-1', card: { head: { text: 'In conversation: Visitor · Jane Doe' } } },
    ]);
    expect(await it.store.chats.get(it.chatId)).toMatchObject({ deliveredSeq: 3 });
    expect(it.pushes).toMatchObject([{ deliveredSeq: 3 }]);
  });

  test('says that the card is gone', async () => {
    const it = await setUp();
    it.zoom.fail('bot.updateMessage', zoomError('messageGone'));
    expect(await failureOf(update(it))).toMatchObject({ type: 'MessageGone', nonRetryable: true });
  });

  test('says so too when chats go to another channel by now, and waits for a repair while they do not', async () => {
    const it = await setUp();
    it.zoom.fail('bot.updateMessage', zoomError('channelArchived'), zoomError('channelGone'));
    expect(await failureOf(update(it))).toMatchObject({ type: 'ChannelGone' });
    const former = { ...it.inbound, id: 'former' };
    expect(await failureOf(update(it, {}, former))).toMatchObject({ type: 'MessageGone', nonRetryable: true });
  });
});
