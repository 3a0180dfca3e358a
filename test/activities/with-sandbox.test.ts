import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createChatActivities } from '../../activities/chat.ts';
import { createChatZoomActivities } from '../../activities/chat-zoom.ts';
import { cacheMembers } from '../../activities/members.ts';
import { NeedsReconnectError, type UserZoom } from '../../activities/user-zoom.ts';
import type { ChannelPost } from '../../domain/channel-post.ts';
import type { InboundCardContent } from '../../domain/inbound-card.ts';
import { createZoomClient, isZoomError } from '../../zoom/index.ts';
import { botJid, clientId, closeAll, list, part, rig, type Rig } from '../tools/sandbox/helpers.ts';
import type { AboutVisitor } from '../../domain/visitor.ts';
import { attempt, failureOf, testStore } from './harness.ts';

/*
 * The activities with the real client against the sandbox: what the client sends is what the sandbox takes for Zoom's
 * contract, what the sandbox answers is what the table of faults and the marks of posts expect.
 */

const opened = testStore();
const sandbox: { rig?: Rig } = {};
beforeAll(async () => {
  sandbox.rig = await rig();
});
afterAll(closeAll);

const lines = (text: string, seq: number): ChannelPost => ({ kind: 'visitorLines', text, firstSeq: seq, lastSeq: seq });
const about: AboutVisitor = {
  startedAt: 1_000,
  timeZone: 'Europe/Berlin',
  page: { url: 'https://example.com/pricing', title: 'Pricing' },
  attributes: { plan: 'gold' },
};

/** A chat of a new widget whose inbound channel is Alex's; Alex has added the app, and Ada if asked for. */
async function setUp({ colleague = false } = {}) {
  const { store } = opened;
  const it = sandbox.rig;
  if (!it) throw new Error('The sandbox is there once tests run.');
  await it.control('/reset');
  const zoom = createZoomClient({
    apiUrl: `${it.sandbox.url}/v2`,
    oauthUrl: `${it.sandbox.url}/oauth`,
    clientId,
    clientSecret: 'sandbox-client-secret',
    botJid,
  });
  const tokens = new Map<string, string>();
  const userZoom: UserZoom = async (userId, calls) => {
    try {
      return await calls(zoom.asUser(tokens.get(userId) ?? 'none', { userId }));
    } catch (error) {
      throw isZoomError(error, 'unauthorized') ? new NeedsReconnectError() : error;
    }
  };
  const accountId = `account-${randomUUID().slice(0, 8)}`;
  const join = async (email: string) => {
    const { access } = await it.install(email);
    const { id, displayName, jid, role, accountId: zoomAccount } = await zoom.asUser(access).getMe();
    tokens.set(id, access);
    await store.members.connect({ _id: id, accountId: zoomAccount, name: displayName, email, jid, role });
    return { id, zoomAccount };
  };
  // The sandbox's people are the same in each test.
  await store.members.model.deleteMany({});
  const alex = await join('alex@example.com');
  await store.accounts.provision({
    _id: alex.zoomAccount,
    name: 'example.com',
    ownerUserId: alex.id,
    createdAt: new Date(),
    trialEndsAt: new Date(),
    retentionDays: 365,
  });
  const ada = colleague ? await join('ada@example.com') : undefined;
  const { id, jid, name, url } = await userZoom(alex.id, (api) =>
    api.createChannel({ name: `Inbound ${accountId}`, type: 'public' }),
  );
  const inbound = { id, jid, name, url };
  const widgetId = `widget-${accountId}`;
  await store.widgets.provision({
    _id: widgetId,
    accountId: alex.zoomAccount,
    name: widgetId,
    createdAt: new Date(),
    inboundChannel: inbound,
    settings: { teamName: 'Our team', pageQuery: [] },
  });
  const push = () => Promise.resolve([]);
  const activities = createChatZoomActivities({
    store,
    zoom,
    userZoom,
    members: cacheMembers(store.members),
    push,
    publicUrl: 'https://chat.example.com',
  });
  const chatId = `chat-${randomUUID().slice(0, 12)}`;
  const chat = { chatId, accountId: alex.zoomAccount };
  await attempt(1, createChatActivities({ store, push }).recordChat, {
    ...chat,
    widgetId,
    visitor: { name: 'Jane Doe' },
    startedAt: 1_000,
  });
  const postCard = (number: number) =>
    attempt(number, activities.postInboundCard, {
      ...chat,
      widgetId,
      content: {
        number: 1,
        visitorName: 'Jane Doe',
        words: 'Hello',
        status: 'waiting',
        agents: [],
        wereIn: [],
        joining: [],
        about,
      },
      deliveredSeq: 1,
      targets: [],
    });
  const createChannel = (number: number) =>
    attempt(number, activities.createChatChannel, { ...chat, visitorName: 'Jane Doe', channelsLost: 0 });
  /** Posts into the chat channel, which is made first. */
  const inChannel = async () => {
    const { channel, ownerUserId } = await createChannel(1);
    const post = (number: number, content: ChannelPost, as: 'bot' | 'user' = 'bot') =>
      attempt(number, activities.postToChannel, {
        ...chat,
        channel,
        ownerUserId,
        visitorName: 'Jane Doe',
        post: content,
        as,
        deliveredSeq: 0,
        targets: [],
      });
    return { channel, ownerUserId, post };
  };
  /** Texts in a channel, and who they are of. */
  const messagesIn = async (channelId: string) =>
    list((await it.channel(channelId))['messages']).map((message) => String(part(message)['text']));
  return { it, activities, chat, widgetId, alex, ada, inbound, postCard, createChannel, inChannel, messagesIn };
}

test('a card is posted, found again by its mark, and edited', async () => {
  const { activities, chat, postCard, inbound, widgetId } = await setUp();
  const first = await postCard(1);
  expect((await postCard(2)).card).toEqual(first.card);
  await attempt(1, activities.updateInboundCard, {
    ...chat,
    widgetId,
    card: first.card,
    content: {
      number: 1,
      visitorName: 'Jane Doe',
      words: 'Hello',
      status: 'ended',
      agents: ['Jill'],
      wereIn: [],
      joining: [],
      endedBy: 'visitor',
      about,
    },
    deliveredSeq: 1,
    targets: [],
  });
  expect((await postCard(2)).card).toEqual({ ...first.card, channelId: inbound.id });
});

test.each([
  ['an admin-managed app, whose bot names nobody', { userJidRequired: false }],
  ['a bot that has to name a member of the channel', { userJidRequired: true }],
])('an inbound channel that the owner has left goes on: %s', async (_what, switches) => {
  const { it, activities, chat, widgetId, alex, ada, inbound, postCard } = await setUp({ colleague: true });
  await it.switches(switches);
  const channel_id = inbound.id;
  expect((await it.control(`/users/${alex.id}/invite`, { channel_id, user_ids: [ada?.id] })).status).toBe(200);
  expect((await it.control(`/users/${alex.id}/leave`, { channel_id })).status).toBe(200);
  const first = await postCard(1);
  // Looked for as a colleague who is in the channel.
  expect((await postCard(2)).card).toEqual(first.card);
  const content: InboundCardContent = {
    number: 1,
    visitorName: 'Jane Doe',
    words: 'Hello',
    status: 'ended',
    agents: [],
    wereIn: [],
    joining: [],
    endedBy: 'visitor',
  };
  await attempt(1, activities.updateInboundCard, {
    ...chat,
    widgetId,
    card: first.card,
    content,
    deliveredSeq: 1,
    targets: [],
  });
});

test.each(['archived', 'deleted'])('an inbound channel that is %s is said to be gone', async (what) => {
  const { it, postCard, inbound, alex } = await setUp();
  const path = `/_sandbox/users/${alex.id}/channels/${inbound.id}`;
  const { status } = await (what === 'archived' ? it.call('PATCH', path, { archived: true }) : it.call('DELETE', path));
  expect(status).toBe(200);
  expect(await failureOf(postCard(1))).toMatchObject({ type: 'ChannelGone', nonRetryable: true });
});

test('a chat channel is made once, an agent invited and removed, and what they wrote read', async () => {
  const { it, activities, chat, createChannel } = await setUp();
  const { channel, ownerUserId } = await createChannel(1);
  expect((await createChannel(2)).channel).toEqual(channel);
  const jill = await it.person('jill@example.com');
  const agent = await attempt(1, activities.findAgent, { ...chat, userId: jill.id });
  expect(agent).toEqual({ id: jill.id, name: jill.name, email: jill.email });
  const about = { ...chat, channelId: channel.id, ownerUserId };
  await attempt(1, activities.inviteAgent, { ...about, agent });
  await attempt(1, activities.inviteAgent, { ...about, agent });
  await it.control(`/users/${jill.id}/messages`, { to_channel: channel.id, message: 'Good morning' });
  expect(await attempt(1, activities.readChannel, { ...about, sinceMs: Date.now() - 60_000 })).toMatchObject([
    { userId: jill.id, text: 'Good morning' },
  ]);
  const remove = (agentId: string) => attempt(1, activities.removeAgent, { ...about, agentId });
  expect(await remove(ownerUserId)).toEqual({ outcome: 'owner' });
  expect(await remove(jill.id)).toEqual({ outcome: 'removed' });
  expect(await remove(jill.id)).toEqual({ outcome: 'removed' });
});

test('what agents wrote is read in order, however Zoom lists it', async () => {
  const { it, activities, chat, inChannel } = await setUp();
  const { channel, ownerUserId } = await inChannel();
  const texts = Array.from({ length: 8 }, (_, n) => `word ${n}`);
  for (const message of texts) await it.control(`/users/${ownerUserId}/messages`, { to_channel: channel.id, message });
  const about = { ...chat, channelId: channel.id, ownerUserId, sinceMs: Date.now() - 60_000 };
  for (const messageListOrder of ['newest_first', 'oldest_first', 'shuffled']) {
    await it.switches({ messageListOrder });
    const read = await attempt(1, activities.readChannel, about);
    expect(read.map((one) => one.text)).toEqual(texts);
  }
});

describe.each(['bot', 'user'] as const)('posts as %s', (as) => {
  test('are found again, each by itself', async () => {
    const { inChannel } = await setUp();
    const { post } = await inChannel();
    const first = await post(1, lines('ok', 1), as);
    const second = await post(1, lines('really', 2), as);
    expect((await post(2, lines('ok', 1), as)).messageId).toBe(first.messageId);
    expect((await post(2, lines('really', 2), as)).messageId).toBe(second.messageId);
  });

  test('that Zoom does not accept for their words are refused', async () => {
    const { it, inChannel } = await setUp();
    const { post, ownerUserId } = await inChannel();
    const path = as === 'bot' ? '/v2/im/chat/messages' : `/v2/chat/users/${ownerUserId}/messages`;
    // The bot's post is made for nobody, and then for a member: the same answer can mean that one has to be named.
    const [status, code, times] = as === 'bot' ? [400, 7001, 2] : [400, 300, 1];
    await it.control('/faults', {
      rules: [{ kind: 'status', match: { method: 'POST', path }, status, code, times }],
    });
    expect(await failureOf(post(1, lines('bad', 1), as))).toMatchObject({ type: 'PostRefused', nonRetryable: true });
    expect(await post(1, lines('good', 2), as)).toMatchObject({ as });
  });

  test('into a channel that has had too many are tried again by the activity', async () => {
    const { it, inChannel } = await setUp();
    await it.switches({ burstAnswer: '5301', channelBurstScale: 0.1 });
    const { post } = await inChannel();
    await post(1, lines('one', 1), as);
    expect(await failureOf(post(1, lines('two', 2), as))).toMatchObject({
      type: 'ZoomUnavailable',
      nonRetryable: false,
      nextRetryDelay: 10_000,
    });
  });
});

test('a bot that Zoom does not let in is stood in for by the channel’s owner', async () => {
  const { it, inChannel } = await setUp();
  await it.switches({ botInPrivateChannels: 'refused' });
  const { post } = await inChannel();
  expect(await post(1, lines('Hello', 1))).toMatchObject({ as: 'user' });
});

test('with its owner inactive a chat goes on by a colleague’s grant', async () => {
  const { it, inChannel, postCard, createChannel, alex, ada, messagesIn } = await setUp({ colleague: true });
  const { post, channel } = await inChannel();
  await it.call('PATCH', `/_sandbox/users/${alex.id}`, { status: 'inactive' });
  await post(1, lines('Hello', 1));
  expect(await messagesIn(channel.id)).toHaveLength(1);
  await postCard(1);
  expect((await createChannel(1)).ownerUserId).toBe(ada?.id);
});
