import { describe, expect, test } from 'vitest';
import { lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, cardTexts, failureOf, testStore } from './harness.ts';
import { settledChat, type SettledChat } from './settled-chat.ts';

const opened = testStore();
const setUp = () => settledChat(opened.store);

describe('findAgent', () => {
  const find = ({ activities, accountId }: SettledChat, userId: string) =>
    attempt(1, activities.findAgent, { accountId, userId });

  test('names an active user, by id or e-mail address, with the address that invitations need', async () => {
    const it = await setUp();
    const { id, displayName: name, email } = it.agent;
    expect(await find(it, id)).toEqual({ id, name, email });
    expect(await find(it, email ?? '')).toEqual({ id, name, email });
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

describe('createChatChannel', () => {
  const create = (it: SettledChat, number: number, changes: { channelsLost?: number; visitorName?: string } = {}) => {
    const { chatId, accountId } = it;
    const input = { chatId, accountId, visitorName: 'Jane Doe', channelsLost: 0, ...changes };
    return attempt(number, it.activities.createChatChannel, input);
  };
  const chatChannels = (it: SettledChat) => it.zoom.channels.filter((channel) => channel !== it.inbound);

  test('makes a private channel by one call, and keeps it so that webhooks find the chat', async () => {
    const it = await setUp();
    const { channel, ownerUserId } = await create(it, 1);
    expect(ownerUserId).toBe(it.owner.id);
    expect(chatChannels(it)).toMatchObject([{ type: 'privateInternal', members: [it.owner.email] }]);
    expect(it.zoom.calls).toEqual(['createChannel']);
    expect(await it.store.chatChannels.get(channel.id)).toMatchObject({ chatId: it.chatId });
    expect(await it.store.chats.get(it.chatId)).toMatchObject({ channel });
  });

  test('finds the channel of an attempt whose answer was lost, by its name', async () => {
    const it = await setUp();
    it.zoom.fail('createChannel', { afterEffect: lostAnswer() });
    await failureOf(create(it, 1));
    const { channel } = await create(it, 2);
    expect(chatChannels(it).map(({ id }) => id)).toEqual([channel.id]);
  });

  test('takes its own channel that has the name already when Zoom says so on a first attempt', async () => {
    const it = await setUp();
    const { channel } = await create(it, 1);
    expect((await create(it, 1)).channel).toEqual(channel);
    expect(chatChannels(it)).toHaveLength(1);
  });

  test('takes another name when the first belongs to a channel of others', async () => {
    const it = await setUp();
    const { channel } = await create(it, 1);
    it.zoom.channel(channel.id).members = [];
    const other = await create(it, 1);
    expect(other.channel.name).not.toBe(channel.name);
  });

  test('does not take the channel of another chat, however equal their names', async () => {
    const it = await setUp();
    await create(it, 1);
    const other = { ...it, chatId: `x${it.chatId}` };
    const { channel } = await create(other, 2);
    expect(await it.store.chatChannels.get(channel.id)).toMatchObject({ chatId: other.chatId });
    expect(chatChannels(it)).toHaveLength(2);
  });

  test('does without the visitor’s name when Zoom accepts no name with it', async () => {
    const it = await setUp();
    it.zoom.fail('createChannel', zoomError('invalidRequest'), zoomError('invalidRequest'));
    expect((await create(it, 1)).channel.name).toBe(`Chat · ${it.chatId}`);
  });

  test('cuts a long name at the end of a character', async () => {
    const it = await setUp();
    const { channel } = await create(it, 1, { visitorName: `${'x'.repeat(78)}😀😀` });
    expect(channel.name.isWellFormed()).toBe(true);
    expect(channel.name.length).toBeLessThan(100);
  });

  test('waits for a name that an earlier try may have taken, in the name of somebody who cannot be asked now', async () => {
    const it = await setUp();
    const { channel } = await create(it, 1);
    const { members } = it.zoom.channel(channel.id);
    it.zoom.channel(channel.id).members = [];
    expect(await failureOf(create(it, 2))).toMatchObject({ type: 'ZoomUnavailable', nonRetryable: false });
    it.zoom.channel(channel.id).members = members;
    expect((await create(it, 3)).channel).toEqual(channel);
  });

  test('says that it is refused when every name is taken', async () => {
    const it = await setUp();
    it.zoom.fail('createChannel', ...Array.from({ length: 3 }, () => zoomError('nameTaken')));
    expect(await failureOf(create(it, 1))).toMatchObject({ type: 'ZoomRefused' });
  });

  test('makes another channel when the first was archived, which keeps its name', async () => {
    const it = await setUp();
    const first = await create(it, 1);
    const second = await create(it, 2, { channelsLost: 1 });
    expect(second.channel.id).not.toBe(first.channel.id);
  });

  test('is made in an administrator’s name when the owner’s grant does not work, who is told once', async () => {
    const it = await setUp();
    await it.addMember({ ...it.agent, role: 'admin' });
    it.zoom.deactivate(it.owner.id);
    expect((await create(it, 1)).ownerUserId).toBe(it.agent.id);
    await create({ ...it, chatId: `x${it.chatId}` }, 1);
    expect(it.zoom.directMessages.map(({ toJid }) => toJid)).toEqual([it.agent.jid]);
    const [told] = it.zoom.directMessages;
    expect(cardTexts(told?.card).join(' ')).toContain(`Ask ${it.owner.displayName} to reconnect Zoom`);
  });

  test('is made in the name of nobody else: it waits for the owner to reconnect', async () => {
    const it = await setUp();
    await it.addMember(it.agent);
    it.zoom.deactivate(it.owner.id);
    expect(await failureOf(create(it, 1))).toMatchObject({ type: 'NeedsReconnect' });
    expect(chatChannels(it)).toHaveLength(0);
    expect(it.zoom.directMessages).toEqual([]);
  });
});

describe('inviteAgent', () => {
  test('brings an agent into the channel, also again; the owner is in it already', async () => {
    const it = await setUp();
    const { channel } = it.addChatChannel();
    const invite = ({ id, displayName: name, email = '' }: SettledChat['agent']) =>
      attempt(1, it.activities.inviteAgent, {
        accountId: it.accountId,
        channelId: channel.id,
        ownerUserId: it.owner.id,
        agent: { id, name, email },
      });
    await invite(it.owner);
    expect(it.zoom.calls).toEqual([]);
    await invite(it.agent);
    await invite(it.agent);
    expect(channel.members).toEqual([it.owner.email, it.agent.email]);
  });
});

describe('removeAgent', () => {
  const remove = async (agentOf: (it: SettledChat) => string, prepare: (it: SettledChat) => void = () => undefined) => {
    const it = await setUp();
    const { channel } = it.addChatChannel();
    channel.members.push(it.agent.email ?? '');
    prepare(it);
    const { outcome } = await attempt(1, it.activities.removeAgent, {
      accountId: it.accountId,
      channelId: channel.id,
      ownerUserId: it.owner.id,
      agentId: agentOf(it),
    });
    return { outcome, members: channel.members.length, calls: it.zoom.calls };
  };

  test('takes somebody out, by one call', async () => {
    const removed = await remove(({ agent }) => agent.id);
    expect(removed).toEqual({ outcome: 'removed', members: 1, calls: ['removeMember'] });
  });

  test('of somebody who is not there has nothing left to do', async () => {
    expect(await remove(() => 'nobody')).toMatchObject({ outcome: 'removed', members: 2 });
  });

  test('says that Zoom keeps a channel’s owner in it', async () => {
    expect(await remove(({ owner }) => owner.id)).toMatchObject({ outcome: 'owner', members: 2 });
  });

  test('says when the app may not', async () => {
    const refused = (it: SettledChat) => it.zoom.fail('removeMember', zoomError('scopeMissing'));
    expect(await remove(({ agent }) => agent.id, refused)).toMatchObject({ outcome: 'refused', members: 2 });
  });
});

describe('findWriter', () => {
  const withGuest = async () => {
    const it = await setUp();
    const { channel } = it.addChatChannel();
    const guest = it.zoom.addUser(`guest-${it.accountId}`, { accountId: 'another', displayName: 'Gus\u202e Guest' });
    channel.members.push(it.agent.email ?? '', guest.email ?? '');
    const find = (who: { userId?: string; memberId?: string }) =>
      attempt(1, it.activities.findWriter, {
        accountId: it.accountId,
        userId: '',
        channelId: channel.id,
        ownerUserId: it.owner.id,
        ...who,
      });
    return { ...it, guest, find };
  };
  const stranger = (name: string) => ({ agent: { id: '', name }, speaks: false });

  test('knows a member of the account, by one call', async () => {
    const it = await withGuest();
    const { id, displayName: name } = it.agent;
    expect(await it.find({ userId: id })).toEqual({ agent: { id, name }, speaks: true });
    expect(it.zoom.calls).toEqual(['getUser']);
    // Zoom may leave out who somebody is, and still give them as a member of the channel.
    expect(await it.find({ memberId: `member-${it.agent.email ?? ''}` })).toMatchObject({
      agent: { id },
      speaks: true,
    });
  });

  test('lets nobody speak for the team whom the account does not know', async () => {
    const it = await withGuest();
    expect(await it.find({ memberId: `member-${it.guest.email ?? ''}` })).toEqual(stranger('Gus Guest'));
    expect(await it.find({ userId: it.guest.id })).toEqual(stranger(''));
    expect(await it.find({ memberId: 'nobody' })).toEqual(stranger(''));
    expect(await it.find({})).toEqual(stranger(''));
    // Zoom resolves e-mail addresses, too.
    expect(await it.find({ userId: it.agent.email ?? '' })).toMatchObject({ speaks: false });
  });

  test('lets a guest of the channel speak under their own name where the account wants it, and nobody else', async () => {
    const it = await withGuest();
    await it.store.accounts.setOutsidersMayAnswer(it.accountId, true);
    const guest = await it.find({ memberId: `member-${it.guest.email ?? ''}` });
    expect(guest).toEqual({ agent: { id: '', name: 'Gus Guest' }, speaks: true });
    expect(await it.find({ userId: 'some-bot' })).toEqual(stranger(''));
    expect(await it.find({ memberId: 'nobody' })).toEqual(stranger(''));
  });

  test('waits while Zoom does not answer, and while nobody’s grant works', async () => {
    const it = await withGuest();
    it.zoom.fail('getUser', zoomError('unavailable'));
    expect(await failureOf(it.find({ userId: it.agent.id }))).toMatchObject({ type: 'ZoomUnavailable' });
    it.zoom.deactivate(it.owner.id);
    expect(await failureOf(it.find({ userId: it.agent.id }))).toMatchObject({ type: 'NeedsReconnect' });
  });
});

describe('readChannel', () => {
  const read = (it: SettledChat, channelId: string, sinceMs = Date.now() - 60_000) => {
    const { accountId, owner } = it;
    return attempt(1, it.activities.readChannel, { accountId, channelId, ownerUserId: owner.id, sinceMs });
  };

  test('gives what people wrote, however much the bot has posted since', async () => {
    const it = await setUp();
    const { channel } = it.addChatChannel();
    it.zoom.addMessage(channel.id, { id: 'z1', text: 'early', senderEmail: it.owner.email });
    for (let n = 0; n < 500; n += 1) it.zoom.addMessage(channel.id, { fromBot: true, botMessage: { body: [] } });
    expect(await read(it, channel.id)).toMatchObject([{ messageId: 'z1' }]);
  });

  test('gives fewer messages than a chat remembers, the newest', async () => {
    const it = await setUp();
    const { channel } = it.addChatChannel();
    for (let n = 0; n < 600; n += 1) it.zoom.addMessage(channel.id, { text: `${n}`, senderEmail: it.owner.email });
    const messages = await read(it, channel.id);
    expect(messages.length).toBeLessThan(500);
    expect(messages.at(-1)).toMatchObject({ text: '599' });
  });

  test('gives what people wrote, with their ids and files, and nothing of the bot', async () => {
    const it = await setUp();
    const { owner, agent } = it;
    const { channel } = it.addChatChannel();
    const guest = it.zoom.addUser(`guest-${it.accountId}`, { accountId: 'another' });
    const gone = it.zoom.addUser(`gone-${it.accountId}`, { accountId: it.accountId });
    channel.members.push(agent.email ?? '', guest.email ?? '');
    const since = Date.now() - 60_000;
    const at = Date.now();
    it.zoom.addMessage(channel.id, { text: 'before', senderEmail: agent.email, timestamp: since - 1 });
    it.zoom.addMessage(channel.id, { fromBot: true, botMessage: { body: [] } });
    const written = [
      { id: 'z1', text: 'by e-mail', senderEmail: agent.email },
      { id: 'z2', text: 'by member id', senderMemberId: `member-${owner.email ?? ''}` },
      { id: 'z3', text: 'an outsider', senderMemberId: `member-${guest.email ?? ''}` },
      { id: 'z5', text: 'who has left', senderMemberId: 'gone', senderEmail: gone.email },
      { id: 'z6', text: 'of another app', senderMemberId: `v1${'Ab3_-'.repeat(5)}` },
      { id: 'z4', senderEmail: agent.email, files: [{ id: 'f1', name: 'a.pdf' }, {}] },
    ];
    for (const message of written) it.zoom.addMessage(channel.id, { timestamp: at, ...message });
    expect(await read(it, channel.id, since)).toEqual([
      { messageId: 'z1', userId: agent.id, text: 'by e-mail', at },
      { messageId: 'z2', userId: owner.id, text: 'by member id', at },
      { messageId: 'z3', userId: '', memberId: `member-${guest.email ?? ''}`, text: 'an outsider', at },
      { messageId: 'z5', userId: gone.id, text: 'who has left', at },
      { messageId: 'z4', userId: agent.id, text: '', attachments: [{ id: 'f1', name: 'a.pdf' }, { name: 'file' }], at },
    ]);
  });

  test('says that the channel is gone', async () => {
    const it = await setUp();
    expect(await failureOf(read(it, 'no-such-channel'))).toMatchObject({ type: 'ChannelGone', nonRetryable: true });
  });
});
