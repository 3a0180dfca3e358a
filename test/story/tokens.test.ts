import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createRenewTokens } from '../../activities/renew-tokens.ts';
import { createUserZoom, NeedsReconnectError, type UserZoom } from '../../activities/user-zoom.ts';
import { encryptedDataConverter } from '../../codec/data-converter.ts';
import { readApiConfig } from '../../config/env.ts';
import type { ChannelChoices } from '../../domain/dashboard.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce } from '../../tools/embedded/test-servers.ts';
import { connectMongo, createStore } from '../../store/index.ts';
import { getChatQuery } from '../../workflows/chat/messages.ts';
import { createZoomClient } from '../../zoom/index.ts';
import { Admin, eventually, quotedLines, Visitor, ZoomSide } from '../support/driver.ts';

/**
 * Zoom's rotating tokens over the whole system: real Temporal and MongoDB, two workers and an api as processes of
 * their own. The bot is not let into private channels, so that every word of a visitor needs the channel owner's
 * grant.
 */
let stack: Stack;
let dataDir: string;
let zoom: ZoomSide;
let temporal: Client;
let admin: Admin;
let widget: string;
let ids: Record<'alex' | 'jill', string>;
/** Two more processes, as far as tokens go. */
let others: UserZoom[];
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  await builtOnce();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-tokens-'));
  stack = await startStack({ dataDir, skipBuild: true, autoRestart: false, temporalUi: false });
  await stack.add('worker', 'worker-2');
  zoom = new ZoomSide(stack.urls.sandbox ?? '');
  await zoom.faults({ switches: { retryScale: 0.01, botInPrivateChannels: 'refused', rateLimits: false } });
  const { users } = await zoom.state();
  const idOf = (email: string) => users.find((user) => user.email === email)?.id ?? '';
  ids = { alex: idOf('alex@example.com'), jill: idOf('jill@example.com') };
  admin = new Admin(stack.urls);
  await admin.install(ids.alex);
  widget = (await admin.dashboard()).widget.id;
  const inbound = await zoom.channel('Live Chat Inbound');
  await zoom.invite(ids.alex, inbound.id, [ids.jill]);

  const config = readApiConfig(stack.env);
  const connection = await Connection.connect(config.temporal.connection);
  closers.push(() => connection.close());
  const { namespace } = config.temporal;
  temporal = new Client({ connection, namespace, dataConverter: encryptedDataConverter(config.payloadKeys) });
  others = await Promise.all(
    [1, 2].map(async () => {
      const mongo = await connectMongo(config.mongodbUri);
      closers.push(() => mongo.close());
      const store = await createStore(mongo, config.tokenKeys);
      return createUserZoom({
        store,
        zoom: createZoomClient(config.zoom),
        renew: createRenewTokens({ client: temporal, store }),
        clock: Date.now,
      });
    }),
  );
}, 180_000);
afterAll(async () => {
  for (const close of closers) await close();
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

const eventList = z.object({ events: z.array(z.looseObject({ data: z.looseObject({ user_id: z.string() }) })) });

/** How often this person's tokens were rotated. */
async function rotations(userId: string): Promise<number> {
  const response = await fetch(`${zoom.url}/_sandbox/events?type=oauth.refreshed&since=0&timeout_ms=0`);
  return eventList.parse(await response.json()).events.filter(({ data }) => data.user_id === userId).length;
}

/** The bot's messages to this person with these words in them. */
async function messagesOfBot(userId: string, words: string) {
  const { dms } = await zoom.state();
  const mine = dms.filter((dm) => dm.kind === 'bot' && dm.user_ids.includes(userId)).flatMap((dm) => dm.messages);
  return mine.filter((message) => JSON.stringify(message.content).includes(words));
}
const askedToReconnect = (userId: string) => messagesOfBot(userId, 'Reconnect Live Chat to Zoom');

const expireTokensOf = (user: string) => zoom.faults({ tokens: { action: 'expire', kinds: ['access'], user } });
const loseNextRefresh = () => zoom.faults({ rules: [{ kind: 'token_answer_lost', times: 1 }] });

/** Alex, or whoever it is, goes through Zoom's consent page again. */
async function addAgain(userId: string) {
  const again = new Admin(stack.urls);
  const callback = await again.decide(await again.consentUrl(), userId, 'allow');
  const landed = await again.request(callback.href);
  expect(landed.status).toBe(302);
  expect(landed.headers.get('location')).toContain('/dashboard');
}

async function newVisitor(name: string, words: string) {
  const visitor = new Visitor(stack.urls.app, widget, name);
  await visitor.connect();
  visitor.say(words);
  return visitor;
}

/** Nobody of the account could be asked in: no chat begins, as soon as the api has looked at its grants again. */
async function turnedAway(name: string): Promise<void> {
  await eventually(async () => {
    const visitor = new Visitor(stack.urls.app, widget, name);
    const isWelcome = await visitor.connect().then(
      () => true,
      () => false,
    );
    visitor.drop();
    expect(isWelcome).toBe(false);
    expect(visitor.frames).toEqual([expect.objectContaining({ type: 'error', code: 'not_available' })]);
  });
}

async function joinedChat(name: string, words: string, agent = ids.jill) {
  const visitor = await newVisitor(name, words);
  const card = await eventually(() => zoom.inboundCard(words));
  await zoom.press(agent, card, 'Join Chat');
  await eventually(() => expect(visitor.entries.map((entry) => entry.kind)).toContain('agentJoined'), 30_000);
  return visitor;
}

/**
 * What a visitor wrote that is in their chat channel, in order: posted in the owner's name, with the visitor's in
 * front.
 */
async function relayed(name: string): Promise<string[]> {
  const { messages } = await zoom.channel(new RegExp(`^${name} · `));
  return messages.filter(({ bot }) => !bot).flatMap(quotedLines);
}

function workflowOf(visitor: Visitor) {
  const [, payload = ''] = (visitor.token ?? '').split('.');
  const { sub } = z.looseObject({ sub: z.string() }).parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  return temporal.workflow.getHandle(workflowIds.chat({ chatId: sub }));
}

/** The state that Temporal gives a chat. */
async function chatStatus(visitor: Visitor): Promise<string> {
  return (await workflowOf(visitor).describe()).status.name;
}

/** How long a chat will wait by itself until it tries again, ms. */
async function longestWait(visitor: Visitor): Promise<number> {
  const { waits = [] } = await workflowOf(visitor).query(getChatQuery);
  return Math.max(0, ...waits.map(({ nextTryAt }) => nextTryAt - Date.now()));
}

test('fifty calls in several processes with an expired token make one refresh', async () => {
  // Known to all of them before it expires.
  for (const userZoom of others) await userZoom(ids.alex, (api) => api.getMe());
  await admin.json<ChannelChoices>('/api/channels');
  const before = await rotations(ids.alex);
  await expireTokensOf(ids.alex);
  const calls = Array.from({ length: 48 }, (_, n) => (others[n % 2] as UserZoom)(ids.alex, (api) => api.getMe()));
  const fromApi = [1, 2].map(() => admin.json<ChannelChoices>('/api/channels'));
  const people = await Promise.all(calls);
  await Promise.all(fromApi);
  expect(people.map(({ id }) => id)).toEqual(Array(48).fill(ids.alex));
  expect(await rotations(ids.alex)).toBe(before + 1);
});

test('a scope that is missing in mid-chat is told once; the press waits, and goes on at once after a new consent', async () => {
  const told = () => messagesOfBot(ids.alex, 'Live Chat lacks permissions in Zoom');
  // Of either family: what the app's channel is made and filled with.
  const scopes = ['chat_channel:write:admin', 'team_chat:write:user_channel:admin'];
  await zoom.faults({ remove_scopes: { scopes, user: 'alex@example.com' } });
  const sam = await newVisitor('Sam Scope', 'May I come in?');
  const card = await eventually(() => zoom.inboundCard('May I come in?'));
  await zoom.press(ids.jill, card, 'Join Chat');

  const [message] = await eventually(async () => {
    const messages = await told();
    expect(messages).toHaveLength(1);
    return messages;
  }, 30_000);
  const words = JSON.stringify(message?.content);
  expect(words).toContain('View and manage all users’ chat channels');
  expect(words).toContain(`${stack.urls.public}/install`);
  // So often tried that the next pause is longer than what follows may take.
  await eventually(async () => expect(await longestWait(sam)).toBeGreaterThan(15_000), 60_000);
  expect(sam.entries.map((entry) => entry.kind)).not.toContain('agentJoined');

  await addAgain(ids.alex);
  await eventually(() => expect(sam.entries.map((entry) => entry.kind)).toContain('agentJoined'), 10_000);
  await eventually(async () => expect(await relayed('Sam Scope')).toEqual(['May I come in?']), 10_000);
  expect(await told()).toHaveLength(1);
  expect((await admin.dashboard()).missingScopes.filter(({ required }) => required)).toEqual([]);
  for (const userZoom of others) await expect(userZoom(ids.alex, (api) => api.getMe())).resolves.toBeDefined();
  sam.end();
}, 150_000);

describe('a refresh that was lost after Zoom rotated the tokens', () => {
  test('ends as a message to the administrator; chats wait and none begins, until the app was added again', async () => {
    const jane = await joinedChat('Jane Wait', 'Are you there?');
    await eventually(async () => expect(await relayed('Jane Wait')).toEqual(['Are you there?']));
    const deliveredBefore = await eventually(() => {
      expect(jane.deliveredSeq).toBeGreaterThan(0);
      return jane.deliveredSeq;
    });
    expect((await admin.dashboard()).needsReconnect).toBe(false);
    const before = await rotations(ids.alex);

    await loseNextRefresh();
    await expireTokensOf(ids.alex);
    const first = jane.say('one');
    await eventually(() => expect(jane.accepted).toContain(first));

    const [message, ...more] = await eventually(async () => {
      const asked = await askedToReconnect(ids.alex);
      expect(asked).not.toEqual([]);
      return asked;
    }, 30_000);
    expect(more).toEqual([]);
    expect(JSON.stringify(message?.content)).toContain(`${stack.urls.public}/install`);
    await eventually(async () => expect((await admin.dashboard()).needsReconnect).toBe(true));
    expect(await rotations(ids.alex)).toBe(before + 1);

    // Accepted, and not more.
    const rest = ['two', 'three', 'four'].map((words) => jane.say(words));
    await eventually(() => expect([...jane.accepted]).toEqual(expect.arrayContaining(rest)));
    await turnedAway('Nina New');
    await expect(others[0]?.(ids.alex, (api) => api.getMe())).rejects.toBeInstanceOf(NeedsReconnectError);
    expect(jane.deliveredSeq).toBe(deliveredBefore);
    expect(await relayed('Jane Wait')).toEqual(['Are you there?']);
    expect(await chatStatus(jane)).toBe('RUNNING');

    await addAgain(ids.alex);
    expect((await admin.dashboard()).needsReconnect).toBe(false);
    // What waited goes on at once, not when its pause is over.
    await eventually(async () =>
      expect(await relayed('Jane Wait')).toEqual(['Are you there?', 'one', 'two', 'three', 'four']),
    );
    await eventually(() => expect(jane.deliveredSeq).toBeGreaterThanOrEqual(deliveredBefore + 4));
    const nina = await eventually(() => newVisitor('Nina New', 'Hello from a new chat'));
    await eventually(() => zoom.inboundCard('Hello from a new chat'));
    await eventually(() => expect(nina.deliveredSeq).toBe(1));
    expect(await askedToReconnect(ids.alex)).toHaveLength(1);
    await expect(others[0]?.(ids.alex, (api) => api.getMe())).resolves.toMatchObject({ id: ids.alex });
    jane.end();
    nina.end();
  }, 150_000);

  test('does not stop new chats where another administrator has added the app too', async () => {
    await zoom.changeUser(ids.jill, { role: 'admin' });
    await new Admin(stack.urls).install(ids.jill);
    await loseNextRefresh();
    await expireTokensOf(ids.alex);
    await expect(others[0]?.(ids.alex, (api) => api.getMe())).rejects.toBeInstanceOf(NeedsReconnectError);
    await eventually(async () => expect(await askedToReconnect(ids.alex)).toHaveLength(2));

    const carl = await joinedChat('Carl Colleague', 'Anybody else?');
    const { members } = await zoom.channel(/^Carl Colleague · /);
    expect(members.map((member) => member.id)).toEqual([ids.jill]);
    carl.say('Good.');
    await eventually(async () => expect(await relayed('Carl Colleague')).toEqual(['Anybody else?', 'Good.']), 30_000);
    carl.end();
  }, 90_000);
});
