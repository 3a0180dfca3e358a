import { describe, expect, test } from 'vitest';
import { createInstallActivities } from '../../activities/install.ts';
import { FakeZoom, lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, cardTexts, failureOf, testStore } from './harness.ts';

const database = testStore();
let accounts = 0;

function setUp() {
  const { store } = database;
  const zoom = new FakeZoom();
  const accountId = `new-account-${(accounts += 1)}`;
  const alex = zoom.addUser(`alex-${accounts}`, { accountId });
  const activities = createInstallActivities({
    store,
    zoom: zoom.client,
    userZoom: zoom.userZoom,
    product: { trialDays: 14, retentionDays: 90, inboundChannelName: 'Live Chat Inbound' },
    publicUrl: 'https://chat.example.com',
  });
  const of = { accountId, zoomUserId: alex.id };
  /** All steps in their order, as the install workflow takes them. */
  const install = async (person = of, number = 1) => {
    const { email } = await attempt(number, activities.fetchUser, { zoomUserId: person.zoomUserId });
    const account = await attempt(number, activities.provisionAccount, { ...person, email });
    const channel = await attempt(number, activities.setUpInboundChannel, person);
    const card = await attempt(number, activities.postWelcomeCard, person);
    await attempt(number, activities.sendWelcomeMessage, person);
    return { account, channel, card };
  };
  return { store, zoom, alex, activities, of, install };
}

describe('an install', () => {
  test('leaves a trial account, an inbound channel with the welcome card, and a direct message', async () => {
    const { store, zoom, alex, of, install } = setUp();
    const { account, channel } = await install();
    expect(account).toEqual({ created: true, name: 'example.com' });
    const kept = await store.accounts.get(of.accountId);
    expect(kept).toMatchObject({ ownerUserId: alex.id, retentionDays: 90 });
    expect((kept?.trialEndsAt.getTime() ?? 0) - (kept?.createdAt.getTime() ?? 0)).toBe(14 * 86_400_000);
    const widgets = await store.widgets.ofAccount(of.accountId);
    expect(widgets).toEqual([
      expect.objectContaining({ inboundChannel: channel, settings: { teamName: 'example.com', pageQuery: [] } }),
    ]);
    const widgetId = widgets[0]?._id ?? '';
    expect(widgetId).toMatch(/^[\w-]{16}$/);
    expect(zoom.channels).toEqual([expect.objectContaining({ name: 'Live Chat Inbound', type: 'public' })]);
    const preview = `https://chat.example.com/preview?widget=${widgetId}`;
    expect(cardTexts(zoom.channels[0]?.messages[0]?.botMessage)).toEqual(
      expect.arrayContaining(['Test Your Live Chat', preview, 'https://chat.example.com/dashboard']),
    );
    expect(zoom.directMessages).toEqual([expect.objectContaining({ toJid: alex.jid })]);
    expect(cardTexts(zoom.directMessages[0]?.card)).toEqual(
      expect.arrayContaining(['Hello Alex-' + alex.id.slice(5) + ', Live Chat is connected', preview]),
    );
  });

  test('and its colleagues’ at the same time leave one widget', async () => {
    const { store, activities, of } = setUp();
    const provision = () => attempt(1, activities.provisionAccount, { ...of, email: 'alex@example.com' });
    const created = (await Promise.all(Array.from({ length: 10 }, provision))).filter((account) => account.created);
    expect(created).toHaveLength(1);
    expect(await store.widgets.ofAccount(of.accountId)).toHaveLength(1);
  });

  test('that stopped before its widget was there is completed when it is run again', async () => {
    const { store, activities, of } = setUp();
    const provision = () => attempt(1, activities.provisionAccount, { ...of, email: 'alex@example.com' });
    await provision();
    await store.widgets.model.deleteMany({ accountId: of.accountId });
    expect(await provision()).toEqual({ created: false, name: 'example.com' });
    expect(await store.widgets.ofAccount(of.accountId)).toHaveLength(1);
  });

  test('run again leaves one trial, one channel, one card and one message', async () => {
    const { store, zoom, of, install } = setUp();
    await install();
    const kept = async () => [await store.accounts.get(of.accountId), await store.widgets.ofAccount(of.accountId)];
    const before = await kept();
    const again = await install();
    expect(again.account).toEqual({ created: false, name: 'example.com' });
    expect(again.card).toEqual({ detail: 'posted before' });
    expect(await kept()).toEqual(before);
    expect(zoom.channels).toHaveLength(1);
    expect(zoom.channels[0]?.messages).toHaveLength(1);
    expect(zoom.directMessages).toHaveLength(1);
  });

  test('by a colleague shares the account and its channel, and welcomes the colleague', async () => {
    const { store, zoom, alex, of, install } = setUp();
    const first = await install();
    const kim = zoom.addUser(`kim-${accounts}`, { accountId: of.accountId });
    const second = await install({ accountId: of.accountId, zoomUserId: kim.id });
    expect(second.channel).toEqual(first.channel);
    expect((await store.accounts.get(of.accountId))?.ownerUserId).toBe(alex.id);
    expect(zoom.directMessages.map(({ toJid }) => toJid)).toEqual([alex.jid, kim.jid]);
    expect((await store.members.ofAccount(of.accountId)).map(({ _id }) => _id)).toEqual([alex.id, kim.id]);
  });

  test('takes the channel of that name which the installer has already', async () => {
    const { zoom, alex, install } = setUp();
    const own = zoom.addChannel('Live Chat Inbound', { members: [alex.email ?? ''] });
    expect((await install()).channel.id).toBe(own.id);
    expect(zoom.channels).toHaveLength(1);
  });

  test('makes a channel of its own when the name belongs to one that the installer cannot see', async () => {
    const { zoom, install } = setUp();
    const others = zoom.addChannel('Live Chat Inbound', { members: ['somebody@example.com'] });
    const { channel } = await install();
    expect(channel.id).not.toBe(others.id);
    expect(channel.name).toMatch(/^Live Chat Inbound \w+/);
  });

  test('finds the channel whose creation Zoom did not answer', async () => {
    const { zoom, activities, of, alex } = setUp();
    await attempt(1, activities.fetchUser, { zoomUserId: alex.id });
    await attempt(1, activities.provisionAccount, { ...of, email: 'alex@example.com' });
    zoom.fail('createChannel', { afterEffect: lostAnswer() });
    await expect(attempt(1, activities.setUpInboundChannel, of)).rejects.toThrow();
    const { id } = await attempt(2, activities.setUpInboundChannel, of);
    expect(zoom.channels.map((channel) => channel.id)).toEqual([id]);
  });

  test('finds the welcome card whose posting Zoom did not answer', async () => {
    const { zoom, activities, of, alex } = setUp();
    await attempt(1, activities.fetchUser, { zoomUserId: alex.id });
    await attempt(1, activities.provisionAccount, { ...of, email: 'alex@example.com' });
    await attempt(1, activities.setUpInboundChannel, of);
    zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await expect(attempt(1, activities.postWelcomeCard, of)).rejects.toThrow();
    await attempt(2, activities.postWelcomeCard, of);
    expect(zoom.channels[0]?.messages).toHaveLength(1);
  });

  test('keeps when "I’m Done" was pressed', async () => {
    const { store, activities, of, install } = setUp();
    await install();
    await attempt(1, activities.recordOnboarded, { zoomUserId: of.zoomUserId, at: 1_234 });
    expect((await store.members.get(of.zoomUserId))?.onboardedAt).toEqual(new Date(1_234));
  });
});

describe('a failure that somebody is looking at', () => {
  test.each([
    ['scopeMissing', 'ScopeMissing'],
    ['grantInvalid', 'NeedsReconnect'],
    ['forbidden', 'ZoomRefused'],
  ] as const)('%s ends the step at once', async (kind, type) => {
    const { zoom, activities, alex } = setUp();
    zoom.fail('getMe', zoomError(kind));
    const failure = await failureOf(attempt(1, activities.fetchUser, { zoomUserId: alex.id }));
    expect(failure).toMatchObject({ type, nonRetryable: true });
  });

  test('is in words that are said once', async () => {
    const { zoom, activities, alex } = setUp();
    zoom.fail('getMe', zoomError('scopeMissing', { missingScopes: ['user:read'] }));
    const { message } = await failureOf(attempt(1, activities.fetchUser, { zoomUserId: alex.id }));
    expect(message.match(/Add the missing scope/g)).toHaveLength(1);
    expect(message).toContain('user:read');
  });

  test('the bot shut out of the inbound channel ends the step, since a person has to let it in', async () => {
    const { zoom, activities, of, alex } = setUp();
    zoom.addChannel('Live Chat Inbound', { members: [alex.email ?? ''], letsBotIn: false });
    await attempt(1, activities.fetchUser, { zoomUserId: alex.id });
    await attempt(1, activities.provisionAccount, { ...of, email: 'alex@example.com' });
    await attempt(1, activities.setUpInboundChannel, of);
    expect(await failureOf(attempt(1, activities.postWelcomeCard, of))).toMatchObject({
      type: 'BotNotAllowed',
      nonRetryable: true,
    });
  });

  test('a step whose account or member is not there says so', async () => {
    const { activities, of } = setUp();
    expect(await failureOf(attempt(1, activities.setUpInboundChannel, of))).toMatchObject({ type: 'AccountUnknown' });
    expect(await failureOf(attempt(1, activities.sendWelcomeMessage, of))).toMatchObject({ type: 'NeedsReconnect' });
  });
});
