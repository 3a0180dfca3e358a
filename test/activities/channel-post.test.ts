import { describe, expect, test } from 'vitest';
import type { PostToChannelInput } from '../../activities/channel-post.ts';
import { isMarked, postMark, type ChannelPost } from '../../domain/channel-post.ts';
import { makeButtonValue } from '../../domain/commands.ts';
import { lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, failureOf, testStore } from './harness.ts';
import { readable, settledChat, targets } from './settled-chat.ts';

const opened = testStore();

async function setUp(letsBotIn = true) {
  const it = await settledChat(opened.store);
  const { channel, ref } = it.addChatChannel(letsBotIn);
  const input = (post: ChannelPost, changes: Partial<PostToChannelInput> = {}): PostToChannelInput => ({
    chatId: it.chatId,
    accountId: it.accountId,
    channel: ref,
    ownerUserId: it.owner.id,
    visitorName: 'Jane Doe',
    post,
    as: 'bot',
    deliveredSeq: 7,
    targets,
    ...changes,
  });
  const post = (number: number, content: ChannelPost, changes: Partial<PostToChannelInput> = {}) =>
    attempt(number, it.activities.postToChannel, input(content, changes));
  return { ...it, channel, input, post };
}

const lines = (text: string, seq = 7): ChannelPost => ({ kind: 'visitorLines', text, firstSeq: seq, lastSeq: seq });
const down = () => zoomError('unavailable', { ambiguous: true });
const call = { bot: 'bot.postMessage', user: 'sendMessage' } as const;
const either = ['bot', 'user'] as const;

describe('a post', () => {
  test('goes out as the bot; the visitor sees ✓✓', async () => {
    const { post, channel, chatId, pushes, zoom } = await setUp();
    expect(await post(1, lines('Hello'))).toEqual({
      messageId: channel.messages[0]?.id,
      as: 'bot',
      outcomes: ['pushed'],
    });
    expect(readable(channel)).toEqual([`Visitor · Jane Doe | #7 · ${chatId.slice(-6)} | Hello`]);
    expect(pushes).toEqual([{ chatId, entries: [], lastSeq: 0, deliveredSeq: 7 }]);
    expect(zoom.calls).toEqual(['bot.postMessage']);
  });

  test('of the app’s own words changes nothing for the visitor', async () => {
    const { post, channel, chatId, pushes } = await setUp();
    await post(1, { kind: 'greeting', agentName: 'Jill' }, { deliveredSeq: 0 });
    await post(1, { kind: 'closing', number: 1, by: 'idle' }, { deliveredSeq: 0 });
    expect(readable(channel)[0]).toContain(makeButtonValue({ action: 'end', chatId }));
    expect(readable(channel)[1]).toContain('nobody has written for a long time');
    expect(pushes).toEqual([]);
  });

  test('goes out in the owner’s name, with the visitor’s in front, where the bot may not; the next one at once', async () => {
    const { post, channel, zoom, chatId } = await setUp(false);
    expect(await post(1, lines('Hello'))).toMatchObject({ messageId: channel.messages[0]?.id, as: 'user' });
    expect(channel.messages).toEqual([
      expect.objectContaining({ text: `Visitor · Jane Doe · #7 · ${chatId.slice(-6)}\n│ Hello`, fromBot: false }),
    ]);
    zoom.calls.length = 0;
    await post(1, lines('Again', 8), { as: 'user' });
    expect(zoom.calls).toEqual(['sendMessage']);
  });

  test('waits for the bot to be let in when nobody may post in a user’s name either', async () => {
    const { post, zoom } = await setUp(false);
    zoom.fail('sendMessage', zoomError('scopeMissing'));
    expect(await failureOf(post(1, lines('Hello')))).toMatchObject({ type: 'BotNotAllowed', nonRetryable: true });
  });

  test('where the bot may not is said to an administrator once, until a chat greets as the bot again', async () => {
    const { post, channel, zoom } = await setUp(false);
    await post(1, lines('One'));
    await post(1, lines('Two', 8));
    expect(zoom.directMessages).toHaveLength(1);
    channel.letsBotIn = true;
    await post(1, { kind: 'greeting', agentName: 'Jill' });
    channel.letsBotIn = false;
    await post(1, lines('Three', 9));
    expect(zoom.directMessages).toHaveLength(2);
  });

  test('is measured from its first try', async () => {
    const { post, relayed } = await setUp();
    await post(1, lines('Hello'), { firstTriedAt: 5_000 });
    expect(relayed).toEqual([5_000]);
  });
});

describe('a post that is repeated', () => {
  test.each(either)('as %s is found where a lost answer left it', async (as) => {
    const { post, channel, zoom } = await setUp();
    zoom.fail(call[as], { afterEffect: lostAnswer() });
    await failureOf(post(1, lines('Hello'), { as }));
    const { messageId } = await post(2, lines('Hello'), { as });
    expect(channel.messages.map(({ id }) => id)).toEqual([messageId]);
  });

  test.each(either)('as %s by another activity is found too, and the visitor sees ✓✓', async (as) => {
    const { post, channel, zoom, pushes } = await setUp();
    zoom.fail(call[as], { afterEffect: lostAnswer() });
    await failureOf(post(1, lines('Hello'), { as }));
    await post(1, lines('Hello'), { as, firstTriedAt: Date.now() - 1_000 });
    expect(channel.messages).toHaveLength(1);
    expect(pushes).toMatchObject([{ deliveredSeq: 7 }]);
  });

  test('in a user’s name is found by a try as the bot, and says so', async () => {
    const { post, channel, zoom } = await setUp(false);
    zoom.fail('sendMessage', { afterEffect: lostAnswer() });
    await failureOf(post(1, lines('Hello')));
    expect(await post(2, lines('Hello'))).toMatchObject({ messageId: channel.messages[0]?.id, as: 'user' });
    expect(channel.messages).toHaveLength(1);
  });

  test.each(either)('as %s of the same words as another one is known by its mark', async (as) => {
    const { post, channel, zoom } = await setUp();
    await post(1, lines('ok', 7), { as });
    zoom.fail(call[as], down());
    await failureOf(post(1, lines('ok', 8), { as }));
    await post(2, lines('ok', 8), { as });
    await post(2, lines('ok', 8), { as });
    expect(channel.messages).toHaveLength(2);
    expect(readable(channel)[1]).toContain('#8');
  });

  test.each(either)('as %s is not found in what a visitor has written: another post’s mark', async (as) => {
    const { post, channel, zoom, chatId } = await setUp();
    const mark = postMark(chatId, lines('', 8));
    await post(1, lines(mark, 7), { as, visitorName: mark });
    zoom.fail(call[as], down());
    await failureOf(post(1, lines('two', 8), { as }));
    await post(2, lines('two', 8), { as });
    expect(channel.messages).toHaveLength(2);
  });

  test.each(either)('as %s is not found in an agent’s own words', async (as) => {
    const { post, channel, zoom } = await setUp();
    zoom.addMessage(channel.id, { text: 'Hello' });
    zoom.fail(call[as], down());
    await failureOf(post(1, lines('Hello'), { as }));
    await post(2, lines('Hello'), { as });
    expect(channel.messages).toHaveLength(2);
  });

  test('waits for the attempt before it, which Temporal gave up and Zoom did not', async () => {
    const { post, channel, zoom } = await setUp();
    const goOn = zoom.pause('bot.postMessage');
    const givenUp = post(1, lines('Hello'));
    const next = post(2, lines('Hello'));
    await expect.poll(() => zoom.calls).toEqual(['bot.postMessage']);
    goOn();
    expect((await next).messageId).toBe((await givenUp).messageId);
    expect(channel.messages).toHaveLength(1);
  });
});

describe('a post that Zoom does not accept', () => {
  test.each(either)('as %s for what the visitor wrote is refused for good, and nothing else', async (as) => {
    const { post, channel, zoom } = await setUp();
    zoom.refusedWords = 'forbidden words';
    expect(await failureOf(post(1, lines('forbidden words'), { as }))).toMatchObject({
      type: 'PostRefused',
      nonRetryable: true,
    });
    await post(1, { kind: 'notShown', firstSeq: 7, lastSeq: 7 }, { as });
    await post(1, lines('other words', 8), { as });
    expect(channel.messages).toHaveLength(2);
  });

  test.each(either)('as %s for the visitor’s name is made without it, where the words are ours', async (as) => {
    const { post, channel, zoom } = await setUp();
    zoom.refusedWords = 'Jane';
    await post(
      1,
      { kind: 'greeting', agentName: 'Jill', about: { startedAt: 0, page: { url: 'https://example.com/' } } },
      { as },
    );
    await post(1, { kind: 'notShown', firstSeq: 7, lastSeq: 7 }, { as });
    expect(channel.messages).toHaveLength(2);
    expect(readable(channel)[0]).toContain('name not shown');
  });

  test('although the words are ours is wrong in another way: it waits for a repair, and is not dropped', async () => {
    const { post, zoom } = await setUp();
    zoom.refusedWords = 'head';
    const notShown: ChannelPost = { kind: 'notShown', firstSeq: 7, lastSeq: 7 };
    expect(await failureOf(post(1, notShown))).toMatchObject({ type: 'ZoomRefused', nonRetryable: true });
  });

  test.each(['channelGone', 'channelArchived'] as const)('since its channel is gone (%s)', async (kind) => {
    const { post, zoom } = await setUp();
    zoom.fail('bot.postMessage', zoomError(kind));
    expect(await failureOf(post(1, lines('Hello')))).toMatchObject({ type: 'ChannelGone', nonRetryable: true });
  });

  test('since the channel has had too many is tried again', async () => {
    const { post, zoom } = await setUp();
    zoom.fail('bot.postMessage', zoomError('channelThrottled', { retryAfterMs: 10_000 }));
    expect(await failureOf(post(1, lines('Hello')))).toMatchObject({
      type: 'ZoomUnavailable',
      nonRetryable: false,
      nextRetryDelay: 10_000,
    });
  });
});

describe('when the channel’s owner is inactive', () => {
  test('posts go on at once as the bot, for nobody', async () => {
    const it = await setUp();
    await it.addMember(it.agent);
    it.zoom.deactivate(it.owner.id);
    await it.post(1, lines('Hello'));
    await it.post(1, lines('Again', 8));
    expect(it.channel.messages).toHaveLength(2);
    expect(it.zoom.calls).toEqual(['bot.postMessage', 'bot.postMessage']);
  });

  test('a repeat waits for somebody who can look whether it is there, and goes on in the end', async () => {
    const it = await setUp();
    await it.addMember(it.agent);
    await it.store.members.setGrantStatus(it.owner.id, 'needsReconnect');
    it.zoom.deactivate(it.owner.id);
    expect(await failureOf(it.post(2, lines('Hello')))).toMatchObject({ type: 'NeedsReconnect', nonRetryable: true });
    expect(it.channel.messages).toEqual([]);
    await it.post(1, lines('Hello'), { firstTriedAt: Date.now() - 3 * 60_000 });
    expect(it.channel.messages).toHaveLength(1);
  });

  test('in a user’s name a colleague in the channel posts', async () => {
    const it = await setUp(false);
    await it.addMember(it.agent);
    it.channel.members.push(it.agent.email ?? '');
    it.zoom.deactivate(it.owner.id);
    await it.post(1, lines('Hello'), { as: 'user' });
    expect(it.channel.messages).toMatchObject([{ senderEmail: it.agent.email }]);
  });

  test('and no other member is there, the chat waits for a reconnect', async () => {
    const it = await setUp(false);
    it.zoom.deactivate(it.owner.id);
    const failure = await failureOf(it.post(1, lines('Hello'), { as: 'user' }));
    expect(failure).toMatchObject({ type: 'NeedsReconnect', nonRetryable: true });
  });
});

test('a text in a user’s name carries the mark by which its echo is known', async () => {
  const { post, channel, chatId } = await setUp();
  await post(1, { kind: 'closing', number: 1, by: 'visitor' }, { as: 'user' });
  await post(1, lines('Hello'), { as: 'user' });
  for (const { text = '' } of channel.messages) {
    expect(isMarked(chatId, text)).toBe(true);
    expect(isMarked('another-chat', text)).toBe(false);
  }
});
