import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createChatActivities } from '../../activities/chat.ts';
import { rememberPeople } from '../../activities/people.ts';
import { createShortWayActivities, type ShortWayDependencies } from '../../activities/short-way.ts';
import type { RouteOutcome, VisitorDelivery, VisitorRoute } from '../../domain/delivery.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import { cardTexts, channelJid, channelUrl } from '../../zoom/index.ts';
import { lostAnswer, zoomError, type FakeZoom } from './fake-zoom.ts';
import { attempt, settledAccount, testStore } from './harness.ts';

const held = testStore();

async function setUp(options: { letsBotIn?: boolean; gate?: ShortWayDependencies['gate'] } = {}) {
  const { store } = held;
  const { zoom, accountId, owner } = await settledAccount(store);
  const room = zoom.addChannel('Jane · 123456', {
    type: 'privateInternal',
    members: [owner.email ?? ''],
    letsBotIn: options.letsBotIn ?? true,
  });
  const deliveries: { route: VisitorRoute; delivery: VisitorDelivery }[] = [];
  const outcomes = new Map<string, RouteOutcome>();
  const people = rememberPeople(store.members);
  const dependencies = { store, zoom: zoom.client, userZoom: zoom.userZoom, people };
  const shortWay = createShortWayActivities({
    ...dependencies,
    gate: options.gate,
    directLine: {
      async deliver(route, delivery) {
        deliveries.push({ route, delivery });
        return outcomes.get(route.instanceId) ?? 'reached';
      },
    },
  });
  const chatId = `chat-${randomUUID().slice(0, 12)}`;
  const jid = channelJid(room.id);
  const post = {
    chatId,
    accountId,
    channel: { id: room.id, jid, name: room.name, url: channelUrl(jid) },
    ownerUserId: owner.id,
    visitorName: 'Jane',
    as: 'bot' as const,
  };
  return {
    store,
    zoom,
    room,
    shortWay,
    longWay: createChatActivities(dependencies),
    deliveries,
    outcomes,
    chatId,
    post,
  };
}
type SetUp = Awaited<ReturnType<typeof setUp>>;

const line = (seq: number, text: string): TranscriptEntry & { kind: 'visitorMessage' } => ({
  kind: 'visitorMessage',
  seq,
  at: Date.now(),
  clientId: `c${seq}`,
  text,
});
/** The input of a relay of these lines. */
const relayOf = ({ post }: SetUp, ...lines: ReturnType<typeof line>[]) => {
  const lastSeq = lines.at(-1)?.seq ?? 0;
  const text = lines.map((one) => one.text).join('\n');
  const content = { kind: 'visitorLines' as const, text, lastSeq };
  return { ...post, content, entries: lines, lastSeq, routes: [{ instanceId: 'api-1', url: 'http://api-1' }] };
};
const written = (room: { messages: FakeZoom['channels'][number]['messages'] }) =>
  room.messages.map(({ text, botMessage }) => text ?? cardTexts(botMessage).at(-1));

describe('relayNow', () => {
  test('records, posts once, and shows the visitor ✓✓', async () => {
    const it = await setUp();
    const entry = line(1, 'Hello');
    const result = await attempt(1, it.shortWay.relayNow, relayOf(it, entry));
    expect(result).toEqual({
      outcome: 'posted',
      as: 'bot',
      messageIds: [it.room.messages[0]?.id],
      routes: ['reached'],
    });
    expect(written(it.room)).toEqual(['Hello']);
    expect(await it.store.transcript.after(it.chatId, 0, 10)).toEqual([entry]);
    expect(it.deliveries.map(({ delivery }) => delivery)).toEqual([
      { chatId: it.chatId, entries: [entry], lastSeq: 1, deliveredSeq: 1 },
    ]);
  });

  test('run a second time without knowing of the first, posts nothing and asks to look', async () => {
    const it = await setUp();
    const input = relayOf(it, line(1, 'Hello'));
    await attempt(1, it.shortWay.relayNow, input);
    expect(await attempt(1, it.shortWay.relayNow, input)).toEqual({ outcome: 'unknown' });
    expect(written(it.room)).toEqual(['Hello']);
  });

  test('asks to look when Zoom’s answer was lost, and says so when Zoom surely has nothing', async () => {
    const lost = await setUp();
    lost.zoom.fail('bot.postMessage', { afterEffect: lostAnswer() });
    expect(await attempt(1, lost.shortWay.relayNow, relayOf(lost, line(1, 'Hello')))).toEqual({ outcome: 'unknown' });
    const limited = await setUp();
    limited.zoom.fail('bot.postMessage', zoomError('rateLimited', { retryable: true }));
    expect(await attempt(1, limited.shortWay.relayNow, relayOf(limited, line(1, 'Hello')))).toEqual({
      outcome: 'notPosted',
    });
    expect(limited.deliveries).toEqual([]);
  });

  test('posts in the owner’s name where the bot may not', async () => {
    const it = await setUp({ letsBotIn: false });
    expect(await attempt(1, it.shortWay.relayNow, relayOf(it, line(1, 'Hello')))).toMatchObject({
      outcome: 'posted',
      as: 'user',
    });
    expect(written(it.room)).toEqual(['Jane: Hello']);
  });
});

describe('relayNow at an account’s rate', () => {
  /** Holds back as often as is said, then lets through. */
  function gateThat(...waits: number[]) {
    const seen = { cameBack: [] as boolean[], open: 0 };
    const gate: ShortWayDependencies['gate'] = {
      async takeTurn(_call, cameBack) {
        seen.cameBack.push(cameBack);
        const retryAfterMs = waits.shift();
        if (retryAfterMs !== undefined) throw zoomError('heldBack', { retryable: true, retryAfterMs });
        seen.open += 1;
        return () => {
          seen.open -= 1;
        };
      },
    };
    return { gate, seen };
  }

  test('leaves no trace and says when to come back; then it posts as if for the first time', async () => {
    const { gate, seen } = gateThat(1_200);
    const it = await setUp({ gate });
    const input = relayOf(it, line(1, 'Hello'));
    expect(await attempt(1, it.shortWay.relayNow, input)).toEqual({ outcome: 'heldBack', tryAgainInMs: 1_200 });
    expect(await it.store.transcript.after(it.chatId, 0, 10)).toEqual([]);
    expect(it.deliveries).toEqual([]);
    expect(await attempt(1, it.shortWay.relayNow, { ...input, cameBack: true })).toMatchObject({ outcome: 'posted' });
    expect(written(it.room)).toEqual(['Hello']);
    expect(seen).toEqual({ cameBack: [false, true], open: 0 });
  });

  test('is for an ordinary activity when its turn is far off, as at the end of a day', async () => {
    const it = await setUp({ gate: gateThat(3_600_000).gate });
    expect(await attempt(1, it.shortWay.relayNow, relayOf(it, line(1, 'Hello')))).toEqual({ outcome: 'notPosted' });
  });

  test('gives back a turn that it had no use for', async () => {
    const { gate, seen } = gateThat();
    const it = await setUp({ gate });
    const input = relayOf(it, line(1, 'Hello'));
    await it.store.transcript.append(it.chatId, input.entries);
    expect(await attempt(1, it.shortWay.relayNow, input)).toEqual({ outcome: 'unknown' });
    expect(seen.open).toBe(0);
  });

  test('what was recorded while it waited is posted once for each claim', async () => {
    const it = await setUp();
    const [first, second] = [line(1, 'first'), line(2, 'second')];
    await it.store.transcript.append(it.chatId, [first]);
    const input = { ...relayOf(it, first, second), entries: [second], cameBack: true, claim: 1 };
    expect(await attempt(1, it.shortWay.relayNow, input)).toMatchObject({ outcome: 'posted' });
    expect(await it.store.transcript.after(it.chatId, 0, 10)).toEqual([first, second]);
    // The worker was killed before Temporal knew; in the second run there is one line more.
    const again = { ...relayOf(it, first, second, line(3, 'third')), entries: [line(3, 'third')], cameBack: true };
    expect(await attempt(1, it.shortWay.relayNow, { ...again, claim: 1 })).toEqual({ outcome: 'unknown' });
    expect(written(it.room)).toEqual(['first\nsecond']);
    // Another attempt is another matter.
    await it.store.transcript.append(it.chatId, [line(4, 'fourth')]);
    const next = { ...relayOf(it, line(4, 'fourth')), entries: [], cameBack: true, claim: 2 };
    expect(await attempt(1, it.shortWay.relayNow, next)).toMatchObject({ outcome: 'posted' });
    expect(written(it.room)).toEqual(['first\nsecond', 'fourth']);
  });
});

describe('after a worker was killed in the middle of the short way, the long way', () => {
  const longWay = (it: SetUp, { lookFirst = true }, ...lines: ReturnType<typeof line>[]) => {
    const { entries, content, ...input } = relayOf(it, ...lines);
    let length = -1;
    const ends = lines.map(({ text }) => (length += 1 + text.length));
    const lookSinceMs = lines[0]?.at ?? 0;
    return attempt(1, it.longWay.postToChatChannel, {
      ...input,
      content: { ...content, ends },
      entries,
      knownIds: [],
      lookFirst,
      lookSinceMs,
    });
  };

  test('posts what came meanwhile, and not again what was posted', async () => {
    const it = await setUp();
    const first = line(1, 'first');
    await attempt(1, it.shortWay.relayNow, relayOf(it, first));
    await longWay(it, {}, first, line(2, 'second'), line(3, 'third'));
    expect(written(it.room)).toEqual(['first', 'second\nthird']);
  });

  test('looks without being told, when what came meanwhile is too much for the short way', async () => {
    const it = await setUp();
    const first = line(1, 'first');
    await attempt(1, it.shortWay.relayNow, relayOf(it, first));
    await longWay(it, { lookFirst: false }, first, line(2, 'second'));
    expect(written(it.room)).toEqual(['first', 'second']);
  });

  test('knows a post of several lines, and lines that are equal', async () => {
    const it = await setUp();
    const lines = [line(1, 'ok'), line(2, 'ok')];
    await attempt(1, it.shortWay.relayNow, relayOf(it, ...lines));
    await longWay(it, {}, ...lines, line(3, 'ok'));
    expect(written(it.room)).toEqual(['ok\nok', 'ok']);
  });

  test('posts everything if the worker was killed before its post', async () => {
    const it = await setUp();
    const first = line(1, 'first');
    await it.store.transcript.append(it.chatId, [first]);
    expect(await attempt(1, it.shortWay.relayNow, relayOf(it, first))).toEqual({ outcome: 'unknown' });
    await longWay(it, {}, first);
    expect(written(it.room)).toEqual(['first']);
  });

  test('looks at the owner’s own messages where the bot may not post', async () => {
    const it = await setUp({ letsBotIn: false });
    const first = line(1, 'first');
    await attempt(1, it.shortWay.relayNow, relayOf(it, first));
    await longWay(it, {}, first, line(2, 'second'));
    expect(written(it.room)).toEqual(['Jane: first', 'Jane: second']);
  });
});

describe('tell', () => {
  test('says when an entry was there before', async () => {
    const it = await setUp();
    const entry: TranscriptEntry = { kind: 'missed', seq: 1, at: 1 };
    const input = { chatId: it.chatId, entries: [entry], lastSeq: 1, deliveredSeq: 0, routes: [] };
    expect(await attempt(1, it.shortWay.tell, input)).toEqual({ routes: [] });
    expect(await attempt(1, it.shortWay.tell, input)).toEqual({ routes: [], repeated: true });
  });

  test('records before it shows, and answers for every route in order', async () => {
    const it = await setUp();
    it.outcomes.set('api-2', 'gone').set('api-3', 'unreached');
    const entry: TranscriptEntry = { kind: 'missed', seq: 1, at: 1 };
    const routes = ['api-1', 'api-2', 'api-3'].map((instanceId) => ({ instanceId }));
    await it.store.chats.begin({
      _id: it.chatId,
      accountId: it.post.accountId,
      widgetId: 'w',
      visitor: { name: 'Jane' },
      status: 'waiting',
      agents: [],
      createdAt: new Date(),
      deliveredSeq: 0,
    });
    const input = { chatId: it.chatId, entries: [entry], lastSeq: 1, deliveredSeq: 0, routes };
    const standing = { status: 'missed' as const, agents: [], deliveredSeq: 0 };
    expect(await attempt(1, it.shortWay.tell, { ...input, standing })).toEqual({
      routes: ['reached', 'gone', 'unreached'],
    });
    expect(await it.store.transcript.after(it.chatId, 0, 10)).toEqual([entry]);
    expect(await it.store.chats.get(it.chatId)).toMatchObject({ status: 'missed' });
  });
});
