import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRetentionActivities } from '../../activities/retention.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import type { ChatRecord } from '../../store/index.ts';
import { devServer } from '../workflows/harness.ts';
import { attempt, testStore } from './harness.ts';

const dayMs = 86_400_000;
const database = testStore();
/** Temporal lists and deletes in the background. */
const soon = { timeout: 10_000 };
let env: TestWorkflowEnvironment;
let client: Client;
beforeAll(async () => {
  // A workflow is deleted once all that its end has caused is known to be done: by default that takes half a minute.
  env = await devServer({
    'history.transferProcessorUpdateAckInterval': '200ms',
    'history.visibilityProcessorUpdateAckInterval': '200ms',
  });
  ({ client } = env);
}, 120_000);
afterAll(() => env.teardown());

/** Retention at a time that the test sets, with an account that keeps chats for ten days. */
async function setUp() {
  const { store } = database;
  const accountId = randomUUID();
  await store.accounts.provision({
    _id: accountId,
    name: 'example.com',
    ownerUserId: 'alex',
    createdAt: new Date(),
    trialEndsAt: new Date(),
    retentionDays: 10,
  });
  const time = { now: Date.now() };
  const activities = createRetentionActivities({ store, client, clock: () => time.now });
  const chat = (chatId: string) => client.workflow.getHandle(workflowIds.chat({ chatId }));

  /** A chat with all that belongs to it. */
  async function begin(changes: Partial<ChatRecord> = {}): Promise<string> {
    const _id = randomUUID();
    const begun = { widgetId: 'w', visitor: { name: 'Jane', email: 'jane@example.org' }, createdAt: new Date() };
    await store.chats.begin({
      _id,
      accountId,
      ...begun,
      status: 'active',
      agents: [],
      answeredBy: [],
      deliveredSeq: 0,
      ...changes,
    });
    await store.transcript.append(_id, [{ seq: 1, at: 1, kind: 'missed' }]);
    await store.mails.begin({ chatId: _id, firstSeq: 1, lastSeq: 1, at: new Date() });
    await store.chatChannels.assign({ _id: `channel-${_id}`, chatId: _id, accountId });
    // No worker takes it up: what it does is of no interest here.
    await client.workflow.start('chat', { workflowId: workflowIds.chat({ chatId: _id }), taskQueue: randomUUID() });
    return _id;
  }
  /** The same, ended so many days ago, with two runs of its workflow. */
  async function ended(daysAgo: number): Promise<string> {
    const chatId = await begin({ status: 'ended', endedAt: new Date(time.now - daysAgo * dayMs) });
    await chat(chatId).terminate();
    await client.workflow.start('chat', { workflowId: workflowIds.chat({ chatId }), taskQueue: randomUUID() });
    await chat(chatId).terminate();
    return chatId;
  }
  /** What is left of a chat. */
  async function left(chatId: string): Promise<string[]> {
    const runs: string[] = [];
    const query = `WorkflowId = "${workflowIds.chat({ chatId })}"`;
    for await (const { runId } of client.workflow.list({ query })) runs.push(runId);
    const described = await chat(chatId)
      .describe()
      .then(
        () => true,
        (error: unknown) => !(error instanceof WorkflowNotFoundError),
      );
    return Object.entries({
      record: (await store.chats.get(chatId)) !== null,
      transcript: (await store.transcript.lastSeq(chatId)) > 0,
      mails: (await store.mails.model.countDocuments({ chatId })) > 0,
      channel: (await store.chatChannels.among([`channel-${chatId}`])).size > 0,
      workflow: described,
      [`${runs.length} runs`]: runs.length > 0,
    }).flatMap(([what, isThere]) => (isThere ? [what] : []));
  }
  const everything = ['record', 'transcript', 'mails', 'channel', 'workflow', '2 runs'];
  return { store, accountId, time, activities, chat, begin, ended, left, everything };
}

describe('retention', () => {
  test('erases chats that ended longer ago than their account keeps them, in MongoDB and in Temporal, and no others', async () => {
    const { accountId, activities, begin, ended, left, everything } = await setUp();
    const [old, recent, open] = [await ended(11), await ended(9), await begin()];
    // Visibility lags a little behind: all runs are there before they are to go.
    await expect.poll(() => left(old), soon).toEqual(everything);
    await expect.poll(() => left(recent), soon).toEqual(everything);
    expect(await attempt(1, activities.eraseExpired, { accountId })).toEqual({ erased: 1, more: false });
    await expect.poll(() => left(old), soon).toEqual([]);
    expect(await left(recent)).toEqual(everything);
    expect(await left(open)).toContain('record');
    expect(await attempt(2, activities.eraseExpired, { accountId })).toEqual({ erased: 0, more: false });
  });

  test('goes by the age that the account has now', async () => {
    const { store, accountId, activities, ended, left, everything } = await setUp();
    const old = await ended(11);
    await expect.poll(() => left(old), soon).toEqual(everything);
    const keepFor = (retentionDays: number) => store.accounts.model.updateOne({ _id: accountId }, { retentionDays });
    await keepFor(30);
    expect(await attempt(1, activities.eraseExpired, { accountId })).toMatchObject({ erased: 0 });
    await keepFor(1);
    expect(await attempt(1, activities.eraseExpired, { accountId })).toMatchObject({ erased: 1 });
    await expect.poll(() => left(old), soon).toEqual([]);
  });

  test('goes through chats whose workflows Temporal has forgotten, so many at a time', async () => {
    const { store, accountId, activities, time } = await setUp();
    const endedAt = new Date(time.now - 20 * dayMs);
    const chat = { accountId, widgetId: 'w', visitor: { name: 'Jane' }, agents: [], answeredBy: [], deliveredSeq: 0 };
    for (let n = 0; n < 60; n += 1) {
      await store.chats.begin({ ...chat, _id: randomUUID(), status: 'ended', createdAt: endedAt, endedAt });
    }
    expect(await attempt(1, activities.eraseExpired, { accountId })).toEqual({ erased: 50, more: true });
    expect(await attempt(1, activities.eraseExpired, { accountId })).toEqual({ erased: 10, more: false });
  });

  test('closes the record of a chat whose workflow was terminated, so that it is erased in time', async () => {
    const { store, accountId, activities, time, chat, begin, left } = await setUp();
    const createdAt = new Date(time.now - 2 * dayMs);
    const [terminated, open] = [await begin({ createdAt, waitsFor: 'ZoomRefused' }), await begin({ createdAt })];
    await chat(terminated).terminate();
    await attempt(1, activities.closeAbandonedChats);
    expect(await store.chats.get(terminated)).toMatchObject({ status: 'ended', waitsFor: null });
    expect(await store.chats.get(open)).toMatchObject({ status: 'active' });
    time.now += 11 * dayMs;
    await attempt(1, activities.eraseExpired, { accountId });
    await expect.poll(() => left(terminated), soon).toEqual([]);
  });

  test('forgets used states, ended api instances and notices by their age', async () => {
    const { store, activities, time, accountId } = await setUp();
    const notice = { accountId, channelId: 'c', cause: 'channelGone' } as const;
    const state = randomUUID();
    await store.usedStates.use(state);
    await store.instances.register({ _id: accountId, url: 'http://a', startedAt: new Date() });
    await store.notices.begin(notice);
    await attempt(1, activities.forgetOldRecords);
    expect(await store.usedStates.use(state)).toBe(false);
    time.now += 40 * dayMs;
    await attempt(1, activities.forgetOldRecords);
    expect(await store.usedStates.use(state)).toBe(true);
    expect(await store.instances.all()).toEqual([]);
    expect(await store.notices.begin(notice)).toBe(true);
  });
});

describe('an account that nobody has the app in any more', () => {
  const person = (accountId: string) => ({ _id: randomUUID(), accountId, name: 'Alex', email: 'alex@example.com' });
  const role = 'owner' as const;

  async function left30DaysAgo() {
    const it = await setUp();
    const { store, accountId, time } = it;
    const [first, second] = [person(accountId), person(accountId)];
    for (const one of [first, second]) await store.members.connect({ ...one, jid: 'alex@xmpp', role });
    const widget = { _id: randomUUID(), accountId, name: 'Website', createdAt: new Date() };
    await store.widgets.provision({ ...widget, settings: { teamName: 'Team', pageQuery: [] } });
    const grant = workflowIds.grant({ zoomUserId: first._id });
    const typedSearchAttributes = [{ key: searchAttributes.account, value: accountId }];
    await client.workflow.start('grant', { workflowId: grant, taskQueue: randomUUID(), typedSearchAttributes });
    const chatId = await it.ended(1);
    await store.members.setRemoved(first._id, new Date());
    const isThere = async () => ({
      account: (await store.accounts.get(accountId)) !== null,
      members: (await store.members.ofAccount(accountId)).length,
      widgets: (await store.widgets.ofAccount(accountId)).length,
      chats: (await store.chats.recent(accountId, 9)).length,
    });
    const erase = async () => {
      await attempt(1, it.activities.eraseExpired, { accountId });
      return isThere();
    };
    const runs = async () => (await client.workflow.count(`LiveChatAccount = "${accountId}"`)).count;
    await expect.poll(runs, soon).toBe(1);
    return { ...it, first, second, chatId, erase, isThere, runs, everyone: await isThere(), time };
  }

  test('is erased after a month, with its people, its chats and its workflows', async () => {
    const { store, second, chatId, everything, left, erase, everyone, runs, time } = await left30DaysAgo();
    await expect.poll(() => left(chatId), soon).toEqual(everything);
    await store.members.setRemoved(second._id, new Date());
    time.now += 5 * dayMs;
    expect(await erase()).toEqual(everyone);
    time.now += 26 * dayMs;
    expect(await erase()).toEqual({ account: false, members: 0, widgets: 0, chats: 0 });
    await expect.poll(() => left(chatId), soon).toEqual([]);
    await expect.poll(runs, soon).toBe(0);
    expect(await erase()).toMatchObject({ account: false });
  });

  test('is kept while one person has it, or has added it again', async () => {
    const { store, accountId, second, erase, everyone, isThere, time } = await left30DaysAgo();
    time.now += 9 * dayMs;
    expect(await erase()).toEqual(everyone);
    await store.members.setRemoved(second._id, new Date());
    await store.members.connect({ ...person(accountId), _id: second._id, jid: 'alex@xmpp', role });
    time.now += 60 * dayMs;
    await erase();
    expect(await isThere()).toMatchObject({ account: true, members: 2, widgets: 1 });
  });
});

describe('erasing', () => {
  test('finds a chat by its id, or a visitor’s chats by e-mail address, and says which are open', async () => {
    const { accountId, activities, begin, ended } = await setUp();
    const [closed, open] = [await ended(1), await begin()];
    const find = (input: { chatId: string } | { accountId: string; email: string }) =>
      attempt(1, activities.findChats, input);
    expect(await find({ chatId: closed })).toEqual({ chatIds: [closed], open: [] });
    expect(await find({ chatId: randomUUID() })).toEqual({ chatIds: [], open: [] });
    const ofVisitor = await find({ accountId, email: 'jane@example.org' });
    expect({ ...ofVisitor, chatIds: ofVisitor.chatIds.sort() }).toEqual({
      chatIds: [closed, open].sort(),
      open: [open],
    });
    expect(await find({ accountId: randomUUID(), email: 'jane@example.org' })).toEqual({ chatIds: [], open: [] });
  });

  test('deletes whatever the age, and as often as it runs', async () => {
    const { activities, ended, left, everything } = await setUp();
    const chatId = await ended(0);
    await expect.poll(() => left(chatId), soon).toEqual(everything);
    await attempt(1, activities.eraseChats, { chatIds: [chatId] });
    await expect.poll(() => left(chatId), soon).toEqual([]);
    await attempt(2, activities.eraseChats, { chatIds: [chatId] });
  });
});
