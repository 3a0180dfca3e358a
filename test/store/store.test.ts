import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import { testMongoUri } from '../../tools/embedded/test-servers.ts';
import {
  connectMongo,
  createStore,
  mongoAnswers,
  type Account,
  type ChatRecord,
  type Session,
  type Store,
  type Widget,
} from '../../store/index.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);
const oldKeys = { activeId: 'old', keys: new Map([['old', key(1)]]) };
const rotatedKeys = { activeId: 'new', keys: new Map([['new', key(2)], ...oldKeys.keys]) };

let connection: Connection;
let uri: string;
let store: Store;
beforeAll(async () => {
  uri = await testMongoUri();
  connection = await connectMongo(uri);
  store = await createStore(connection, oldKeys);
}, 180_000);
afterAll(() => connection.close());

const pause = () => new Promise((resolve) => setTimeout(resolve, 3));
const atOnce = <T>(times: number, run: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, n) => run(n)));

const account = (changes: Partial<Account> = {}): Account => ({
  _id: randomUUID(),
  name: 'example.com',
  ownerUserId: 'alex',
  createdAt: new Date(1_000),
  trialEndsAt: new Date(2_000),
  retentionDays: 365,
  ...changes,
});
const widget = (changes: Partial<Widget> = {}): Widget => ({
  _id: randomUUID(),
  accountId: randomUUID(),
  name: 'Website',
  createdAt: new Date(1_000),
  settings: { teamName: 'Acme', pageQuery: [] },
  ...changes,
});
const channel = { id: 'c', jid: 'c@x', name: 'Inbound', url: 'https://zoom.us/c' };
const chat = (changes: Partial<ChatRecord> = {}): ChatRecord => ({
  _id: randomUUID(),
  accountId: 'account-1',
  widgetId: 'widget-1',
  visitor: { name: 'Jane' },
  status: 'waiting',
  agents: [],
  answeredBy: [],
  createdAt: new Date(1_000),
  deliveredSeq: 0,
  ...changes,
});
const entry = (seq: number, text = `message ${seq}`): TranscriptEntry => ({
  kind: 'visitorMessage',
  seq,
  at: seq,
  clientId: `c${seq}`,
  text,
});

describe('sessions', () => {
  const session = (changes: Partial<Session> = {}): Session => ({
    _id: randomUUID(),
    zoomUserId: randomUUID(),
    accountId: 'account-1',
    createdAt: new Date(100_000),
    usedAt: new Date(100_000),
    expiresAt: new Date(200_000),
    ...changes,
  });
  const isKept = async ({ _id }: Session) => (await store.sessions.get(_id)) !== null;

  test('go once they have expired, whosever the next one is, and no others', async () => {
    const [short, long] = [session({ expiresAt: new Date(110_000) }), session()];
    for (const each of [short, long]) await store.sessions.begin(each);
    await store.sessions.begin(session({ createdAt: new Date(150_000), passwordMark: 'an operator' }));
    expect([await isKept(short), await isKept(long)]).toEqual([false, true]);
  });

  test('end one by one, or all of a member’s, and one that is used meanwhile does not come back', async () => {
    const zoomUserId = randomUUID();
    const [first, second, third, other] = [
      session({ zoomUserId }),
      session({ zoomUserId }),
      session({ zoomUserId }),
      session(),
    ];
    for (const each of [first, second, third, other]) await store.sessions.begin(each);
    await store.sessions.end(first._id);
    await store.sessions.used(first._id, new Date(150_000));
    expect(await Promise.all([first, second, third, other].map(isKept))).toEqual([false, true, true, true]);
    await store.sessions.endOf(zoomUserId);
    expect(await Promise.all([second, third, other].map(isKept))).toEqual([false, false, true]);
  });
});

describe('accounts', () => {
  test('twenty installs at once provision one account, and one of them knows that it did', async () => {
    const _id = randomUUID();
    const created = await atOnce(20, (n) => store.accounts.provision(account({ _id, ownerUserId: `user-${n}` })));
    expect(created.filter(Boolean)).toHaveLength(1);
    expect(await store.accounts.model.countDocuments({ _id })).toBe(1);
    expect((await store.accounts.get(_id))?.ownerUserId).toBe(`user-${created.indexOf(true)}`);
  });

  test('a setting changes that setting only', async () => {
    const own = account();
    await store.accounts.provision(own);
    await store.accounts.setOutsidersMayAnswer(own._id, true);
    await store.accounts.setWelcomeCard(own._id, { messageId: 'm', channelId: 'c' });
    expect(await store.accounts.get(own._id)).toEqual({
      ...own,
      outsidersMayAnswer: true,
      welcomeCard: { messageId: 'm', channelId: 'c' },
    });
  });

  test('are gone through by id, so many at a time', async () => {
    const other = await connectMongo(await testMongoUri());
    const { accounts } = await createStore(other, oldKeys);
    for (const _id of ['b', 'c', 'a']) await accounts.provision(account({ _id }));
    expect(await accounts.idsAfter('', 2)).toEqual(['a', 'b']);
    expect(await accounts.idsAfter('b', 2)).toEqual(['c']);
    await other.close();
  });

  test('a setting of an account that is not there creates none', async () => {
    await store.accounts.setWelcomeCard('nowhere', { messageId: 'm', channelId: 'c' });
    expect(await store.accounts.get('nowhere')).toBeNull();
  });
});

describe('widgets', () => {
  test('of an account that are made at the same time under one name are one', async () => {
    const accountId = randomUUID();
    const created = await atOnce(10, () => store.widgets.provision(widget({ accountId })));
    expect(created.filter(Boolean)).toHaveLength(1);
    expect(await store.widgets.ofAccount(accountId)).toHaveLength(1);
  });

  test('of an account come oldest first, and each has its inbound channel', async () => {
    const accountId = randomUUID();
    const first = widget({ accountId });
    const second = widget({ accountId, name: 'Shop', createdAt: new Date(2_000) });
    await store.widgets.provision(second);
    await store.widgets.provision(first);
    await store.widgets.provision(widget());
    await store.widgets.setInboundChannel(second._id, channel);
    expect(await store.widgets.ofAccount(accountId)).toEqual([first, { ...second, inboundChannel: channel }]);
    expect(await store.widgets.get(second._id)).toEqual({ ...second, inboundChannel: channel });
    expect(await store.widgets.get('unknown')).toBeNull();
  });

  test('have the default of a setting that they were made without', async () => {
    const old = widget();
    await store.widgets.provision(old);
    await store.widgets.model.updateOne({ _id: old._id }, { $set: { settings: {} } });
    expect((await store.widgets.get(old._id))?.settings).toEqual({ teamName: 'Our team', pageQuery: [] });
  });
});

describe('members', () => {
  const person = (changes: object = {}) => ({
    _id: randomUUID(),
    accountId: 'account-1',
    name: 'Alex',
    email: 'alex@example.com',
    jid: 'alex@xmpp.zoom.us',
    role: 'agent' as const,
    ...changes,
  });

  test('grants at once leave one record, and none of them fails', async () => {
    const alex = person();
    await atOnce(10, () => store.members.connect(alex));
    expect(await store.members.model.countDocuments({ _id: alex._id })).toBe(1);
  });

  test('a new grant refreshes who it is and keeps what the install has done', async () => {
    const alex = person();
    await store.members.connect(alex);
    await store.members.setWelcomeMessage(alex._id, 'm1');
    await store.members.setOnboarded(alex._id, new Date(5_000));
    const before = await store.members.get(alex._id);
    await store.members.setRemoved(alex._id, new Date(6_000));
    expect(await store.members.get(alex._id)).toMatchObject({ grantStatus: 'removed', removedAt: new Date(6_000) });
    await store.members.connect({ ...alex, name: 'Alexandra' });
    expect(await store.members.get(alex._id)).toEqual({ ...before, name: 'Alexandra', grantStatus: 'connected' });
    expect(before).toMatchObject({ welcomeMessageId: 'm1', onboardedAt: new Date(5_000) });
  });

  test('may have no e-mail address, as far as Zoom says', async () => {
    const alex = person({ email: '' });
    await store.members.connect(alex);
    expect((await store.members.get(alex._id))?.email).toBe('');
  });

  test('those of an account come oldest first', async () => {
    const accountId = randomUUID();
    const people = [person({ accountId }), person({ accountId }), person({ accountId })];
    for (const one of people) {
      await store.members.connect(one);
      await pause();
    }
    const found = await store.members.ofAccount(accountId);
    expect(found.map(({ _id }) => _id)).toEqual(people.map(({ _id }) => _id));
  });

  test('are counted by whether their grant works', async () => {
    const before = await store.members.countByGrantStatus();
    const [alex, jill] = [person(), person()];
    await store.members.connect(alex);
    await store.members.connect(jill);
    await store.members.setGrantStatus(jill._id, 'needsReconnect');
    const after = await store.members.countByGrantStatus();
    expect(after.connected).toBe((before.connected ?? 0) + 1);
    expect(after.needsReconnect).toBe((before.needsReconnect ?? 0) + 1);
  });
});

describe('token sets', () => {
  const tokens = (name: string) => ({
    accessToken: `access-${name}`,
    refreshToken: `refresh-${name}`,
    expiresAt: new Date(9_000),
    scopes: ['chat_message:write'],
    apiUrl: 'https://api-us.zoom.us',
  });

  test('are read as they were stored', async () => {
    const user = randomUUID();
    const id = await store.tokenSets.addGranted(user, tokens('a'));
    expect(await store.tokenSets.newest(user)).toEqual({
      id,
      ...tokens('a'),
      grant: 1,
      lost: false,
      obtainedAt: expect.any(Date) as Date,
    });
    const { apiUrl: _apiUrl, ...plain } = tokens('b');
    const other = randomUUID();
    await store.tokenSets.addGranted(other, plain);
    expect(await store.tokenSets.newest(other)).not.toHaveProperty('apiUrl');
    expect(await store.tokenSets.newest('nobody')).toBeNull();
  });

  test('hold neither token in the clear in the database', async () => {
    const user = randomUUID();
    await store.tokenSets.addGranted(user, tokens('secret'));
    const raw = await store.tokenSets.model.collection.findOne({ zoomUserId: user });
    const sealed = raw?.['sealed'] as { buffer: Uint8Array };
    const readable = [JSON.stringify(raw), Buffer.from(sealed.buffer).toString('latin1')].join('\n');
    expect(readable).not.toMatch(/(access|refresh)-secret/);
    expect(readable).not.toContain(Buffer.from('access-secret').toString('base64').slice(0, 12));
    expect(raw?.['keyId']).toBe('old');
  });

  test('the newest counts', async () => {
    const user = randomUUID();
    await store.tokenSets.addGranted(user, tokens('a'));
    await pause();
    const id = await store.tokenSets.addGranted(user, tokens('b'));
    expect(await store.tokenSets.newest(user)).toMatchObject({ id, accessToken: 'access-b' });
  });

  test('a refresh that crossed a new authorization does not count, however late it is stored', async () => {
    const user = randomUUID();
    await store.tokenSets.addGranted(user, tokens('a'));
    const stale = await store.tokenSets.newest(user);
    assert(stale);
    const id = await store.tokenSets.addGranted(user, tokens('b'));
    await pause();
    const late = await store.tokenSets.addRefreshed(user, tokens('a+'), stale);
    await store.tokenSets.forgetOlder(user, late, stale.grant);
    expect(await store.tokenSets.newest(user)).toMatchObject({ id, grant: 2 });
  });

  test('say what each user has granted by now', async () => {
    const [one, two] = [randomUUID(), randomUUID()];
    await store.tokenSets.addGranted(one, { ...tokens('a'), scopes: ['a:old'] });
    await pause();
    await store.tokenSets.addGranted(one, { ...tokens('b'), scopes: ['a:new'] });
    await store.tokenSets.addGranted(two, { ...tokens('c'), scopes: ['b:only'] });
    const scopes = await store.tokenSets.scopesOf([one, two, 'nobody']);
    expect(scopes.map(([name]) => name).sort()).toEqual(['a:new', 'b:only']);
  });

  test('keep their scopes when Zoom names none as it refreshes them', async () => {
    const user = randomUUID();
    await store.tokenSets.addGranted(user, tokens('a'));
    const stale = await store.tokenSets.newest(user);
    assert(stale);
    await store.tokenSets.addRefreshed(user, { ...tokens('a+'), scopes: [] }, stale);
    expect(await store.tokenSets.newest(user)).toMatchObject({ accessToken: 'access-a+', scopes: stale.scopes });
  });

  test('a clock that is behind makes nothing older than what it replaces', async () => {
    const user = randomUUID();
    await store.tokenSets.addGranted(user, tokens('a'));
    const ahead = new Date(Date.now() + 60_000);
    await store.tokenSets.model.updateOne({ zoomUserId: user }, { $set: { obtainedAt: ahead } });
    const stale = await store.tokenSets.newest(user);
    assert(stale);
    const id = await store.tokenSets.addRefreshed(user, tokens('a+'), stale);
    expect(await store.tokenSets.newest(user)).toMatchObject({ id, obtainedAt: new Date(ahead.getTime() + 1) });
  });

  test('written under an older key stay readable after a rotation, and new ones use the new key', async () => {
    const user = randomUUID();
    await store.tokenSets.addGranted(user, tokens('a'));
    await pause();
    const other = await connectMongo(uri);
    const rotated = await createStore(other, rotatedKeys);
    expect(await rotated.tokenSets.newest(user)).toMatchObject({ accessToken: 'access-a' });
    await rotated.tokenSets.addGranted(user, tokens('b'));
    expect(await rotated.tokenSets.newest(user)).toMatchObject({ accessToken: 'access-b' });
    await expect(store.tokenSets.newest(user)).rejects.toThrow('"new"');
    await other.close();
  });

  test('of one user cannot be passed off as another’s', async () => {
    const [user, thief] = [randomUUID(), randomUUID()];
    await store.tokenSets.addGranted(user, tokens('a'));
    await store.tokenSets.model.collection.updateOne({ zoomUserId: user }, { $set: { zoomUserId: thief } });
    await expect(store.tokenSets.newest(thief)).rejects.toThrow('does not open');
  });

  test('are forgotten by user: those of grants up to one, or those before a time', async () => {
    const [user, other] = [randomUUID(), randomUUID()];
    await store.tokenSets.addGranted(other, tokens('x'));
    await store.tokenSets.addGranted(user, tokens('a'));
    await pause();
    const before = new Date();
    await pause();
    const kept = await store.tokenSets.addGranted(user, tokens('b'));
    await store.tokenSets.forgetBefore(user, before);
    expect(await store.tokenSets.model.countDocuments({ zoomUserId: user })).toBe(1);
    const newer = await store.tokenSets.addGranted(user, tokens('c'));
    await store.tokenSets.forgetOlder(user, kept, 2);
    expect(await store.tokenSets.newest(user)).toMatchObject({ id: newer, grant: 3 });
    expect(await store.tokenSets.model.countDocuments({ zoomUserId: user })).toBe(2);
    expect(await store.tokenSets.newest(other)).not.toBeNull();
  });
});

describe('used OAuth states', () => {
  test('a state is used once, however many use it at the same time', async () => {
    const state = randomUUID();
    const firsts = await atOnce(20, () => store.usedStates.use(state));
    expect(firsts.filter(Boolean)).toHaveLength(1);
    expect(await store.usedStates.use(state)).toBe(false);
  });

  test('those that no longer could be used go with the next one', async () => {
    const old = randomUUID();
    const young = randomUUID();
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    await store.usedStates.model.insertMany([
      { _id: old, usedAt: minutesAgo(11) },
      { _id: young, usedAt: minutesAgo(9) },
    ]);
    await store.usedStates.use(randomUUID());
    expect(await store.usedStates.model.exists({ _id: old })).toBeNull();
    expect(await store.usedStates.use(young)).toBe(false);
  });

  test('old ones can be forgotten', async () => {
    const state = randomUUID();
    await store.usedStates.use(state);
    await store.usedStates.forgetBefore(new Date(Date.now() - 60_000));
    expect(await store.usedStates.use(state)).toBe(false);
    await store.usedStates.forgetBefore(new Date(Date.now() + 60_000));
    expect(await store.usedStates.use(state)).toBe(true);
  });
});

describe('chats', () => {
  test('begun many times at once are one record, as it was first', async () => {
    const one = chat();
    await store.chats.begin(one);
    await atOnce(10, (n) => store.chats.begin({ ...one, visitor: { name: `Other ${n}` } }));
    expect(await store.chats.get(one._id)).toEqual(one);
  });

  test('changes set only what they name', async () => {
    const one = chat({ visitor: { name: 'Jane', email: 'jane@example.org' }, page: { url: 'https://example.com' } });
    await store.chats.begin(one);
    await store.chats.set(one._id, { status: 'active', agents: [{ id: 'jill', name: 'Jill' }] });
    await store.chats.set(one._id, { deliveredSeq: 4 });
    expect(await store.chats.get(one._id)).toEqual({
      ...one,
      status: 'active',
      agents: [{ id: 'jill', name: 'Jill' }],
      deliveredSeq: 4,
    });
  });

  test('have not ended any more once they go on again', async () => {
    const one = chat({ status: 'ended', endedAt: new Date(1_000), reopenUntil: new Date(2_000) });
    await store.chats.begin(one);
    await store.chats.set(one._id, { status: 'active', endedAt: null, reopenUntil: null });
    expect(await store.chats.endedBefore(one.accountId, new Date(3_000), 10)).not.toContain(one._id);
  });

  test('are found by every channel they have had, and a channel belongs to one chat for good', async () => {
    const [first, second, other] = [randomUUID(), randomUUID(), randomUUID()];
    expect(await store.chatChannels.get(first)).toBeNull();
    await store.chatChannels.assign({ _id: first, chatId: 'chat-1', accountId: 'a' });
    await store.chatChannels.assign({ _id: second, chatId: 'chat-1', accountId: 'a' });
    await store.chatChannels.assign({ _id: first, chatId: 'chat-2', accountId: 'a' });
    expect(await store.chatChannels.get(first)).toEqual({ _id: first, chatId: 'chat-1', accountId: 'a' });
    expect(await store.chatChannels.among([first, second, other])).toEqual(new Set([first, second]));
  });

  test('of an account are counted by status and listed newest first', async () => {
    const accountId = randomUUID();
    const statuses = ['waiting', 'active', 'ended', 'ended', 'ended'] as const;
    for (const [n, status] of statuses.entries()) {
      await store.chats.begin(chat({ accountId, status, createdAt: new Date(n * 1_000) }));
    }
    await store.chats.begin(chat({ accountId: randomUUID() }));
    expect(await store.chats.countByStatus(accountId)).toEqual({ waiting: 1, active: 1, ended: 3 });
    expect(await store.chats.countByStatus('nobody')).toEqual({});
    const recent = await store.chats.recent(accountId, 2);
    expect(recent.map(({ createdAt }) => createdAt.getTime())).toEqual([4_000, 3_000]);
  });

  test('that are open are counted over all accounts, and the one that waits longest is known', async () => {
    const other = await connectMongo(await testMongoUri());
    const { chats } = await createStore(other, oldKeys);
    expect(await chats.openByStatus()).toEqual({});
    expect(await chats.oldestWaiting()).toBeUndefined();
    await chats.begin(chat({ accountId: 'a', status: 'active', createdAt: new Date(1_000) }));
    await chats.begin(chat({ accountId: 'a', createdAt: new Date(3_000) }));
    await chats.begin(chat({ accountId: 'b', createdAt: new Date(2_000) }));
    await chats.begin(chat({ accountId: 'b', status: 'ended', endedAt: new Date(4_000) }));
    expect(await chats.openByStatus()).toEqual({ waiting: 2, active: 1 });
    expect(await chats.oldestWaiting()).toEqual(new Date(2_000));
    await other.close();
  });

  test('of an account are unfinished while they are open, and as long as Zoom keeps them waiting', async () => {
    const accountId = randomUUID();
    const open = chat({ accountId });
    const waiting = chat({ accountId, status: 'ended', endedAt: new Date() });
    await store.chats.begin(open);
    await store.chats.begin(waiting);
    expect(await store.chats.unfinished(accountId)).toEqual([open._id]);
    await store.chats.set(waiting._id, { waitsFor: 'NeedsReconnect' });
    expect((await store.chats.unfinished(accountId)).sort()).toEqual([open._id, waiting._id].sort());
    await store.chats.set(waiting._id, { waitsFor: null });
    await store.chats.set(open._id, { status: 'ended' });
    expect(await store.chats.unfinished(accountId)).toEqual([]);
    expect(await store.chats.unfinished(randomUUID())).toEqual([]);
  });

  test('of an account that ended before a time are found, the oldest first, and deleted with all that is theirs', async () => {
    const accountId = randomUUID();
    const ended = [3_000, 1_000, 2_000].map((at) => chat({ accountId, status: 'ended', endedAt: new Date(at) }));
    const open = chat({ accountId });
    for (const one of [...ended, open]) {
      await store.chats.begin(one);
      await store.chatChannels.assign({ _id: `channel-of-${one._id}`, chatId: one._id, accountId });
      await store.transcript.append(one._id, [entry(1)]);
    }
    const [, first, second] = ended.map(({ _id }) => _id);
    assert(first !== undefined && second !== undefined);
    expect(await store.chats.endedBefore(accountId, new Date(2_500), 10)).toEqual([first, second]);
    expect(await store.chats.endedBefore(accountId, new Date(2_500), 1)).toEqual([first]);
    const gone = [first, second];
    await store.transcript.deleteOf(gone);
    await store.chatChannels.deleteOf(gone);
    await store.chats.delete(gone);
    for (const [chatId, rest] of [
      [first, 0],
      [open._id, 1],
    ] as const) {
      expect(await store.transcript.after(chatId, 0, 10)).toHaveLength(rest);
      expect(await store.chatChannels.get(`channel-of-${chatId}`)).toEqual(rest === 0 ? null : expect.anything());
      expect(await store.chats.get(chatId)).toEqual(rest === 0 ? null : expect.anything());
    }
    expect(await store.chats.countByStatus(accountId)).toEqual({ waiting: 1, ended: 1 });
  });

  test('of one visitor are found by e-mail address within their account', async () => {
    const accountId = randomUUID();
    const visitor = { name: 'Jane', email: 'jane@example.org' };
    const own = chat({ accountId, visitor });
    await store.chats.begin(own);
    await store.chats.begin(chat({ accountId: randomUUID(), visitor }));
    await store.chats.begin(chat({ accountId }));
    expect(await store.chats.ofVisitor(accountId, visitor.email)).toEqual([own]);
    expect(await store.chats.ofVisitor(accountId, 'JANE@example.ORG')).toEqual([own]);
  });
});

describe('api instances', () => {
  test('are known from their start until they say that they end, or were not seen for long', async () => {
    const [ended, killed, alive] = [randomUUID(), randomUUID(), randomUUID()];
    for (const _id of [ended, killed, alive]) {
      await store.instances.register({ _id, url: `http://${_id}`, startedAt: new Date() });
    }
    await pause();
    const later = new Date();
    await store.instances.touch(alive);
    await store.instances.remove(ended);
    expect((await store.instances.all()).map(({ _id }) => _id).sort()).toEqual([killed, alive].sort());
    await store.instances.forgetUnseenSince(later);
    expect(await store.instances.all()).toEqual([
      { _id: alive, url: `http://${alive}`, startedAt: expect.any(Date) as Date, seenAt: expect.any(Date) as Date },
    ]);
    await store.instances.touch(ended);
    expect(await store.instances.all()).toHaveLength(1);
  });
});

describe('what an administrator has been asked', () => {
  test('is asked once for each cause and channel, and again once it works there', async () => {
    const notice = { accountId: randomUUID(), channelId: 'c', cause: 'botNotAllowed' } as const;
    const elsewhere = { ...notice, channelId: 'd' };
    expect((await atOnce(5, () => store.notices.begin(notice))).filter(Boolean)).toHaveLength(1);
    expect(await store.notices.begin({ ...notice, cause: 'channelGone' })).toBe(true);
    expect(await store.notices.begin(elsewhere)).toBe(true);
    await store.notices.forget(notice);
    expect(await store.notices.begin(notice)).toBe(true);
    expect(await store.notices.begin(elsewhere)).toBe(false);
    await store.notices.forgetBefore(new Date(Date.now() - 60_000));
    expect(await store.notices.begin(notice)).toBe(false);
    await store.notices.forgetBefore(new Date(Date.now() + 60_000));
    expect(await store.notices.begin(notice)).toBe(true);
  });
});

describe('what a person calls something by', () => {
  test('finds chats by visitor, agent, channel and the end of an id, newest first', async () => {
    const tag = randomUUID().slice(0, 8);
    const named = { ...channel, name: `Jane ${tag} · abc` };
    const older = chat({
      _id: `x-${tag}-older`,
      visitor: { name: `Jane ${tag}`, email: `${tag}@example.org` },
      channel: named,
    });
    const newer = chat({
      visitor: { name: `Jane ${tag}` },
      answeredBy: [
        { id: 'sam', name: 'Sam' },
        { id: 'jill', name: `Jill ${tag}` },
      ],
      createdAt: new Date(2_000),
    });
    await store.chats.begin(older);
    await store.chats.begin(newer);
    const found = async (words: string) => (await store.chats.named(words, 10)).map(({ _id }) => _id);
    expect(await found(`Jane ${tag}`)).toEqual([newer._id, older._id]);
    expect(await found(`Jill ${tag}`)).toEqual([newer._id]);
    expect(await found(`${tag}@example.org`)).toEqual([older._id]);
    expect(await found(named.name)).toEqual([older._id]);
    expect(await found(`${tag}-older`)).toEqual([older._id]);
    // The start of any word, whatever its capitals.
    expect(await found(`jane ${tag.slice(0, 6)}`)).toEqual([newer._id, older._id]);
    expect(await found(tag.toUpperCase())).toEqual([newer._id, older._id]);
    expect(await found(`JILL ${tag}`)).toEqual([newer._id]);
    expect(await found(`${tag}@`.toUpperCase())).toEqual([older._id]);
    expect(await found(tag.slice(1))).toEqual([]);
    for (const pattern of ['.*', '^', `${tag}|x`, `[${tag}]`, '(', '\\'])
      expect(await found(pattern), pattern).toEqual([]);
    expect(await store.chats.named(`Jane ${tag}`, 1)).toHaveLength(1);
  });

  test('finds people and accounts', async () => {
    const tag = randomUUID().slice(0, 8);
    await store.accounts.provision(account({ _id: `acc-${tag}`, name: `Name ${tag}` }));
    for (const words of [`Name ${tag}`, `name ${tag.slice(0, 6)}`, tag])
      expect((await store.accounts.named(words, 5)).map(({ _id }) => _id)).toEqual([`acc-${tag}`]);
    const person = {
      _id: `person-${tag}`,
      accountId: `acc-${tag}`,
      name: `Alex ${tag}`,
      email: `${tag}@example.com`,
      jid: 'j',
      role: 'agent' as const,
    };
    await store.members.connect(person);
    for (const words of [person.name, person.email, person.email.toUpperCase(), `ALEX ${tag.slice(0, 6)}`, `${tag}@`]) {
      expect((await store.members.named(words, 5)).map(({ _id }) => _id)).toEqual([person._id]);
    }
  });
});

describe('transcripts', () => {
  test('take entries with repeats mixed in: what was there stays, what is new is added', async () => {
    const chatId = randomUUID();
    await store.transcript.append(chatId, [entry(2), entry(4)]);
    await store.transcript.append(chatId, [entry(1), entry(2, 'changed'), entry(3), entry(4, 'changed'), entry(5)]);
    expect(await store.transcript.after(chatId, 0, 10)).toEqual([1, 2, 3, 4, 5].map((seq) => entry(seq)));
    await store.transcript.append(chatId, []);
  });

  test('written by two at the same time have every entry once', async () => {
    const chatId = randomUUID();
    const entries = Array.from({ length: 50 }, (_, n) => entry(n + 1));
    await atOnce(4, (n) => store.transcript.append(chatId, n % 2 ? entries.slice(0, 30) : entries.slice(20)));
    expect(await store.transcript.after(chatId, 0, 100)).toEqual(entries);
    expect(await store.transcript.model.countDocuments({ chatId })).toBe(50);
  });

  test('are read in order from any entry on, so many at a time', async () => {
    const chatId = randomUUID();
    await store.transcript.append(
      chatId,
      [5, 3, 6, 1, 4, 2, 9].map((seq) => entry(seq)),
    );
    await store.transcript.append(randomUUID(), [entry(99)]);
    const seqs = async (after: number, limit: number) =>
      (await store.transcript.after(chatId, after, limit)).map(({ seq }) => seq);
    // Up to the gap: what comes after it is not shown before what is missing.
    expect(await seqs(0, 10)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await seqs(2, 2)).toEqual([3, 4]);
    expect(await seqs(6, 5)).toEqual([]);
    expect(await store.transcript.lastSeq(chatId)).toBe(9);
    expect(await store.transcript.lastSeq('none')).toBe(0);
  });

  test('keep every kind of entry as it is, whatever the visitor wrote', async () => {
    const chatId = randomUUID();
    const agent = { id: 'jill', name: 'Jill' };
    const entries: TranscriptEntry[] = [
      entry(1, '{"$set": {"a.b": 1}} \u0000 🎉 \n <b>'),
      { kind: 'agentJoined', seq: 2, at: 2, agent },
      { kind: 'agentMessage', seq: 3, at: 3, messageId: 'z1', agent, text: 'Hi', attachments: [{ name: 'a.pdf' }] },
      { kind: 'agentMessageEdited', seq: 4, at: 4, messageId: 'z1', text: 'Hello' },
      { kind: 'agentMessageDeleted', seq: 5, at: 5, messageId: 'z1' },
      { kind: 'agentLeft', seq: 6, at: 6, agent },
      { kind: 'missed', seq: 7, at: 7 },
      { kind: 'ended', seq: 8, at: 8, by: 'idle' },
    ];
    await store.transcript.append(chatId, entries);
    expect(await store.transcript.after(chatId, 0, 10)).toEqual(entries);
  });
});

describe('the connection', () => {
  test('answers a ping while it is there, and not after', async () => {
    const other = await connectMongo(uri);
    expect(await mongoAnswers(other)).toBe(true);
    await other.close();
    expect(await mongoAnswers(other)).toBe(false);
  });

  test('making the indexes again changes nothing', async () => {
    const other = await connectMongo(uri);
    await expect(createStore(other, oldKeys)).resolves.toBeDefined();
    await other.close();
  });

  test('to a server that is not there fails in the time it is given', async () => {
    await expect(connectMongo('mongodb://127.0.0.1:1/x', { serverSelectionTimeoutMs: 200 })).rejects.toThrow();
  });
});
