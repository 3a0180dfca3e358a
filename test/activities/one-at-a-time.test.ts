import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createChatActivities } from '../../activities/chat.ts';
import { rememberPeople } from '../../activities/people.ts';
import { oneAtATime } from '../../activities/one-at-a-time.ts';
import { createShortWayActivities } from '../../activities/short-way.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import { channelJid, channelUrl } from '../../zoom/index.ts';
import { attempt, settledAccount, testStore } from './harness.ts';

const held = testStore();

async function inChannel() {
  const { store } = held;
  const account = await settledAccount(store);
  const { zoom, accountId, owner } = account;
  const people = rememberPeople(store.members);
  const dependencies = { store, zoom: zoom.client, userZoom: zoom.userZoom, people };
  const directLine = { deliver: () => Promise.resolve('reached' as const) };
  const chatId = `chat-${randomUUID().slice(0, 12)}`;
  const channel = zoom.addChannel('chat', { members: [owner.email ?? ''] });
  const jid = channelJid(channel.id);
  const entry: TranscriptEntry = { kind: 'visitorMessage', seq: 7, at: 1, clientId: 'c1', text: 'Hello' };
  const post = {
    chatId,
    accountId,
    channel: { id: channel.id, jid, name: channel.name, url: channelUrl(jid) },
    ownerUserId: owner.id,
    visitorName: 'Jane Doe',
    content: { kind: 'visitorLines' as const, text: 'Hello', lastSeq: 7 },
    as: 'bot' as const,
    entries: [entry],
  };
  return {
    ...account,
    channel,
    post,
    long: createChatActivities(dependencies),
    short: createShortWayActivities({ ...dependencies, directLine }),
  };
}

/** Long enough for an attempt that does not wait to have looked into the channel. */
async function meanwhile(): Promise<void> {
  for (let n = 0; n < 30; n += 1) await held.store.transcript.lastSeq('no chat');
}

async function untilCalled(zoom: { calls: readonly string[] }, operation: string): Promise<void> {
  await expect.poll(() => zoom.calls.includes(operation)).toBe(true);
}

describe('an attempt that was given up and is still at work', () => {
  test('on the short way is waited for before anybody looks whether its post is there', async () => {
    const { zoom, channel, post, long, short } = await inChannel();
    const release = zoom.hold('bot.postMessage');
    const givenUp = attempt(1, short.relayNow, { ...post, lastSeq: 7, routes: [] });
    await untilCalled(zoom, 'bot.postMessage');
    const again = attempt(1, long.postToChatChannel, { ...post, knownIds: [], lookFirst: true });
    await meanwhile();
    expect(zoom.calls).not.toContain('listMessages');
    release();
    expect(await givenUp).toMatchObject({ outcome: 'posted' });
    expect(await again).toEqual({ messageIds: channel.messages.map(({ id }) => id), as: 'bot' });
    expect(channel.messages).toHaveLength(1);
  });

  test('is waited for by the next attempt', async () => {
    const { zoom, channel, post, long } = await inChannel();
    const release = zoom.hold('bot.postMessage');
    const givenUp = attempt(1, long.postToChatChannel, { ...post, knownIds: [] });
    await untilCalled(zoom, 'bot.postMessage');
    const again = attempt(2, long.postToChatChannel, { ...post, knownIds: [] });
    await meanwhile();
    expect(zoom.calls).not.toContain('listMessages');
    release();
    expect(await again).toEqual(await givenUp);
    expect(channel.messages).toHaveLength(1);
  });

  test('with the inbound card is waited for too', async () => {
    const { zoom, inbound, post, long } = await inChannel();
    const { chatId, accountId } = post;
    const card = {
      chatId,
      accountId,
      visitorName: 'Jane Doe',
      firstWords: 'Hello',
      face: { status: 'waiting' as const, agents: [] },
      deliveredSeq: 1,
    };
    const release = zoom.hold('bot.postMessage');
    const givenUp = attempt(1, long.postInboundCard, card);
    await untilCalled(zoom, 'bot.postMessage');
    const again = attempt(2, long.postInboundCard, card);
    await meanwhile();
    expect(zoom.calls).not.toContain('listMessages');
    release();
    expect(await again).toEqual(await givenUp);
    expect(inbound.messages).toHaveLength(1);
  });
});

test('work of one key goes on after a failure, and waits for no other key', async () => {
  let release: () => void = () => undefined;
  const first = oneAtATime('a', () => new Promise<void>((_, reject) => (release = () => reject(new Error('no')))));
  const second = oneAtATime('a', () => Promise.resolve(2));
  expect(await oneAtATime('b', () => Promise.resolve(3))).toBe(3);
  release();
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe(2);
});
