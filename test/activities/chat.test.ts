import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createChatActivities } from '../../activities/chat.ts';
import type { PushTarget, VisitorPush } from '../../domain/push.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import { attempt, testStore } from './harness.ts';

const opened = testStore();
const targets: PushTarget[] = [{ instanceId: 'api-1', url: 'http://10.0.0.1:3000' }];
const line = (seq: number, text = `line ${seq}`): TranscriptEntry => ({
  kind: 'visitorMessage',
  seq,
  at: seq,
  clientId: `c${seq}`,
  text,
});

async function setUp() {
  const { store } = opened;
  const chatId = `chat-${randomUUID().slice(0, 12)}`;
  const pushes: { targets: readonly PushTarget[]; push: VisitorPush; recorded: number }[] = [];
  const activities = createChatActivities({
    store,
    push: async (to, push) => {
      pushes.push({ targets: to, push, recorded: await store.transcript.lastSeq(chatId) });
      return to.map(() => 'pushed' as const);
    },
  });
  const begin = {
    chatId,
    accountId: randomUUID(),
    widgetId: 'widget-1',
    visitor: { name: 'Jane Doe', email: 'jane@example.org' },
    page: { url: 'https://example.com/pricing' },
    startedAt: 1_000,
  };
  await attempt(1, activities.recordChat, begin);
  return { store, activities, chatId, begin, pushes };
}

test('a chat recorded again stays as it was recorded first', async () => {
  const { store, activities, chatId, begin } = await setUp();
  await attempt(2, activities.recordChat, { ...begin, visitor: { name: 'Somebody else' } });
  expect(await store.chats.get(chatId)).toMatchObject({
    visitor: { name: 'Jane Doe', email: 'jane@example.org' },
    status: 'waiting',
    deliveredSeq: 0,
    createdAt: new Date(1_000),
  });
});

describe('a chat that is recorded', () => {
  const channel = { id: 'c', jid: 'j', name: 'n', url: 'https://zoom.us/launch/chat/v2/old' };

  test('says when its visitor was here before, by browser or by e-mail address, and with whom', async () => {
    const { store, activities, begin } = await setUp();
    const accountId = randomUUID();
    const record = async (
      startedAt: number,
      visitor: { name: string; id?: string; email?: string },
      of = accountId,
    ) => {
      const chatId = randomUUID();
      const { earlier } = await attempt(1, activities.recordChat, {
        ...begin,
        chatId,
        accountId: of,
        visitor,
        startedAt,
      });
      return { chatId, earlier };
    };
    const jane = { name: 'Jane', id: 'browser00000001', email: 'jane@example.org' };
    const first = await record(1_000, jane);
    expect(first.earlier).toBeUndefined();
    await store.chats.set(first.chatId, { channel, answeredBy: [{ id: 'jill', name: 'Jill' }] });
    const last = { at: 1_000, agents: ['Jill'], channelUrl: channel.url };
    const second = await record(2_000, { name: 'Visitor', id: jane.id });
    expect(second.earlier).toEqual({ count: 1, last: { ...last, isSameBrowser: true } });
    expect((await record(3_000, { name: 'J', id: 'browser00000002', email: 'Jane@Example.org' })).earlier).toEqual({
      count: 1,
      last: { ...last, isSameBrowser: false },
    });
    await store.chats.set(second.chatId, { channel, channelIsGone: true });
    expect((await record(4_000, jane)).earlier).toEqual({
      count: 3,
      last: { at: 3_000, agents: [], isSameBrowser: false },
    });
    for (const stranger of [{ name: 'Jane' }, { name: 'Jane', id: 'browser00000003', email: 'jane@example.com' }])
      expect((await record(5_000, stranger)).earlier).toBeUndefined();
    expect((await record(5_000, jane, randomUUID())).earlier).toBeUndefined();
  });

  test('again, as after a lost answer, is none before itself', async () => {
    const { activities, begin } = await setUp();
    expect(await attempt(2, activities.recordChat, begin)).toEqual({});
  });
});

describe('publish', () => {
  test('records entries and standing before anything is pushed', async () => {
    const { store, activities, chatId, pushes } = await setUp();
    const agents = [{ id: 'jill', name: 'Jill' }];
    const news = { chatId, entries: [line(1)], lastSeq: 1, deliveredSeq: 0 };
    const standing = {
      status: 'ended' as const,
      agents,
      answeredBy: agents,
      endedAt: 5_000,
      waitingSince: null,
      reopenUntil: 9_000,
      waitsFor: 'BotNotAllowed',
      isFull: false,
      channelIsGone: false,
    };
    expect(await attempt(1, activities.publish, { ...news, targets, standing })).toEqual({ outcomes: ['pushed'] });
    expect(pushes).toEqual([{ targets, push: news, recorded: 1 }]);
    expect(await store.chats.get(chatId)).toMatchObject({
      status: 'ended',
      agents,
      answeredBy: agents,
      endedAt: new Date(5_000),
      reopenUntil: new Date(9_000),
      waitsFor: 'BotNotAllowed',
    });
  });

  test('repeated, leaves entries as they were recorded first and pushes again', async () => {
    const { store, activities, chatId, pushes } = await setUp();
    const news = { chatId, lastSeq: 2, deliveredSeq: 0, targets };
    await attempt(1, activities.publish, { ...news, entries: [line(1)] });
    await attempt(2, activities.publish, { ...news, entries: [line(1, 'something else'), line(2)] });
    expect(await store.transcript.after(chatId, 0, 10)).toEqual([line(1), line(2)]);
    expect(pushes).toHaveLength(2);
  });

  test('without a target only records', async () => {
    const { activities, chatId, pushes } = await setUp();
    const news = { chatId, entries: [line(1)], lastSeq: 1, deliveredSeq: 0, targets: [] };
    expect(await attempt(1, activities.publish, news)).toEqual({ outcomes: [] });
    expect(pushes).toEqual([]);
  });

  test('says until when a chat that has ended can be gone on with, and nothing of it once it goes on', async () => {
    const { store, activities, chatId } = await setUp();
    const news = { chatId, entries: [], lastSeq: 0, deliveredSeq: 0, targets: [] };
    const standing = {
      agents: [],
      answeredBy: [],
      waitingSince: null,
      endedAt: null,
      reopenUntil: null,
      isFull: false,
      waitsFor: null,
      channelIsGone: false,
    };
    const ended = { ...standing, status: 'ended' as const, endedAt: 1_000, reopenUntil: 2_000 };
    await attempt(1, activities.publish, { ...news, standing: ended });
    expect(await store.chats.get(chatId)).toMatchObject({ endedAt: new Date(1_000), reopenUntil: new Date(2_000) });
    await attempt(1, activities.publish, { ...news, standing: { ...standing, status: 'active' } });
    expect(await store.chats.get(chatId)).toMatchObject({ endedAt: null, reopenUntil: null });
  });

  test('says that nothing waits any more', async () => {
    const { store, activities, chatId } = await setUp();
    const news = { chatId, entries: [], lastSeq: 0, deliveredSeq: 0, targets: [] };
    const standing = {
      status: 'active' as const,
      agents: [],
      answeredBy: [],
      endedAt: null,
      waitingSince: null,
      reopenUntil: null,
      isFull: false,
      channelIsGone: false,
    };
    await attempt(1, activities.publish, { ...news, standing: { ...standing, waitsFor: 'ScopeMissing' } });
    await attempt(1, activities.publish, { ...news, standing: { ...standing, waitsFor: null } });
    expect((await store.chats.get(chatId))?.waitsFor ?? null).toBeNull();
  });
});

test('readVisitorTexts gives the texts of the visitor’s messages that are asked for', async () => {
  const { store, activities, chatId } = await setUp();
  await store.transcript.append(chatId, [line(1), line(2), { kind: 'missed', seq: 3, at: 3 }, line(4), line(5)]);
  const read = (seqs: number[]) => attempt(1, activities.readVisitorTexts, { chatId, seqs });
  expect(await read([2, 3, 5])).toEqual([
    { seq: 2, text: 'line 2' },
    { seq: 5, text: 'line 5' },
  ]);
  expect(await read([])).toEqual([]);
});
