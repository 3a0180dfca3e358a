import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect as connectTo } from 'node:net';
import { SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { deriveKey } from '../../api/auth/keys.ts';
import { TemporalUnavailableError } from '../../api/temporal/call.ts';
import { isSolved } from '../../api/visitor/challenge.ts';
import { chatTokens } from '../../api/visitor/chat-tokens.ts';
import { VisitorConnections } from '../../api/visitor/connections.ts';
import { disconnectSignals } from '../../api/visitor/disconnects.ts';
import { createVisitorServer, type VisitorServerOptions } from '../../api/visitor/server.ts';
import { limits } from '../../domain/limits.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { ServerFrame } from '../../domain/visitor-protocol.ts';
import { accountId, chat, fakeDependencies, start, widget as widgetOf } from './fakes.ts';
import { listen } from './harness.ts';

type Frame<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const instance = { instanceId: 'instance-1', instanceUrl: 'http://10.0.0.7:3000' };

async function startVisitors(
  options: Partial<VisitorServerOptions> = {},
  env: Record<string, string> = {},
  graceMs = 10_000,
) {
  const fakes = fakeDependencies(env);
  const { dependencies } = fakes;
  const { temporal, log } = dependencies;
  const connections = new VisitorConnections({ signalDisconnected: disconnectSignals(temporal.chats, log), graceMs });
  const visitors = createVisitorServer({ ...dependencies, ...instance, connections, options });
  const server = createServer();
  server.on('upgrade', visitors.upgrade);
  const url = (await listen(server)).replace('http', 'ws');
  cleanups.push(() => visitors.close());
  return { ...fakes, visitors, url, connections, tokens: chatTokens(dependencies) };
}

/** A widget's end of the connection. */
class Widget {
  readonly frames: ServerFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #taken = 0;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`${url}/visitor`, { headers });
    this.socket.on('message', (data) => this.frames.push(JSON.parse((data as Buffer).toString()) as ServerFrame));
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.on('close', (code) => resolve(code)));
    cleanups.push(async () => this.socket.terminate());
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The next frame, which must be of that type. */
  async next<T extends ServerFrame['type']>(type: T): Promise<Frame<T>> {
    await expect.poll(() => this.frames.length, { interval: 5, timeout: 5_000 }).toBeGreaterThan(this.#taken);
    const frame = this.frames[this.#taken++];
    expect(frame).toMatchObject({ type });
    return frame as Frame<T>;
  }

  /** Nothing more has come by the time a ping is answered. */
  async nothingMore(): Promise<void> {
    this.send({ type: 'ping' });
    await this.next('pong');
    expect(this.frames.length).toBe(this.#taken);
  }
}

async function connect(url: string, hello: Record<string, unknown> | null = {}, headers: Record<string, string> = {}) {
  const widget = new Widget(url, headers);
  await once(widget.socket, 'open');
  if (hello) widget.send({ type: 'hello', v: 1, widget: 'widget-1', ...hello });
  return widget;
}

async function welcomed(url: string, hello: Record<string, unknown> = {}) {
  const widget = await connect(url, hello);
  return { widget, welcome: await widget.next('welcome') };
}

const message = (n: number, text = `message ${n}`) => ({ type: 'message', id: `client-id-${n}`, text });
const agentEntry = (seq: number, text = 'hi'): TranscriptEntry => ({
  seq,
  at: start,
  kind: 'agentMessage',
  messageId: `m${seq}`,
  agent: { id: 'agent-secret-id', name: 'Jill' },
  text,
});

describe('a new visitor', () => {
  test('is welcomed, and nothing is stored or started before the first message', async () => {
    const app = await startVisitors();
    const { welcome } = await welcomed(app.url);
    expect(welcome).toMatchObject({ chat: null, lastSeq: 0, deliveredSeq: 0, settings: { teamName: 'Example team' } });
    expect(app.temporal.calls).toEqual([]);
  });

  test('has a message accepted once Temporal has taken it', async () => {
    const app = await startVisitors();
    const { widget, welcome } = await welcomed(app.url, {
      visitor: { name: ' Vera ', email: 'vera@example.com' },
      page: { url: 'https://shop.example/pricing', title: 'Pricing' },
    });
    let taken: () => void = () => undefined;
    app.temporal.before = () => new Promise((resolve) => (taken = resolve));
    widget.send(message(1, ' Hello! '));
    await expect.poll(() => app.temporal.calls.length).toBe(1);
    await widget.nothingMore();
    app.temporal.before = async () => undefined;
    taken();
    expect(await widget.next('accepted')).toEqual({ type: 'accepted', id: 'client-id-1' });

    const [[input, event] = []] = app.temporal.named('sendMessage');
    const chatId = (await app.tokens.continue(welcome.token, 'widget-1'))?.chatId;
    expect(chatId).toMatch(/^[A-Za-z0-9]{16}$/);
    expect(input).toEqual({
      chatId,
      accountId,
      widgetId: 'widget-1',
      visitor: { name: 'Vera', email: 'vera@example.com', id: expect.stringMatching(/^[A-Za-z0-9]{16}$/) as string },
      page: { url: 'https://shop.example/pricing', title: 'Pricing' },
      continueAfterEvents: limits.eventsPerRun,
      timings: {
        remindAfterMs: [120_000, 300_000],
        missedAfterMs: 300_000,
        idleEndMs: 86_400_000,
        reopenMs: 86_400_000,
      },
    });
    expect(event).toMatchObject({
      kind: 'message',
      clientId: 'client-id-1',
      text: 'Hello!',
      at: start,
      connection: { instanceId: 'instance-1', url: 'http://10.0.0.7:3000' },
    });
  });

  test('without a name gets one from the chat', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    widget.send(message(1));
    await widget.next('accepted');
    const [[input] = []] = app.temporal.named('sendMessage');
    expect(input?.visitor.name).toBe(`Visitor ${input?.chatId.slice(0, 4) ?? '?'}`);
  });

  test('has a token of their own', async () => {
    const app = await startVisitors();
    const all = await Promise.all(Array.from({ length: 20 }, () => welcomed(app.url)));
    expect(new Set(all.map(({ welcome }) => welcome.token)).size).toBe(20);
  });
});

describe('what a visitor’s page says', () => {
  const url = 'https://me:secret@shop.example/account?reset_token=SECRET&id=4#frag';

  test.each([
    [[], 'https://shop.example/account'],
    [['id'], 'https://shop.example/account?id=4'],
  ])('goes no further than its website allows: %j', async (pageQuery, seen) => {
    const app = await startVisitors();
    app.store.widgetsById.set('widget-1', widgetOf({ settings: { teamName: 'Team', pageQuery } }));
    const { widget } = await welcomed(app.url, { page: { url } });
    widget.send(message(1));
    await widget.next('accepted');
    expect(app.temporal.named('sendMessage')[0]?.[0].page).toEqual({ url: seen });
    widget.send({ type: 'page', url: url.replace('account', 'basket') });
    await expect.poll(() => app.temporal.named('signalVisitor')).toHaveLength(1);
    expect(app.temporal.named('signalVisitor')[0]?.[1]).toEqual({
      kind: 'page',
      page: { url: seen.replace('account', 'basket') },
    });
  });

  test('and of the page before it neither', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url, { visitor: { referrer: 'https://search.example/?q=my+secret#x' } });
    widget.send(message(1));
    await widget.next('accepted');
    expect(app.temporal.named('sendMessage')[0]?.[0].visitor.referrer).toBe('https://search.example/');
  });

  test('reaches the team as far as it is of use, and what is not keeps nobody out', async () => {
    const app = await startVisitors();
    const visitor = {
      language: 'de-at',
      timeZone: 'Europe/Berlin',
      email: 'no address',
      attributes: { plan: 'gold', more: { of: 'it' } },
    };
    const { widget } = await welcomed(app.url, { visitor });
    widget.send(message(1));
    await widget.next('accepted');
    expect(app.temporal.named('sendMessage')[0]?.[0].visitor).toEqual({
      id: expect.any(String) as string,
      name: expect.stringMatching(/^Visitor /) as string,
      language: 'de-AT',
      timeZone: 'Europe/Berlin',
      attributes: { plan: 'gold' },
    });
  });
});

describe('the page that a visitor goes to', () => {
  const page = (n: number) => ({ url: `https://shop.example/${n}`, title: `Page ${n}` });
  const signals = (app: Awaited<ReturnType<typeof startVisitors>>) =>
    app.temporal.named('signalVisitor').map(([, event]) => event);

  test('before the first message is the one that the chat begins on', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url, { page: page(1) });
    widget.send({ type: 'page', ...page(2) });
    widget.send(message(1));
    await widget.next('accepted');
    expect(app.temporal.named('sendMessage')[0]?.[0].page).toEqual(page(2));
    expect(signals(app)).toEqual([]);
  });

  test('is told once, also by the next page’s hello', async () => {
    const app = await startVisitors();
    const { widget, welcome } = await welcomed(app.url, { page: page(1) });
    widget.send(message(1));
    await widget.next('accepted');
    const [[input] = []] = app.temporal.named('sendMessage');
    app.store.chatsById.set(input?.chatId ?? '', chat({ _id: input?.chatId ?? '' }));
    widget.socket.terminate();
    for (const n of [1, 2, 2]) {
      const next = await welcomed(app.url, { token: welcome.token, page: page(n) });
      await next.widget.nothingMore();
      next.widget.socket.terminate();
    }
    await expect.poll(() => signals(app)).toEqual([{ kind: 'page', page: page(2) }]);
  });

  test('is told by a later look after the socket where it changes all the time', async () => {
    const app = await startVisitors({ pingEveryMs: 50 });
    const { widget } = await welcomed(app.url, { page: page(1) });
    widget.send(message(1));
    await widget.next('accepted');
    for (let n = 2; n <= 30; n += 1) widget.send({ type: 'page', ...page(n) });
    await widget.nothingMore();
    const told = signals(app).length;
    expect(told).toBeLessThan(15);
    await expect.poll(() => signals(app).at(-1), { timeout: 5_000 }).toEqual({ kind: 'page', page: page(30) });
    expect(signals(app).length).toBe(told + 1);
  });

  test('is passed over while Temporal is away, and told when it is back', async () => {
    const app = await startVisitors({ pingEveryMs: 50 });
    const { widget } = await welcomed(app.url, { page: page(1) });
    widget.send(message(1));
    await widget.next('accepted');
    app.temporal.away = true;
    widget.send({ type: 'page', ...page(2) });
    await widget.nothingMore();
    app.temporal.away = false;
    await expect.poll(() => signals(app).at(-1)).toEqual({ kind: 'page', page: page(2) });
  });
});

describe('a browser that was here before', () => {
  const visitorId = async (app: Awaited<ReturnType<typeof startVisitors>>, token: string) =>
    (await app.tokens.continue(token, 'widget-1'))?.visitorId;

  test('is known in its next chat by what the last one left, and by nothing that is forged or another widget’s', async () => {
    const app = await startVisitors();
    const { welcome: first } = await welcomed(app.url);
    const known = await visitorId(app, first.token);
    const { welcome: next } = await welcomed(app.url, { visitor: { token: first.visitorToken } });
    expect(await visitorId(app, next.token)).toBe(known);
    expect(next.token).not.toBe(first.token);
    const other = await app.tokens.begin('widget-2');
    for (const token of [undefined, 'nonsense', first.token, other.visitorToken]) {
      const { welcome } = await welcomed(app.url, { visitor: { token } });
      expect(await visitorId(app, welcome.token), token ?? '').not.toBe(known);
    }
  });

  test('does not open its last chat by that', async () => {
    const app = await startVisitors();
    const { visitorToken } = await app.tokens.begin('widget-1');
    const widget = await connect(app.url, { token: visitorToken });
    expect(await widget.next('error')).toMatchObject({ code: 'bad_token' });
  });
});

describe('the visitors of an account without a working grant', () => {
  const withGrant = (app: Awaited<ReturnType<typeof startVisitors>>, grantStatus: 'needsReconnect' | 'removed') => {
    const [one] = app.store.membersById.values();
    if (one) app.store.membersById.set(one._id, { ...one, grantStatus });
  };

  test.each(['needsReconnect', 'removed'] as const)('begin no chat: %s', async (grantStatus) => {
    const app = await startVisitors();
    withGrant(app, grantStatus);
    const widget = await connect(app.url);
    expect(await widget.next('error')).toMatchObject({ code: 'not_available', retryable: true });
    expect(await widget.closed).toBe(1013);
  });

  test('who were welcomed while it had one begin none either, and nothing is stored', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    withGrant(app, 'removed');
    app.clock.pass(10_000);
    widget.send(message(1));
    expect(await widget.next('error')).toMatchObject({ code: 'not_available', retryable: true, ref: 'client-id-1' });
    expect(app.temporal.calls).toEqual([]);
    expect(app.store.newChatsBegun).toEqual([]);
  });

  test('go on with a chat that has begun as long as somebody may connect again, and not once all have gone', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    widget.send(message(1));
    await widget.next('accepted');
    withGrant(app, 'needsReconnect');
    app.clock.pass(10_000);
    widget.send(message(2));
    await widget.next('accepted');
    withGrant(app, 'removed');
    app.clock.pass(10_000);
    widget.send(message(3));
    expect(await widget.next('error')).toMatchObject({ code: 'not_available', ref: 'client-id-3' });
  });

  test('of one that is connected do not notice that MongoDB is away', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    widget.send(message(1));
    await widget.next('accepted');
    app.store.broken = true;
    app.clock.pass(10_000);
    widget.send(message(2));
    await widget.next('accepted');
  });
});

describe('new chats', () => {
  test('beyond what one network may begin wait, and the message that was refused can be sent again', async () => {
    const app = await startVisitors({}, { TRUST_PROXY: '1', NEW_CHATS_PER_ADDRESS: '2' });
    const from = async (address: string) => {
      const widget = await connect(app.url, {}, { 'x-forwarded-for': address });
      await widget.next('welcome');
      widget.send(message(1));
      return widget;
    };
    await (await from('2001:db8::1')).next('accepted');
    await (await from('2001:db8::2:3')).next('accepted');
    const third = await from('2001:db8::ffff');
    const refusal = await third.next('error');
    expect(refusal).toMatchObject({ code: 'rate_limited', retryable: true, ref: 'client-id-1', retryAfterMs: 300_000 });
    await (await from('192.0.2.9')).next('accepted');
    app.clock.pass(300_000);
    third.send(message(1));
    await third.next('accepted');
    third.send(message(2));
    await third.next('accepted');
    expect(app.store.newChatsBegun).toHaveLength(4);
  });

  test('do not begin while nobody can count them, and then do', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    app.store.broken = true;
    widget.send(message(1));
    expect(await widget.next('error')).toMatchObject({ code: 'unavailable', retryable: true, ref: 'client-id-1' });
    app.store.broken = false;
    widget.send(message(1));
    await widget.next('accepted');
  });
});

describe('a challenge', () => {
  test('stands before the first message of a chat, and before no other', async () => {
    const app = await startVisitors({}, { CHALLENGE_BITS: '8' });
    const { widget, welcome } = await welcomed(app.url);
    expect(welcome.challenge).toEqual({ bits: 8 });
    const candidates = Array.from({ length: 10_000 }, (_, n) => `${n}`);
    const wrong = candidates.find((one) => !isSolved(welcome.token, one, 8));
    for (const solution of [undefined, wrong]) {
      widget.send({ ...message(1), solution });
      expect(await widget.next('error')).toMatchObject({ code: 'challenge_unsolved', ref: 'client-id-1' });
    }
    expect(app.store.newChatsBegun).toEqual([]);
    const solution = candidates.find((one) => isSolved(welcome.token, one, 8));
    widget.send({ ...message(1), solution });
    await widget.next('accepted');
    widget.send(message(2));
    await widget.next('accepted');
    const [[input] = []] = app.temporal.named('sendMessage');
    app.store.chatsById.set(input?.chatId ?? '', chat({ _id: input?.chatId ?? '' }));
    expect((await welcomed(app.url, { token: welcome.token })).welcome.challenge).toBeUndefined();
  });
});

describe('a chat of which much waits for the team', () => {
  test('takes no more until the team has taken it, whichever way the visitor comes', async () => {
    const app = await startVisitors();
    const { chatId, token } = await app.tokens.begin('widget-1');
    app.store.chatsById.set(chatId, chat({ _id: chatId, isFull: true }));
    const { widget } = await welcomed(app.url, { token });
    widget.send(message(1));
    expect(await widget.next('error')).toMatchObject({ code: 'too_much_waiting', retryable: true, ref: 'client-id-1' });
    app.connections.push({ chatId, entries: [], lastSeq: 0, deliveredSeq: 0, isFull: false });
    widget.send(message(1));
    await widget.next('accepted');
    app.connections.push({ chatId, entries: [], lastSeq: 0, deliveredSeq: 0 });
    widget.send(message(2));
    await widget.next('accepted');
    app.connections.push({ chatId, entries: [], lastSeq: 0, deliveredSeq: 0, isFull: true });
    const tab = await welcomed(app.url, { token });
    tab.widget.send(message(3));
    expect(await tab.widget.next('error')).toMatchObject({ code: 'too_much_waiting' });
  });
});

describe('an e-mail address', () => {
  const email = (n: number, address = 'vera@example.com') => ({ type: 'email', id: `client-id-${n}`, email: address });

  test('is taken once a chat has begun, and not before', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    widget.send(email(1));
    expect(await widget.next('error')).toMatchObject({ code: 'bad_frame', ref: 'client-id-1', retryable: false });
    widget.send(message(2));
    await widget.next('accepted');
    widget.send(email(3));
    expect(await widget.next('accepted')).toEqual({ type: 'accepted', id: 'client-id-3' });
    expect(app.temporal.named('signalVisitor').map(([, event]) => event)).toEqual([
      { kind: 'email', clientId: 'client-id-3', email: 'vera@example.com', at: start },
    ]);
  });

  test('is refused where it is none, too often, or read by nobody', async () => {
    const app = await startVisitors();
    const { chatId, token } = await app.tokens.begin('widget-1');
    app.store.chatsById.set(chatId, chat({ _id: chatId, isFull: true }));
    const { widget } = await welcomed(app.url, { token });
    widget.send(email(1, 'vera at example'));
    expect(await widget.next('error')).toMatchObject({ code: 'bad_frame', ref: 'client-id-1' });
    // What waits for the team does not stand in its way.
    for (let n = 2; n < 12; n++) {
      widget.send(email(n));
      await widget.next('accepted');
    }
    widget.send(email(12));
    expect(await widget.next('error')).toMatchObject({ code: 'rate_limited', ref: 'client-id-12', retryable: true });
    app.store.membersById.clear();
    app.clock.pass(10_000);
    const other = await app.tokens.begin('widget-1');
    app.store.chatsById.set(other.chatId, chat({ _id: other.chatId }));
    const { widget: unread } = await welcomed(app.url, { token: other.token });
    unread.send(email(13));
    expect(await unread.next('error')).toMatchObject({ code: 'not_available', ref: 'client-id-13' });
  });
});

describe('the messages of a connection', () => {
  test('reach Temporal strictly one after the other', async () => {
    const app = await startVisitors();
    let running = 0;
    app.temporal.before = async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      running -= 1;
    };
    const { widget } = await welcomed(app.url);
    for (let n = 1; n <= 8; n++) widget.send(message(n));
    for (let n = 1; n <= 8; n++) expect((await widget.next('accepted')).id).toBe(`client-id-${n}`);
    expect(app.temporal.named('sendMessage').map(([, event]) => event.text)).toEqual(
      Array.from({ length: 8 }, (_, i) => `message ${i + 1}`),
    );
  });

  test('when Temporal is away are refused as retryable, and none overtakes another', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    let fail: (error: Error) => void = () => undefined;
    app.temporal.before = () => new Promise((_, reject) => (fail = reject));
    widget.send(message(1));
    widget.send(message(2));
    await expect.poll(() => app.temporal.calls.length).toBe(1);
    await widget.nothingMore();
    app.temporal.before = async () => undefined;
    fail(new TemporalUnavailableError('away'));
    for (const ref of ['client-id-1', 'client-id-2']) {
      expect(await widget.next('error')).toMatchObject({ code: 'unavailable', retryable: true, ref });
    }
    widget.send(message(1));
    expect((await widget.next('accepted')).id).toBe('client-id-1');
  });

  test('too many at once are refused with a time to wait', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    for (let n = 1; n <= 14; n++) widget.send(message(n));
    for (let n = 1; n <= 10; n++) await widget.next('accepted');
    const refused = await widget.next('error');
    expect(refused).toMatchObject({ code: 'rate_limited', retryable: true, ref: 'client-id-11' });
    expect(refused.retryAfterMs).toBeGreaterThan(0);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(1_000);
    await new Promise((resolve) => setTimeout(resolve, refused.retryAfterMs));
    while (widget.frames.length < 15) await new Promise((resolve) => setTimeout(resolve, 5));
    for (let n = 12; n <= 14; n++) await widget.next('error');
    widget.send(message(11));
    expect((await widget.next('accepted')).id).toBe('client-id-11');
  });

  test('for a chat that is over are refused for good', async () => {
    const app = await startVisitors();
    const { widget, welcome } = await welcomed(app.url);
    app.temporal.over.add((await app.tokens.continue(welcome.token, 'widget-1'))?.chatId ?? '');
    widget.send(message(1));
    expect(await widget.next('error')).toMatchObject({ code: 'chat_ended', retryable: false, ref: 'client-id-1' });
    widget.send(message(2));
    await widget.next('error');
    expect(app.temporal.named('sendMessage')).toHaveLength(1);
  });

  test('an end is signalled and accepted', async () => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    widget.send(message(1));
    await widget.next('accepted');
    widget.send({ type: 'end', id: 'the-end-1' });
    expect(await widget.next('accepted')).toEqual({ type: 'accepted', id: 'the-end-1' });
    expect(app.temporal.named('signalVisitor').map(([, event]) => event)).toEqual([{ kind: 'ended' }]);
  });
});

describe('a visitor who comes back', () => {
  async function appWithChat(changes: Parameters<typeof chat>[0] = {}, graceMs?: number) {
    const app = await startVisitors({}, {}, graceMs);
    const { chatId, token } = await app.tokens.begin('widget-1');
    app.store.chatsById.set(chatId, chat({ _id: chatId, deliveredSeq: 2, ...changes }));
    return { ...app, chatId, token };
  }

  test('gets what was missed, in pages, with agents by name only', async () => {
    const app = await appWithChat();
    app.store.record(
      app.chatId,
      Array.from({ length: 250 }, (_, i) => agentEntry(i + 1)),
    );
    const { widget, welcome } = await welcomed(app.url, { token: app.token, lastSeq: 3 });
    expect(welcome).toMatchObject({
      token: app.token,
      chat: { id: app.chatId, status: 'active' },
      lastSeq: 250,
      deliveredSeq: 2,
    });
    const first = await widget.next('entries');
    const second = await widget.next('entries');
    expect(first.entries).toHaveLength(limits.entriesPerFrame);
    expect([...first.entries, ...second.entries].map(({ seq }) => seq)).toEqual(
      Array.from({ length: 247 }, (_, i) => i + 4),
    );
    expect(JSON.stringify(widget.frames)).not.toContain('agent-secret-id');
    expect(first.entries[0]).toEqual({
      seq: 4,
      at: start,
      kind: 'agentMessage',
      messageId: 'm4',
      name: 'Jill',
      text: 'hi',
    });
  });

  test('is welcomed from the record; then the chat is signalled where they are, and that they have gone', async () => {
    const app = await appWithChat({}, 30);
    let answer: () => void = () => undefined;
    app.temporal.before = () => new Promise((resolve) => (answer = resolve));
    const { widget } = await welcomed(app.url, { token: app.token });
    await expect.poll(() => app.temporal.calls.length).toBe(1);
    app.temporal.before = async () => undefined;
    answer();
    widget.socket.close();
    await expect.poll(() => app.temporal.named('signalVisitor').length).toBe(2);
    const [[, connected] = [], [, disconnected] = []] = app.temporal.named('signalVisitor');
    expect(connected).toMatchObject({
      kind: 'connected',
      connection: { instanceId: 'instance-1', url: 'http://10.0.0.7:3000' },
    });
    const connectionId = connected?.kind === 'connected' ? connected.connection.connectionId : '';
    expect(disconnected).toEqual({ kind: 'disconnected', connectionId });
  });

  test('within the grace time, or in one more tab, costs Temporal nothing', async () => {
    const app = await appWithChat();
    const { widget } = await welcomed(app.url, { token: app.token });
    await expect.poll(() => app.temporal.calls.length).toBe(1);
    widget.socket.close();
    await widget.closed;
    const again = await welcomed(app.url, { token: app.token });
    await welcomed(app.url, { token: app.token });
    await again.widget.nothingMore();
    expect(app.temporal.calls).toHaveLength(1);
  });

  test('and writes at once is where the message says, without a signal of its own', async () => {
    const app = await appWithChat();
    let free: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => (free = resolve));
    app.temporal.before = ({ name }) => (name === 'signalVisitor' ? stuck : Promise.resolve());
    // Others are being announced, a few at a time, and that takes its time.
    for (let n = 0; n < 4; n++) {
      const { chatId, token } = await app.tokens.begin('widget-1');
      app.store.chatsById.set(chatId, chat({ _id: chatId }));
      await welcomed(app.url, { token });
    }
    const { widget } = await welcomed(app.url, { token: app.token });
    widget.send(message(1));
    await widget.next('accepted');
    free();
    await widget.nothingMore();
    expect(app.temporal.named('signalVisitor').map(([chatId]) => chatId)).not.toContain(app.chatId);
  });

  test('goes on with an ended chat until the time for it has passed', async () => {
    const [endedAt, reopenUntil] = [new Date(start), new Date(start + 1_000)];
    const app = await appWithChat({ status: 'ended', endedAt, reopenUntil });
    const { widget } = await welcomed(app.url, { token: app.token });
    widget.send(message(1));
    expect(await widget.next('accepted')).toEqual({ type: 'accepted', id: 'client-id-1' });
    expect(app.temporal.named('sendMessage')[0]).toMatchObject([
      { chatId: app.chatId },
      { clientId: 'client-id-1' },
      true,
    ]);
    // Both sides may end a chat at once: that does not keep it from going on.
    widget.send({ type: 'end', id: 'client-id-2' });
    expect(await widget.next('accepted')).toEqual({ type: 'accepted', id: 'client-id-2' });
    expect(app.temporal.named('signalVisitor').map(([, event]) => event.kind)).not.toContain('ended');
    app.clock.pass(1_000);
    widget.send(message(3));
    expect(await widget.next('error')).toMatchObject({ code: 'chat_ended', ref: 'client-id-3' });
    expect(app.temporal.named('sendMessage')).toHaveLength(1);
  });

  test('finds a chat open that was reopened, also where the record does not say so yet', async () => {
    const app = await appWithChat({ status: 'ended', endedAt: new Date(start) });
    const ended = { seq: 1, at: start, kind: 'ended', by: 'agent', reopenUntil: start + 1_000 } as const;
    app.store.record(app.chatId, [ended, { seq: 2, at: start, kind: 'reopened' }]);
    const { widget } = await welcomed(app.url, { token: app.token });
    await widget.next('entries');
    widget.send({ type: 'end', id: 'client-id-1' });
    await widget.next('accepted');
    // And it ends again, for good.
    const end = { ...ended, seq: 3, reopenUntil: undefined };
    app.connections.push({ chatId: app.chatId, entries: [end], lastSeq: 3, deliveredSeq: 2 });
    await widget.next('entries');
    widget.send(message(2));
    expect(await widget.next('error')).toMatchObject({ code: 'chat_ended', ref: 'client-id-2' });
  });

  test('may look back at an ended chat for as long as it can be gone on with', async () => {
    const reopenUntil = new Date(start + 48 * 3_600_000);
    const app = await appWithChat({ status: 'ended', endedAt: new Date(start), reopenUntil });
    app.clock.pass(48 * 3_600_000);
    await welcomed(app.url, { token: app.token });
    app.clock.pass(1);
    const late = await connect(app.url, { token: app.token });
    expect(await late.next('error')).toMatchObject({ code: 'bad_token' });
  });

  test('is told of trouble as it is, and then of each change', async () => {
    const app = await appWithChat({ waitsFor: 'NeedsReconnect' });
    const { widget, welcome } = await welcomed(app.url, { token: app.token });
    expect(welcome.chat).toMatchObject({ isInTrouble: true });
    const push = (isInTrouble?: boolean) => {
      const more = isInTrouble === undefined ? {} : { isInTrouble };
      app.connections.push({ chatId: app.chatId, entries: [], lastSeq: 0, deliveredSeq: 0, ...more });
    };
    push(true);
    push();
    await widget.nothingMore();
    push(false);
    expect(await widget.next('standing')).toEqual({ type: 'standing', isInTrouble: false });
    push(true);
    expect(await widget.next('standing')).toEqual({ type: 'standing', isInTrouble: true });
    // What was pushed is newer than the record.
    app.store.chatsById.set(app.chatId, chat({ _id: app.chatId, waitsFor: null }));
    expect((await welcomed(app.url, { token: app.token })).welcome.chat).toMatchObject({ isInTrouble: true });
  });

  test('may look back at an ended chat for a day', async () => {
    const endedAt = new Date(start);
    const app = await appWithChat({ status: 'ended', endedAt });
    app.clock.pass(24 * 3_600_000);
    await welcomed(app.url, { token: app.token });
    app.clock.pass(1);
    const late = await connect(app.url, { token: app.token });
    expect(await late.next('error')).toMatchObject({ code: 'bad_token' });
  });

  test('has long chats read anew only so often', async () => {
    const app = await appWithChat({});
    app.store.record(
      app.chatId,
      Array.from({ length: 200 }, (_, i) => agentEntry(i + 1)),
    );
    let welcomes = 0;
    for (;;) {
      const widget = await connect(app.url, { token: app.token, lastSeq: 0 });
      await expect.poll(() => widget.frames.length, { interval: 5 }).toBeGreaterThan(0);
      const [first] = widget.frames;
      if (first?.type === 'error') {
        expect(first).toMatchObject({ code: 'rate_limited', retryable: true });
        expect(first.retryAfterMs).toBeGreaterThan(0);
        expect(await widget.closed).toBe(4429);
        break;
      }
      await widget.next('welcome');
      await widget.next('entries');
      widget.socket.terminate();
      welcomes += 1;
    }
    expect(welcomes).toBe(12);
  });

  test('gets a push that crosses the replay once, and after it', async () => {
    const app = await appWithChat();
    app.store.record(app.chatId, [agentEntry(1), agentEntry(2)]);
    const { get } = app.store.chats;
    app.store.chats.get = async (chatId) => {
      // While the record and what was missed are read: the socket is known already, so this is not lost.
      await new Promise((resolve) => setImmediate(resolve));
      expect(app.connections.push({ chatId, entries: [agentEntry(3)], lastSeq: 3, deliveredSeq: 3 })).toBe(1);
      return get(chatId);
    };
    const { widget, welcome } = await welcomed(app.url, { token: app.token, lastSeq: 1 });
    expect(welcome.deliveredSeq).toBe(3);
    const seqs: number[] = [];
    while (seqs.length < 2) seqs.push(...(await widget.next('entries')).entries.map(({ seq }) => seq));
    expect(seqs).toEqual([2, 3]);
    await widget.nothingMore();
  });

  test('to a chat whose workflow was ended by hand sees that', async () => {
    const app = await appWithChat();
    app.temporal.over.add(app.chatId);
    const { widget, welcome } = await welcomed(app.url, { token: app.token });
    expect(welcome.chat?.status).toBe('active');
    expect(await widget.next('error')).toMatchObject({ code: 'chat_ended', retryable: false });
  });

  test('sees an ended chat and cannot write in it', async () => {
    const app = await appWithChat({ status: 'ended' });
    app.temporal.over.add(app.chatId);
    app.store.record(app.chatId, [{ seq: 1, at: start, kind: 'ended', by: 'agent' }]);
    const { widget, welcome } = await welcomed(app.url, { token: app.token });
    expect(welcome.chat?.status).toBe('ended');
    await widget.next('entries');
    widget.send(message(1));
    expect(await widget.next('error')).toMatchObject({ code: 'chat_ended' });
    expect(app.temporal.named('sendMessage')).toEqual([]);
  });

  test('to an ended chat that is still being closed gets what comes last', async () => {
    const app = await appWithChat({ status: 'ended' });
    const { widget, welcome } = await welcomed(app.url, { token: app.token });
    expect(welcome.chat?.status).toBe('ended');
    await expect.poll(() => app.temporal.named('signalVisitor')).toHaveLength(1);
    expect(app.temporal.named('signalVisitor')[0]).toMatchObject([app.chatId, { kind: 'connected' }]);
    app.connections.push({ chatId: app.chatId, entries: [agentEntry(1)], lastSeq: 1, deliveredSeq: 7 });
    expect((await widget.next('entries')).entries).toHaveLength(1);
    expect(await widget.next('delivered')).toMatchObject({ deliveredSeq: 7 });
  });

  test('to an ended chat gets what was recorded while it was being closed, and nothing is asked after that', async () => {
    const app = await appWithChat({ status: 'ended' });
    app.temporal.over.add(app.chatId);
    app.temporal.before = async () => {
      app.store.record(app.chatId, [agentEntry(1)]);
      app.store.chatsById.set(app.chatId, chat({ _id: app.chatId, status: 'ended', deliveredSeq: 7 }));
    };
    const { widget } = await welcomed(app.url, { token: app.token });
    expect((await widget.next('entries')).entries).toHaveLength(1);
    expect(await widget.next('delivered')).toMatchObject({ deliveredSeq: 7 });
    await widget.nothingMore();
  });

  test('before their first message was sent goes on with the same chat', async () => {
    const app = await startVisitors();
    const { chatId, token } = await app.tokens.begin('widget-1');
    app.temporal.over.add(chatId);
    const { widget, welcome } = await welcomed(app.url, { token });
    expect(welcome).toMatchObject({ token, chat: null });
    app.temporal.over.delete(chatId);
    widget.send(message(1));
    await widget.next('accepted');
    expect(app.temporal.named('sendMessage')[0]?.[0].chatId).toBe(chatId);
  });

  test('while the record is still to be written is in their chat all the same', async () => {
    const app = await startVisitors();
    const { chatId, token } = await app.tokens.begin('widget-1');
    const { welcome } = await welcomed(app.url, { token });
    expect(welcome.chat).toEqual({ id: chatId, status: 'waiting', isInTrouble: false });
  });

  test('to a chat that was deleted is asked to begin anew', async () => {
    const app = await startVisitors();
    const { chatId, token } = await app.tokens.begin('widget-1');
    app.temporal.over.add(chatId);
    const widget = await connect(app.url, { token, lastSeq: 4 });
    expect(await widget.next('error')).toMatchObject({ code: 'bad_token' });
    widget.send({ type: 'hello', v: 1, widget: 'widget-1' });
    await widget.next('welcome');
  });

  test('while MongoDB is away is asked to come again, not together with all others', async () => {
    const app = await appWithChat();
    app.store.broken = true;
    const waits = new Set<number>();
    for (let n = 0; n < 5; n++) {
      const widget = await connect(app.url, { token: app.token });
      const { retryAfterMs = 0, ...refused } = await widget.next('error');
      expect(refused).toMatchObject({ code: 'unavailable', retryable: true });
      expect(retryAfterMs).toBeGreaterThanOrEqual(2_000);
      expect(retryAfterMs).toBeLessThanOrEqual(4_000);
      waits.add(retryAfterMs);
      expect(await widget.closed).toBe(1013);
    }
    expect(waits.size).toBeGreaterThan(1);
  });

  test('while Temporal is away sees the chat, which is signalled when Temporal is back', async () => {
    const app = await startVisitors({ pingEveryMs: 300 });
    const { chatId, token } = await app.tokens.begin('widget-1');
    app.store.chatsById.set(chatId, chat({ _id: chatId }));
    app.store.record(chatId, [agentEntry(1)]);
    app.temporal.away = true;
    const { widget } = await welcomed(app.url, { token });
    await widget.next('entries');
    widget.send(message(1));
    expect(await widget.next('error')).toMatchObject({ code: 'unavailable', retryable: true });
    app.temporal.away = false;
    await expect.poll(() => app.temporal.named('signalVisitor').map(([, { kind }]) => kind)).toEqual(['connected']);
  });

  test('with many others waits for a slot, and is asked to come later when there is none', async () => {
    const app = await startVisitors({ resumptions: { slots: 1, maxWaiting: 1, maxWaitMs: 300 } });
    const { token } = await app.tokens.begin('widget-1');
    let free: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => (free = resolve));
    const { get } = app.store.chats;
    app.store.chats.get = (chatId) => stuck.then(() => get(chatId));
    const first = await connect(app.url, { token });
    await first.nothingMore();
    const second = await connect(app.url, { token });
    await second.nothingMore();
    const third = await connect(app.url, { token });
    for (const refused of [third, second]) {
      expect(await refused.next('error')).toMatchObject({ code: 'unavailable', retryable: true });
      expect(await refused.closed).toBe(1013);
    }
    // Somebody who has no chat waits for nobody.
    await welcomed(app.url);
    free();
    await first.next('welcome');
  });

  test('is brought up to date by the next ping when no push has reached them, and is announced again', async () => {
    const app = await startVisitors({ pingEveryMs: 40 });
    const { chatId, token } = await app.tokens.begin('widget-1');
    app.store.chatsById.set(chatId, chat({ _id: chatId }));
    const { widget } = await welcomed(app.url, { token });
    app.store.record(chatId, [agentEntry(1)]);
    expect((await widget.next('entries')).entries).toHaveLength(1);
    await expect.poll(() => app.temporal.named('signalVisitor').length).toBe(2);
    expect(app.temporal.named('signalVisitor').every(([, event]) => event.kind === 'connected')).toBe(true);
  });
});

describe('a push', () => {
  test('reaches every socket of its chat and no other', async () => {
    const app = await startVisitors();
    const { widget, welcome } = await welcomed(app.url);
    const { widget: tab } = await welcomed(app.url, { token: welcome.token });
    const { widget: other } = await welcomed(app.url);
    const chatId = (await app.tokens.continue(welcome.token, 'widget-1'))?.chatId ?? '';
    const entry = agentEntry(1, 'see https://example.com/a?b=c, or mail me@example.com');
    expect(app.connections.push({ chatId, entries: [entry], lastSeq: 1, deliveredSeq: 1 })).toBe(2);
    for (const socket of [widget, tab]) {
      expect((await socket.next('entries')).entries[0]).toMatchObject({
        content: [
          'see ',
          { kind: 'link', href: 'https://example.com/a?b=c', content: ['https://example.com/a?b=c'] },
          ', or mail ',
          { kind: 'link', href: 'mailto:me@example.com', content: ['me@example.com'] },
        ],
      });
      expect((await socket.next('delivered')).deliveredSeq).toBe(1);
    }
    await other.nothingMore();
  });

  test('shows agents and files by name only', async () => {
    const app = await startVisitors();
    const { widget, welcome } = await welcomed(app.url);
    const chatId = (await app.tokens.continue(welcome.token, 'widget-1'))?.chatId ?? '';
    const attachments = [{ id: 'file-secret-id', name: 'offer.pdf' }];
    const entries = [{ ...agentEntry(1, ''), attachments } as TranscriptEntry];
    app.connections.push({ chatId, entries, lastSeq: 1, deliveredSeq: 0 });
    const { entries: shown } = await widget.next('entries');
    expect(shown).toEqual([
      {
        seq: 1,
        at: start,
        kind: 'agentMessage',
        messageId: 'm1',
        name: 'Jill',
        text: '',
        attachments: [{ name: 'offer.pdf' }],
      },
    ]);
  });

  test('repeated, or for nobody here, does no harm; the ✓✓ never falls', async () => {
    const app = await startVisitors();
    const { widget, welcome } = await welcomed(app.url);
    const chatId = (await app.tokens.continue(welcome.token, 'widget-1'))?.chatId ?? '';
    const push = { chatId, entries: [agentEntry(1)], lastSeq: 1, deliveredSeq: 5 };
    app.connections.push(push);
    app.connections.push({ ...push, deliveredSeq: 3 });
    app.connections.push({ chatId, entries: [], lastSeq: 0, deliveredSeq: 4 });
    await widget.next('entries');
    await widget.next('delivered');
    await widget.nothingMore();
    expect(app.connections.push({ ...push, chatId: 'someone-else' })).toBe(0);
  });

  test('that reaches nobody makes the next socket announce itself', async () => {
    const app = await startVisitors();
    const { widget, welcome } = await welcomed(app.url);
    widget.send(message(1));
    await widget.next('accepted');
    const chatId = (await app.tokens.continue(welcome.token, 'widget-1'))?.chatId ?? '';
    app.store.chatsById.set(chatId, chat({ _id: chatId }));
    widget.socket.close();
    await widget.closed;
    expect(app.connections.push({ chatId, entries: [], lastSeq: 0, deliveredSeq: 0 })).toBe(0);
    await welcomed(app.url, { token: welcome.token });
    await expect.poll(() => app.temporal.named('signalVisitor')).toMatchObject([[chatId, { kind: 'connected' }]]);
  });

  test('whose missing entries cannot be read ends the connection, so that the next one repairs it', async () => {
    const app = await startVisitors();
    const { widget, welcome } = await welcomed(app.url);
    const chatId = (await app.tokens.continue(welcome.token, 'widget-1'))?.chatId ?? '';
    app.store.transcript.after = () => Promise.reject(new Error('away'));
    app.connections.push({ chatId, entries: [agentEntry(2)], lastSeq: 2, deliveredSeq: 0 });
    expect(await widget.closed).toBe(1013);
  });
});

describe('bad frames', () => {
  const hello = { type: 'hello', v: 1, widget: 'widget-1' };
  test.each([
    ['not JSON', '{', 'bad_frame'],
    ['a list', '[]', 'bad_frame'],
    ['null', 'null', 'bad_frame'],
    ['no type', {}, 'bad_frame'],
    ['another type', { type: 'shutdown' }, 'bad_frame'],
    ['another version', { ...hello, v: 2 }, 'unsupported_version'],
    ['no version', { type: 'hello', widget: 'widget-1' }, 'unsupported_version'],
    ['no widget', { type: 'hello', v: 1 }, 'bad_frame'],
    ['an unknown field', { ...hello, admin: true }, 'bad_frame'],
    ['a negative seq', { ...hello, lastSeq: -1 }, 'bad_frame'],
    ['a page that is no web page', { ...hello, page: { url: 'javascript:alert(1)' } }, 'bad_frame'],
    ['a name that is none', { ...hello, visitor: { name: 7 } }, 'bad_frame'],
  ])('before the welcome: %s', async (_what, frame, code) => {
    const { url } = await startVisitors();
    const widget = await connect(url, null);
    widget.send(frame);
    expect(await widget.next('error')).toMatchObject({ code, retryable: false });
    widget.send(hello);
    await widget.next('welcome');
  });

  test.each([
    ['a second hello', hello, 'bad_frame', undefined],
    ['an empty message', message(1, '   '), 'bad_frame', 'client-id-1'],
    ['a message too long', message(1, 'x'.repeat(limits.visitorMessageLength + 1)), 'too_long', 'client-id-1'],
    ['a message without an id', { type: 'message', text: 'hi' }, 'bad_frame', undefined],
    ['an id too short', { type: 'message', id: 'x', text: 'hi' }, 'bad_frame', 'x'],
    ['a text that is none', { type: 'message', id: 'client-id-1', text: 7 }, 'bad_frame', 'client-id-1'],
    ['an end without an id', { type: 'end' }, 'bad_frame', undefined],
  ])('after the welcome: %s', async (_what, frame, code, ref) => {
    const app = await startVisitors();
    const { widget } = await welcomed(app.url);
    widget.send(frame);
    const error = await widget.next('error');
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.ref).toBe(ref);
    expect(app.temporal.calls).toEqual([]);
    widget.send(message(9));
    await widget.next('accepted');
  });

  test('never come back with the visitor’s words', async () => {
    const { url, logged } = await startVisitors();
    const { widget } = await welcomed(url);
    widget.send({ type: 'message', id: 'client-id-1', text: 'secret words', 'secret-field': 'secret words' });
    expect(JSON.stringify(await widget.next('error'))).not.toContain('secret words');
    expect(logged.join()).not.toContain('secret words');
  });

  test('five of them end the connection', async () => {
    const { url } = await startVisitors();
    const { widget } = await welcomed(url);
    for (let n = 1; n <= 5; n++) widget.send('{');
    expect(await widget.closed).toBe(4400);
  });

  test('binary ones are bad', async () => {
    const { url } = await startVisitors();
    const { widget } = await welcomed(url);
    widget.socket.send(Buffer.from([1, 2, 3]));
    expect(await widget.next('error')).toMatchObject({ code: 'bad_frame' });
  });

  test('a message before hello ends the connection', async () => {
    const { url } = await startVisitors();
    const widget = await connect(url, null);
    widget.send(message(1));
    expect(await widget.next('error')).toMatchObject({ code: 'hello_expected', ref: 'client-id-1' });
    expect(await widget.closed).toBe(4400);
  });

  test('one larger than allowed ends the connection', async () => {
    const { url } = await startVisitors();
    const { widget } = await welcomed(url);
    widget.send('x'.repeat(limits.visitorFrameBytes + 1));
    expect(await widget.closed).toBe(1009);
  });

  test('a flood of control frames ends the connection', async () => {
    const { url } = await startVisitors();
    const { widget } = await welcomed(url);
    for (let n = 0; n < 100; n += 1) widget.socket.pong();
    await widget.nothingMore();
    for (let n = 0; n < 30; n += 1) widget.socket.ping();
    expect(await widget.closed).toBe(1006);
  });

  test('a flood of frames ends the connection', async () => {
    const { url } = await startVisitors();
    const { widget } = await welcomed(url);
    for (let n = 0; n < 200; n++) widget.send({ type: 'ping' });
    expect(await widget.closed).toBe(4429);
  });

  test('an unknown widget ends the connection', async () => {
    const { url } = await startVisitors();
    const widget = await connect(url, { widget: 'nobody' });
    expect(await widget.next('error')).toMatchObject({ code: 'unknown_widget' });
    expect(await widget.closed).toBe(4404);
  });

  test('no hello in time ends the connection', async () => {
    const { url } = await startVisitors({ helloTimeoutMs: 30 });
    expect(await (await connect(url, null)).closed).toBe(4408);
  });
});

describe('tokens', () => {
  test('of another widget, forged, altered, expired or of another purpose are refused', async () => {
    const app = await startVisitors();
    app.store.widgetsById.set('widget-2', widgetOf({ _id: 'widget-2', accountId: 'account-2' }));
    const { chatId, visitorId, token, visitorToken } = await app.tokens.begin('widget-1');
    const other = await app.tokens.begin('widget-2');
    const forge = (key: Uint8Array, audience = 'visitor-token') =>
      new SignJWT({ sub: chatId, widget: 'widget-1', visitor: visitorId })
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience(audience)
        .setExpirationTime('1y')
        .sign(key);
    const { sessionSecret } = app.dependencies.config;
    const [head = '', , signature = ''] = token.split('.');
    const bad = [
      other.token,
      visitorToken,
      await forge(new Uint8Array(32)),
      await forge(deriveKey(sessionSecret, 'operator')),
      await forge(deriveKey(sessionSecret, 'visitor-token'), 'session'),
      `${head}.${Buffer.from('{"sub":"Another012345678","widget":"widget-1"}').toString('base64url')}.${signature}`,
      'nonsense',
      '',
    ];
    for (const candidate of bad) {
      const widget = await connect(app.url, { token: candidate });
      expect(await widget.next('error')).toMatchObject({ code: 'bad_token', retryable: false });
    }
    expect(app.temporal.calls).toEqual([]);
  });

  test('live for months, stay the same at each connection, and are renewed in time', async () => {
    const app = await startVisitors();
    const { chatId, visitorId, token } = await app.tokens.begin('widget-1');
    app.clock.pass(30 * 86_400_000);
    expect(await app.tokens.continue(token, 'widget-1')).toMatchObject({ chatId, visitorId, token });
    app.clock.pass(100 * 86_400_000);
    const renewed = await app.tokens.continue(token, 'widget-1');
    expect(renewed).toMatchObject({ chatId, visitorId });
    expect(renewed?.token).not.toBe(token);
    app.clock.pass(60 * 86_400_000);
    expect(await app.tokens.continue(token, 'widget-1')).toBeNull();
    expect((await app.tokens.continue(renewed?.token ?? '', 'widget-1'))?.chatId).toBe(chatId);
  });
});

describe('the server', () => {
  const refusedWith = async (socket: WebSocket) => {
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    return response.statusCode;
  };

  test('takes visitors from any site, on its own path only', async () => {
    const { url } = await startVisitors();
    const widget = await connect(url, {}, { origin: 'https://any.example' });
    await widget.next('welcome');
    const elsewhere = new WebSocket(`${url}/elsewhere`);
    elsewhere.on('error', () => undefined);
    expect(await refusedWith(elsewhere)).toBe(404);
  });

  test('lets go of what it has refused, also of clients that never close', async () => {
    const { url } = await startVisitors({ maxPerNetwork: 0, refusalMs: 50 });
    const { port } = new URL(url);
    const silent = await Promise.all(
      ['/nothing', '/visitor'].map(async (path) => {
        const socket = connectTo({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
        cleanups.push(async () => void socket.destroy());
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
        socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n${upgrade}\r\nSec-WebSocket-Key: ${'a'.repeat(22)}==\r\n\r\n`);
        const [answer] = (await once(socket, 'data')) as [Buffer];
        return { socket, status: Number(answer.toString().split(' ')[1]) };
      }),
    );
    expect(silent.map(({ status }) => status)).toEqual([404, 429]);
    for (const { socket } of silent) {
      // The far side has closed both ways: what is written now meets nobody.
      await expect.poll(() => (socket.write('x'), socket.destroyed), { interval: 20 }).toBe(true);
    }
  });

  test('limits sockets of one network and in all', async () => {
    const { url, visitors } = await startVisitors({ maxPerNetwork: 1, maxTotal: 3 }, { TRUST_PROXY: '1' });
    const from = (address: string) => ({ 'x-forwarded-for': `198.51.100.1, ${address}` });
    const first = await connect(url, null, from('203.0.113.1'));
    expect(await refusedWith(new Widget(url, from('203.0.113.1')).socket)).toBe(429);
    // All addresses of an IPv6 client are one network.
    await connect(url, null, from('2001:db8::1'));
    expect(await refusedWith(new Widget(url, from('2001:db8::ffff:2')).socket)).toBe(429);
    await connect(url, null, from('203.0.113.2'));
    expect(await refusedWith(new Widget(url, from('203.0.113.3')).socket)).toBe(503);
    first.socket.close();
    await expect.poll(() => visitors.size()).toBe(2);
    await connect(url, null, from('203.0.113.1'));
  });

  test('answers pings of the widget, and drops sockets that answer none of its own', async () => {
    const { url, visitors } = await startVisitors({ pingEveryMs: 30 });
    const { widget } = await welcomed(url);
    await widget.nothingMore();
    widget.socket.pause();
    await expect.poll(() => visitors.size()).toBe(0);
  });

  test('looks after a silent visitor’s connection without a word to the chat', async () => {
    const { url, temporal } = await startVisitors({ pingEveryMs: 20 });
    const { widget } = await welcomed(url);
    widget.send(message(1));
    await widget.next('accepted');
    const before = temporal.calls.length;
    // Each look comes with a ping.
    for (let looks = 0; looks < 5; looks += 1) await once(widget.socket, 'ping');
    expect(temporal.calls.slice(before)).toEqual([]);
  });

  test('closes with 1001 when it goes away, and signals the chats', async () => {
    const { url, visitors, temporal } = await startVisitors();
    const { widget } = await welcomed(url);
    widget.send(message(1));
    await widget.next('accepted');
    await visitors.close();
    expect(await widget.closed).toBe(1001);
    expect(temporal.named('signalVisitor').map(([, event]) => event.kind)).toEqual(['disconnected']);
    expect(await refusedWith(new Widget(url).socket)).toBe(503);
  });
});
