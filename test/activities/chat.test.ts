import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { buttonValues } from '../../activities/cards.ts';
import { createChatActivities, type ChatActivities } from '../../activities/chat.ts';
import { rememberPeople } from '../../activities/people.ts';
import { endedWords, postText, type ChannelPost } from '../../domain/channel-post.ts';
import { cardTexts, channelJid, channelUrl } from '../../zoom/index.ts';
import { lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, failureOf, settledAccount, testStore } from './harness.ts';

const held = testStore();

async function setUp(changes: Parameters<typeof settledAccount>[1] = {}) {
  const { store } = held;
  const account = await settledAccount(store, changes);
  const { zoom, accountId } = account;
  const activities = createChatActivities({
    store,
    zoom: zoom.client,
    userZoom: zoom.userZoom,
    people: rememberPeople(store.members),
  });
  const chatId = `chat-${randomUUID().slice(0, 12)}`;
  const begin = {
    chatId,
    accountId,
    widgetId: 'widget-1',
    visitor: { name: 'Jane Doe', email: 'jane@example.org' },
    page: { url: 'https://example.com/pricing' },
    startedAt: 1_000,
  };
  await attempt(1, activities.beginChat, begin);
  return { ...account, store, activities, chatId, begin };
}
type SetUp = Awaited<ReturnType<typeof setUp>>;

const seen = (channel: { messages: { botMessage?: unknown; text?: string | undefined }[] }) =>
  channel.messages.map((message) => message.text ?? cardTexts(message.botMessage).join(' | '));

describe('beginChat and recordTranscript', () => {
  test('run again, leave one record as it was first', async () => {
    const { store, activities, chatId, begin } = await setUp();
    await attempt(2, activities.beginChat, { ...begin, visitor: { name: 'Somebody else' } });
    expect(await store.chats.get(chatId)).toMatchObject({
      visitor: { name: 'Jane Doe', email: 'jane@example.org' },
      status: 'waiting',
      deliveredSeq: 0,
      createdAt: new Date(1_000),
    });
  });

  test('record entries once and where the chat stands', async () => {
    const { store, activities, chatId } = await setUp();
    const entry = { kind: 'visitorMessage' as const, seq: 1, at: 1, clientId: 'c1', text: 'Hello' };
    const agents = [{ id: 'jill', name: 'Jill' }];
    await attempt(1, activities.recordTranscript, { chatId, entries: [entry] });
    await attempt(2, activities.recordTranscript, {
      chatId,
      entries: [entry, { kind: 'missed', seq: 2, at: 2 }],
      state: { status: 'ended', agents, endedAt: 5_000 },
    });
    expect(await store.transcript.after(chatId, 0, 10)).toEqual([entry, { kind: 'missed', seq: 2, at: 2 }]);
    expect(await store.chats.get(chatId)).toMatchObject({ status: 'ended', agents, endedAt: new Date(5_000) });
  });
});

describe('postInboundCard', () => {
  const view = ({ chatId, accountId }: SetUp) => ({
    chatId,
    accountId,
    visitorName: 'Jane Doe',
    firstWords: 'Hello',
    face: { status: 'waiting' as const, agents: [] },
    deliveredSeq: 1,
  });

  test('posts the card with Join Chat and keeps where it is', async () => {
    const it = await setUp();
    const posted = await attempt(1, it.activities.postInboundCard, view(it));
    expect(seen(it.inbound)).toEqual([expect.stringContaining(buttonValues.join(it.chatId))]);
    expect(posted).toEqual({
      messageId: it.inbound.messages[0]?.id,
      channelId: it.inbound.id,
      channelJid: channelJid(it.inbound.id),
    });
    expect(await it.store.chats.get(it.chatId)).toMatchObject({ card: posted, deliveredSeq: 1 });
  });

  test('after a lost answer finds its card by reading back, and does not post a second', async () => {
    const it = await setUp();
    it.zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await expect(attempt(1, it.activities.postInboundCard, view(it))).rejects.toThrow();
    const posted = await attempt(2, it.activities.postInboundCard, view(it));
    expect(it.inbound.messages).toHaveLength(1);
    expect(posted.messageId).toBe(it.inbound.messages[0]?.id);
  });

  test('finds the card of a chat that ended before it was posted, which has no button', async () => {
    const it = await setUp();
    const ended = { ...view(it), face: { status: 'ended' as const, agents: [], endedBy: 'visitor' as const } };
    it.zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await expect(attempt(1, it.activities.postInboundCard, ended)).rejects.toThrow();
    await attempt(2, it.activities.postInboundCard, ended);
    expect(it.inbound.messages).toHaveLength(1);
  });

  test('after an attempt that had no effect posts it, whatever other chats posted meanwhile', async () => {
    const it = await setUp();
    it.zoom.fail('bot.postMessage', zoomError('unavailable', { retryable: true }));
    await expect(attempt(1, it.activities.postInboundCard, view(it))).rejects.toThrow();
    it.zoom.addMessage(it.inbound.id, {
      fromBot: true,
      botMessage: { body: [{ value: buttonValues.join('chat-of-others') }] },
    });
    it.zoom.addMessage(it.inbound.id, { text: buttonValues.join(it.chatId) });
    await attempt(2, it.activities.postInboundCard, view(it));
    expect(it.inbound.messages).toHaveLength(3);
  });

  test('does not read the channel on a first attempt', async () => {
    const it = await setUp();
    await attempt(1, it.activities.postInboundCard, view(it));
    expect(it.zoom.calls).toEqual(['bot.postMessage']);
  });

  test('tells the administrator, once, when Zoom does not let the bot in, and keeps waiting', async () => {
    const it = await setUp();
    it.inbound.letsBotIn = false;
    const failure = await failureOf(attempt(1, it.activities.postInboundCard, view(it)));
    expect(failure).toMatchObject({ type: 'BotNotAllowed', nonRetryable: false, nextRetryDelay: 30_000 });
    await failureOf(attempt(2, it.activities.postInboundCard, view(it)));
    expect(it.zoom.directMessages.map(({ toJid }) => toJid)).toEqual([it.owner.jid]);
    it.inbound.letsBotIn = true;
    await attempt(3, it.activities.postInboundCard, view(it));
    expect(it.inbound.messages).toHaveLength(1);
  });

  test('waits for an account whose install has not come to its channel yet', async () => {
    const it = await setUp();
    await it.store.accounts.model.collection.updateOne({ _id: it.accountId as never }, { $unset: { channel: '' } });
    const failure = await failureOf(attempt(1, it.activities.postInboundCard, view(it)));
    expect(failure).toMatchObject({ type: 'AccountUnknown', nonRetryable: false });
  });

  test('acts in the name of a colleague when the owner’s grant no longer works, and waits when nobody’s does', async () => {
    const it = await setUp();
    const { _id, accountId } = { _id: it.agent.id, accountId: it.accountId };
    await it.store.members.setStatus(it.owner.id, 'needsReconnect');
    const alone = await failureOf(attempt(1, it.activities.postInboundCard, view(it)));
    expect(alone).toMatchObject({ type: 'NeedsReconnect', nonRetryable: false });
    await it.store.members.connect({ _id, accountId, name: 'Agent', email: 'a@example.com', jid: 'a@x' });
    await attempt(2, it.activities.postInboundCard, view(it));
    expect(it.inbound.messages).toHaveLength(1);
  });
});

describe('updateInboundCard', () => {
  test('edits the card; one that is gone is no reason to try again', async () => {
    const it = await setUp();
    const input = {
      chatId: it.chatId,
      accountId: it.accountId,
      visitorName: 'Jane Doe',
      firstWords: 'Hello',
      face: { status: 'ended' as const, agents: ['Jill'], endedBy: 'visitor' as const },
      card: { messageId: 'card-1' },
    };
    await attempt(1, it.activities.updateInboundCard, input);
    expect(it.zoom.cardEdits.map(({ messageId }) => messageId)).toEqual(['card-1']);
    it.zoom.fail('bot.updateMessage', zoomError('messageGone'));
    expect(await failureOf(attempt(1, it.activities.updateInboundCard, input))).toMatchObject({
      type: 'MessageGone',
      nonRetryable: true,
    });
  });
});

describe('findAgent', () => {
  const find = ({ activities, accountId }: SetUp, id: string) =>
    attempt(1, activities.findAgent, { accountId, user: { id, name: '' } });

  test('names an active user, with the e-mail address that invitations need', async () => {
    const it = await setUp();
    expect(await find(it, it.agent.id)).toEqual({
      id: it.agent.id,
      name: it.agent.displayName,
      email: it.agent.email,
    });
  });

  test.each([
    ['is not active', { status: 'inactive' }],
    ['has not accepted the invitation to the account', { status: 'pending' }],
    ['has no e-mail address', { email: undefined }],
  ])('refuses for good a user who %s', async (_what, fields) => {
    const it = await setUp();
    it.zoom.addUser('odd', fields);
    expect(await failureOf(find(it, 'odd'))).toMatchObject({ type: 'UserGone', nonRetryable: true });
  });

  test('refuses for good a user whom Zoom does not know', async () => {
    const it = await setUp();
    expect(await failureOf(find(it, 'nobody'))).toMatchObject({ type: 'UserGone', nonRetryable: true });
  });
});

describe('openChatChannel', () => {
  const open = (it: SetUp, number: number, channelsLost = 0) => {
    const { id, displayName: name, email = '' } = it.agent;
    const { chatId, accountId } = it;
    const input = { chatId, accountId, visitorName: 'Jane Doe', agent: { id, name, email }, channelsLost };
    return attempt(number, it.activities.openChatChannel, input);
  };
  const chatChannels = (it: SetUp) => it.zoom.channels.filter((channel) => channel !== it.inbound);

  test('makes a private channel with the agent in it, and keeps it so that webhooks find the chat', async () => {
    const it = await setUp();
    const { channel, ownerUserId } = await open(it, 1);
    expect(ownerUserId).toBe(it.owner.id);
    expect(chatChannels(it)).toEqual([
      expect.objectContaining({ type: 'privateInternal', members: [it.owner.email, it.agent.email] }),
    ]);
    expect((await it.store.chatChannels.get(channel.id))?.chatId).toBe(it.chatId);
  });

  test('finds the channel of an attempt whose answer was lost, by its name', async () => {
    const it = await setUp();
    it.zoom.fail('createChannel', { afterEffect: lostAnswer() });
    await expect(open(it, 1)).rejects.toThrow();
    const { channel } = await open(it, 2);
    expect(chatChannels(it).map(({ id }) => id)).toEqual([channel.id]);
  });

  test('takes the channel that has the name already when Zoom says so on a first attempt', async () => {
    const it = await setUp();
    const { channel } = await open(it, 1);
    expect((await open(it, 1)).channel).toEqual(channel);
    expect(chatChannels(it)).toHaveLength(1);
  });

  test('takes another name when the first belongs to a channel of others, or of another chat', async () => {
    const it = await setUp();
    const { channel } = await open(it, 1);
    it.zoom.channel(channel.id).members = [];
    const unseen = await open(it, 1);
    expect(unseen.channel.id).not.toBe(channel.id);
    const other = { ...it, chatId: `x${it.chatId}` };
    await attempt(1, it.activities.beginChat, { ...it.begin, chatId: other.chatId });
    const { channel: own } = await open(other, 2);
    expect((await it.store.chatChannels.get(own.id))?.chatId).toBe(other.chatId);
    expect((await it.store.chatChannels.get(unseen.channel.id))?.chatId).toBe(it.chatId);
  });

  test('keeps trying when every name is taken', async () => {
    const it = await setUp();
    it.zoom.fail('createChannel', ...Array.from({ length: 5 }, () => zoomError('nameTaken')));
    const failure: unknown = await open(it, 1).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toMatchObject({ nonRetryable: true });
  });

  test('makes another channel when the first was archived, which keeps its name', async () => {
    const it = await setUp();
    const first = await open(it, 1);
    it.zoom.channel(first.channel.id).archived = true;
    const second = await open(it, 1, 1);
    expect(second.channel.id).not.toBe(first.channel.id);
    expect((await it.store.chatChannels.get(second.channel.id))?.chatId).toBe(it.chatId);
  });

  test('invites the agent also when the channel was there without them, and not the owner into their own', async () => {
    const it = await setUp();
    const first = await open(it, 1);
    it.zoom.channel(first.channel.id).members = [it.owner.email ?? ''];
    const { channel } = await open(it, 2);
    expect(channel).toEqual(first.channel);
    expect(it.zoom.channel(channel.id).members).toContain(it.agent.email);
    const own = await setUp();
    await open({ ...own, agent: own.owner }, 1);
    expect(own.zoom.calls).not.toContain('ensureMember');
  });
});

describe('inviteAgent', () => {
  test('brings an agent into the channel; the owner is in it already', async () => {
    const it = await setUp();
    const { id } = it.zoom.addChannel('chat', { members: [it.owner.email ?? ''] });
    const invite = (user: typeof it.agent) =>
      attempt(1, it.activities.inviteAgent, {
        channelId: id,
        ownerUserId: it.owner.id,
        agent: { id: user.id, name: user.displayName, email: user.email ?? '' },
      });
    await invite(it.owner);
    expect(it.zoom.calls).toEqual([]);
    await invite(it.agent);
    await invite(it.agent);
    expect(it.zoom.channel(id).members).toEqual([it.owner.email, it.agent.email]);
  });
});

describe('postToChatChannel', () => {
  async function inChannel(letsBotIn = true) {
    const it = await setUp();
    const { id, name } = it.zoom.addChannel('chat', { members: [it.owner.email ?? ''], letsBotIn });
    const jid = channelJid(id);
    const post = (
      number: number,
      content: ChannelPost,
      options: Partial<Parameters<ChatActivities['postToChatChannel']>[0]> = {},
    ) =>
      attempt(number, it.activities.postToChatChannel, {
        chatId: it.chatId,
        accountId: it.accountId,
        channel: { id, jid, name, url: channelUrl(jid) },
        ownerUserId: it.owner.id,
        visitorName: 'Jane Doe',
        content,
        as: 'bot',
        knownIds: [],
        ...options,
      });
    return { ...it, channel: it.zoom.channel(id), post };
  }
  const lines = (text: string, lastSeq = 7): ChannelPost => ({ kind: 'visitorLines', text, lastSeq });
  const down = () => zoomError('unavailable', { retryable: true });

  test('posts as the bot and keeps how far the visitor’s messages have come', async () => {
    const { post, channel, store, chatId } = await inChannel();
    expect(await post(1, lines('Hello'))).toEqual({ messageIds: [channel.messages[0]?.id], as: 'bot' });
    expect(seen(channel)).toEqual(['Jane Doe | Hello']);
    expect((await store.chats.get(chatId))?.deliveredSeq).toBe(7);
  });

  test('posts in the owner’s name, with the visitor’s in front, where the bot may not', async () => {
    const { post, channel, store, chatId } = await inChannel(false);
    expect(await post(1, lines('Hello'))).toEqual({ messageIds: [channel.messages[0]?.id], as: 'user' });
    expect(channel.messages).toEqual([expect.objectContaining({ text: 'Jane Doe: Hello', fromBot: false })]);
    expect((await store.chats.get(chatId))?.deliveredSeq).toBe(7);
  });

  test('goes on in the owner’s name without asking the bot again', async () => {
    const { post, zoom } = await inChannel(false);
    await post(1, lines('Hello'), { as: 'user' });
    expect(zoom.calls).toEqual(['sendMessage']);
  });

  test.each(['bot', 'user'] as const)('as %s finds what a lost answer left there, and posts it once', async (as) => {
    const { post, channel, zoom } = await inChannel();
    zoom.fail(as === 'bot' ? 'bot.postMessage' : 'sendMessage', { afterEffect: lostAnswer() });
    await expect(post(1, lines('Hello'), { as })).rejects.toThrow();
    const { messageIds } = await post(2, lines('Hello'), { as });
    expect(channel.messages).toHaveLength(1);
    expect(messageIds).toEqual([channel.messages[0]?.id]);
  });

  test.each(['bot', 'user'] as const)(
    'as %s takes an identical message of an earlier post for what it is, by its id',
    async (as) => {
      const { post, channel, zoom } = await inChannel();
      const first = await post(1, lines('Hello?', 1), { as });
      zoom.fail(as === 'bot' ? 'bot.postMessage' : 'sendMessage', down());
      await expect(post(1, lines('Hello?', 2), { as, knownIds: first.messageIds })).rejects.toThrow();
      const second = await post(2, lines('Hello?', 2), { as, knownIds: first.messageIds });
      expect(channel.messages).toHaveLength(2);
      expect(second.messageIds).not.toEqual(first.messageIds);
    },
  );

  test.each(['bot', 'user'] as const)('as %s does not take an agent’s own words for its post', async (as) => {
    const { post, channel, zoom } = await inChannel();
    zoom.addMessage(channel.id, { text: 'Hello', fromBot: false });
    zoom.fail(as === 'bot' ? 'bot.postMessage' : 'sendMessage', down());
    await expect(post(1, lines('Hello'), { as })).rejects.toThrow();
    await post(2, lines('Hello'), { as });
    expect(channel.messages).toHaveLength(2);
  });

  test.each(['bot', 'user'] as const)('as %s splits a long text, and nothing of it is lost', async (as) => {
    const { post, channel } = await inChannel();
    const text = Array.from({ length: 400 }, (_, n) => `word${n}`).join(' ');
    const { messageIds } = await post(1, lines(text), { as });
    const said = channel.messages.map((message) => message.text ?? cardTexts(message.botMessage).at(-1) ?? '');
    expect(said.join('')).toBe(as === 'bot' ? text : `Jane Doe: ${text}`);
    expect(said.every((part) => part.length <= 1_024)).toBe(true);
    expect(messageIds).toEqual(channel.messages.map(({ id }) => id));
  });

  test('after a fault between two equal parts posts just the missing one', async () => {
    const { post, channel, zoom } = await inChannel();
    const text = 'x'.repeat(1_024).repeat(2);
    zoom.fail('bot.postMessage', undefined, down());
    await expect(post(1, lines(text))).rejects.toThrow();
    expect(channel.messages).toHaveLength(1);
    const { messageIds } = await post(2, lines(text));
    expect(channel.messages).toHaveLength(2);
    expect(messageIds).toEqual(channel.messages.map(({ id }) => id));
  });

  test('after a lost answer to the second of two equal parts posts neither again', async () => {
    const { post, channel, zoom } = await inChannel();
    zoom.fail('bot.postMessage', undefined, { afterEffect: lostAnswer() });
    await expect(post(1, lines('x'.repeat(2_048)))).rejects.toThrow();
    const { messageIds } = await post(2, lines('x'.repeat(2_048)));
    expect(channel.messages).toHaveLength(2);
    expect(new Set(messageIds).size).toBe(2);
  });

  test('leaves out parts of white space, which Zoom refuses', async () => {
    const { post, channel } = await inChannel();
    await post(1, lines(`a${' '.repeat(3_500)}b`), { as: 'user' });
    expect(channel.messages.every(({ text }) => text?.trim() !== '')).toBe(true);
    expect(channel.messages.at(-1)?.text?.trim()).toBe('b');
  });

  test('greets with End Chat and finds its greeting again by it', async () => {
    const { post, channel, zoom, chatId } = await inChannel();
    const greeting: ChannelPost = { kind: 'greeting', agentName: 'Jill', page: { url: 'https://example.com/' } };
    zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await expect(post(1, greeting)).rejects.toThrow();
    await post(2, greeting);
    expect(seen(channel)).toEqual([expect.stringContaining(buttonValues.end(chatId))]);
  });

  test('says goodbye in the words of who ended it, as bot and as user', async () => {
    const { post, channel } = await inChannel();
    await post(1, { kind: 'closing', by: 'idle' });
    await post(1, { kind: 'closing', by: 'visitor' }, { as: 'user' });
    expect(seen(channel)[0]).toContain(endedWords.idle);
    expect(seen(channel)[1]).toBe(postText('Jane Doe', { kind: 'closing', by: 'visitor' }));
  });

  test('records the entries that it is given, also on a repeat', async () => {
    const { post, store, chatId, zoom } = await inChannel();
    const entries = [{ kind: 'visitorMessage' as const, seq: 1, at: 1, clientId: 'c1', text: 'Hello' }];
    zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await expect(post(1, lines('Hello'), { entries })).rejects.toThrow();
    await post(2, lines('Hello'), { entries });
    expect(await store.transcript.after(chatId, 0, 10)).toEqual(entries);
  });

  test('told to look first, finds on a first attempt what another process has posted, and posts what it has not', async () => {
    const { post, channel } = await inChannel();
    const [first] = (await post(1, lines('Hello'))).messageIds;
    expect(await post(1, lines('Hello'), { lookFirst: true })).toEqual({ messageIds: [first], as: 'bot' });
    expect(channel.messages).toHaveLength(1);
    await post(1, lines('Hello'), { lookFirst: true, knownIds: [first ?? ''] });
    expect(channel.messages).toHaveLength(2);
  });

  test('told to look first, does not take equal words of long ago for this post', async () => {
    const { post, channel } = await inChannel();
    const ids: string[] = [];
    for (const text of ['ok', 'one', 'two']) ids.push(...(await post(1, lines(text))).messageIds);
    await post(1, lines('ok'), { lookFirst: true, knownIds: ids.slice(-2) });
    expect(channel.messages).toHaveLength(4);
  });

  test('told since when to look, does not take the same words from before for this post', async () => {
    const { post, channel, zoom } = await inChannel();
    zoom.addMessage(channel.id, {
      fromBot: true,
      botMessage: { body: [{ type: 'message', text: 'ok' }] },
      timestamp: Date.now() - 60_000,
    });
    const lookSinceMs = Date.now() - 10_000;
    await post(1, lines('ok'), { lookFirst: true, lookSinceMs });
    expect(channel.messages).toHaveLength(2);
    await post(1, lines('ok'), { lookFirst: true, lookSinceMs });
    expect(channel.messages).toHaveLength(2);
  });

  test.each(['channelGone', 'channelArchived'] as const)(
    '%s is final, so that the chat can go on elsewhere',
    async (kind) => {
      const { post, zoom } = await inChannel();
      zoom.fail('bot.postMessage', zoomError(kind));
      expect(await failureOf(post(1, lines('Hello')))).toMatchObject({ type: 'ChannelGone', nonRetryable: true });
    },
  );
});

describe('readChannelBack', () => {
  test('gives what people wrote, however much the bot has posted since', async () => {
    const it = await setUp();
    const channel = it.zoom.addChannel('chat', { members: [it.owner.email ?? ''] });
    it.zoom.addMessage(channel.id, { id: 'z1', text: 'early', senderEmail: it.owner.email });
    for (let n = 0; n < 300; n += 1) it.zoom.addMessage(channel.id, { fromBot: true, botMessage: { body: [] } });
    const input = { channelId: channel.id, ownerUserId: it.owner.id, sinceMs: Date.now() - 60_000 };
    expect(await attempt(1, it.activities.readChannelBack, input)).toMatchObject([{ messageId: 'z1' }]);
  });

  test('gives what people wrote, with their ids and files, and nothing of the bot', async () => {
    const it = await setUp();
    const { owner, agent } = it;
    const members = [owner.email ?? '', agent.email ?? ''];
    const channel = it.zoom.addChannel('chat', { members });
    const since = Date.now() - 60_000;
    const at = Date.now();
    it.zoom.addMessage(channel.id, { text: 'before', senderEmail: agent.email, timestamp: since - 1 });
    it.zoom.addMessage(channel.id, { fromBot: true, botMessage: { body: [] } });
    const written = [
      { id: 'z1', text: 'by e-mail', senderEmail: agent.email },
      { id: 'z2', text: 'by member id', senderMemberId: `member-${owner.email ?? ''}` },
      { id: 'z3', text: 'an outsider', senderMemberId: 'member-of-others' },
      { id: 'z4', senderEmail: agent.email, files: [{ name: 'a.pdf' }, { id: 'nameless' }] },
    ];
    for (const message of written) it.zoom.addMessage(channel.id, { timestamp: at, ...message });
    const read = await attempt(1, it.activities.readChannelBack, {
      channelId: channel.id,
      ownerUserId: owner.id,
      sinceMs: since,
    });
    expect(read).toEqual([
      { messageId: 'z1', userId: agent.id, text: 'by e-mail', files: [], at },
      { messageId: 'z2', userId: owner.id, text: 'by member id', files: [], at },
      { messageId: 'z3', userId: '', text: 'an outsider', files: [], at },
      { messageId: 'z4', userId: agent.id, text: '', files: ['a.pdf'], at },
    ]);
  });
});
