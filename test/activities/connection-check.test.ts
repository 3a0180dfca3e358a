import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ActingUsers } from '../../activities/acting-user.ts';
import { createConnectionCheckActivities } from '../../activities/connection-check.ts';
import { cacheMembers } from '../../activities/members.ts';
import { checkKnownWithinMs } from '../../domain/connection-check.ts';
import { channelJid, channelUrl } from '../../zoom/index.ts';
import { lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, cardTexts, failureOf, settledAccount, testStore } from './harness.ts';

const opened = testStore();

async function settled() {
  const { store } = opened;
  const account = await settledAccount(store);
  const { zoom, accountId, inbound, owner } = account;
  const activities = createConnectionCheckActivities({
    store,
    zoom: zoom.client,
    userZoom: zoom.userZoom,
    acting: new ActingUsers(cacheMembers(store.members), zoom.userZoom),
    publicUrl: 'https://chat.example.com',
  });
  const jid = channelJid(inbound.id);
  const channel = { id: inbound.id, jid, name: inbound.name, url: channelUrl(jid) };
  const of = { accountId, checkId: randomUUID().replaceAll('-', '').slice(0, 12) };
  const make = () => attempt(1, activities.createPrivateChannel, of);
  return { ...account, store, activities, channel, of, make, zoomUserId: owner.id };
}

describe('the card of a connection check', () => {
  test('has a button with the check’s id and the way back to the page, and at the end neither', async () => {
    const { zoom, activities, channel, of, inbound } = await settled();
    const card = await attempt(1, activities.postCheckCard, { ...of, channel });
    const [posted] = zoom.channel(inbound.id).messages;
    expect(cardTexts(posted?.botMessage)).toEqual(
      expect.arrayContaining(['Press me', `check:${of.checkId}`, 'https://chat.example.com/connection-check']),
    );
    await attempt(1, activities.closeCheckCard, { ...of, card });
    expect(cardTexts(zoom.cardEdits.at(-1)?.card)).toEqual([
      'Connection check',
      `Check ${of.checkId}`,
      'The check is done.',
    ]);
  });

  test('is posted once, though its answer was lost', async () => {
    const { zoom, activities, channel, of, inbound } = await settled();
    zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    await failureOf(attempt(1, activities.postCheckCard, { ...of, channel }));
    const [posted] = zoom.channel(inbound.id).messages;
    expect((await attempt(2, activities.postCheckCard, { ...of, channel })).messageId).toBe(posted?.id);
    // By a Retry on the page: another activity.
    const again = { ...of, channel, firstTriedAt: Date.now() - 1_000 };
    expect((await attempt(1, activities.postCheckCard, again)).messageId).toBe(posted?.id);
    expect(zoom.channel(inbound.id).messages).toHaveLength(1);
  });
});

describe('the private channel of a connection check', () => {
  test('is made once, posted in as the bot, read back and removed', async () => {
    const { zoom, activities, of, make } = await settled();
    zoom.fail('createChannel', { afterEffect: lostAnswer() });
    await failureOf(make());
    const made = await make();
    expect(zoom.channels.filter(({ type }) => type === 'privateInternal')).toHaveLength(1);
    expect(await attempt(1, activities.readPrivateChannel, { ...of, ...made })).toEqual({ isFound: false });
    expect(await attempt(1, activities.postInPrivateChannel, { ...of, ...made })).toEqual({ as: 'bot' });
    expect(await attempt(1, activities.readPrivateChannel, { ...of, ...made })).toEqual({ isFound: true });
    expect(await attempt(1, activities.removePrivateChannel, { ...of, ...made })).toEqual({ isRemoved: true });
    expect(await attempt(2, activities.removePrivateChannel, { ...of, ...made })).toEqual({ isRemoved: true });
    expect(zoom.channels.map(({ name }) => name)).toEqual(['Live Chat Inbound']);
  });

  test('is posted in by its owner where the bot is refused, and read back all the same', async () => {
    const { zoom, activities, of, make } = await settled();
    zoom.letsBotIntoPrivateChannels = false;
    const made = await make();
    expect(await attempt(1, activities.postInPrivateChannel, { ...of, ...made })).toEqual({ as: 'user' });
    expect(await attempt(1, activities.readPrivateChannel, { ...of, ...made })).toEqual({ isFound: true });
    zoom.fail('sendMessage', zoomError('scopeMissing'), zoomError('scopeMissing'));
    expect(await failureOf(attempt(1, activities.postInPrivateChannel, { ...of, ...made }))).toMatchObject({
      type: 'BotNotAllowed',
      nonRetryable: true,
    });
  });

  test('stays where the app may not delete it', async () => {
    const { zoom, activities, of, make } = await settled();
    const made = await make();
    zoom.fail('deleteChannel', zoomError('scopeMissing'), zoomError('scopeMissing'));
    expect(await attempt(1, activities.removePrivateChannel, { ...of, ...made })).toEqual({ isRemoved: false });
  });
});

describe('before that a connection check', () => {
  test('finds a token that Zoom does not take, and a user who is not active', async () => {
    const { zoom, activities, of, zoomUserId } = await settled();
    const check = () => attempt(1, activities.checkToken, { ...of, zoomUserId });
    await check();
    zoom.fail('getMe', zoomError('grantInvalid'));
    expect(await failureOf(check())).toMatchObject({ type: 'NeedsReconnect', nonRetryable: true });
    zoom.deactivate(zoomUserId);
    expect(await failureOf(check())).toMatchObject({ type: 'NeedsReconnect' });
    zoom.addUser(zoomUserId, { accountId: 'account-elsewhere' });
    expect(await failureOf(check())).toMatchObject({ type: 'UserGone', nonRetryable: true });
  });

  test('says whether Zoom lists the inbound channel, or why nobody can look', async () => {
    const { zoom, activities, of, zoomUserId, inbound } = await settled();
    const find = () => attempt(1, activities.findInboundChannel, { ...of, zoomUserId, channelId: inbound.id });
    expect(await find()).toEqual({ isListed: true });
    zoom.fail('allChannels', zoomError('scopeMissing'), zoomError('scopeMissing'));
    expect(await failureOf(find())).toMatchObject({ type: 'ScopeMissing' });
    inbound.members.length = 0;
    expect(await find()).toEqual({ isListed: false });
  });

  test('says what is not granted, and when Zoom has not said what it granted', async () => {
    const { store, activities, of, zoomUserId } = await settled();
    const find = () => attempt(1, activities.findMissingScopes, of);
    expect(await find()).toEqual({ isKnown: false, missing: [] });
    const tokens = { accessToken: 'a', refreshToken: 'r', expiresAt: new Date(Date.now() + 3_600_000) };
    await store.tokenSets.addGranted(zoomUserId, {
      ...tokens,
      scopes: ['user:read:admin', 'chat_channel:write:admin'],
    });
    const { isKnown, missing } = await find();
    expect(isKnown).toBe(true);
    expect(missing.map(({ classic }) => classic)).toContain('chat_message:read:admin');
  });

  test('has what arrives in the inbound channel passed on, from soon after its start to its end', async () => {
    const { store, activities, of, channel } = await settled();
    expect(await store.connectionChecks.inChannel(channel.id)).toBeUndefined();
    expect(await attempt(1, activities.openCheck, { ...of, word: 'check 4271' })).toEqual(channel);
    await delay(checkKnownWithinMs);
    expect(await store.connectionChecks.inChannel(channel.id)).toMatchObject({
      _id: of.accountId,
      checkId: of.checkId,
      word: 'check 4271',
    });
    await attempt(1, activities.closeCheck, { ...of, checkId: 'another' });
    await attempt(1, activities.closeCheck, of);
    await delay(checkKnownWithinMs);
    expect(await store.connectionChecks.inChannel(channel.id)).toBeUndefined();
  });

  test('fails without an inbound channel', async () => {
    const { activities } = await settled();
    const of = { accountId: 'unknown', checkId: 'check-0000' };
    expect(await failureOf(attempt(1, activities.openCheck, { ...of, word: 'check 4271' }))).toMatchObject({
      type: 'AccountUnknown',
      nonRetryable: true,
    });
  });
});
