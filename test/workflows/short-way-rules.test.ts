import { describe, expect, test } from 'vitest';
import type { ChatInput, VisitorEvent } from '../../workflows/chat/messages.ts';
import { Chat } from '../../workflows/chat/state.ts';

const input: ChatInput = {
  chatId: 'chat-1',
  accountId: 'account-1',
  widgetId: 'widget-1',
  visitor: { name: 'Jane' },
  timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
  shortWay: true,
};
const jill = { id: 'jill', name: 'Jill' };
const channel = { id: 'c1', jid: 'c1@conference.xmpp.zoom.us', name: 'Jane · chat-1', url: 'https://zoom.us/c1' };

const visitorSays = (chat: Chat, id: string, text = id) =>
  chat.onVisitor({ kind: 'message', clientId: id, text, at: 5 } satisfies VisitorEvent, 5);
const agentSays = (chat: Chat, messageId: string) =>
  chat.onZoom({ kind: 'message', messageId, userId: 'jill', text: messageId, at: 6 }, 6);
const tellAll = (chat: Chat) => {
  chat.state.recordStale = false;
  while (chat.news.entries.length > 0) chat.newsTold(chat.news);
};

/** An active chat in which everything so far is recorded and with the team: the next `seq` is 3. */
function active(changes: Partial<ChatInput> = {}): Chat {
  const chat = Chat.begin({ ...input, ...changes }, 0);
  visitorSays(chat, 'm1');
  chat.onZoom({ kind: 'joinPressed', user: jill }, 0);
  chat.channelOpened(channel, 'owner');
  chat.agentJoined(jill, 0);
  chat.linesDelivered(chat.nextPost);
  tellAll(chat);
  return chat;
}
const mayRelay = (chat: Chat) => chat.mayRelayNow(chat.nextPost, 'Jane: text');

describe('the short way to Zoom is taken', () => {
  test('by what a signal has just brought', () => {
    const chat = active();
    visitorSays(chat, 'm2');
    expect(mayRelay(chat)).toBe(true);
    expect(chat.takeInHand(3).map(({ seq }) => seq)).toEqual([3]);
  });

  test('not in a chat whose start did not allow it', () => {
    const chat = active({ shortWay: false });
    visitorSays(chat, 'm2');
    expect(mayRelay(chat)).toBe(false);
  });

  test('not by what makes more than one message of Zoom’s', () => {
    const chat = active();
    visitorSays(chat, 'm2');
    expect(chat.mayRelayNow(chat.nextPost, 'x'.repeat(1_024))).toBe(true);
    expect(chat.mayRelayNow(chat.nextPost, 'x'.repeat(1_025))).toBe(false);
  });

  test('not by what is recorded already: an earlier run of the task could have recorded it, and posted it too', () => {
    const chat = active();
    visitorSays(chat, 'm2');
    chat.newsTold({ lastSeq: 3, deliveredSeq: 0 });
    expect(mayRelay(chat)).toBe(false);
  });

  test('not by what the other strand is recording just now', () => {
    const chat = active();
    chat.zoomBusy = true;
    visitorSays(chat, 'm2');
    agentSays(chat, 'z1');
    chat.tellingUpTo = chat.news.lastSeq;
    chat.zoomBusy = false;
    expect(mayRelay(chat)).toBe(false);
  });
});

describe('a place in the transcript is firm', () => {
  test('when signals alone gave it out', () => {
    const chat = active();
    visitorSays(chat, 'm2');
    agentSays(chat, 'z1');
    expect(chat.isFirm).toBe(true);
  });

  test.each([
    ['a timer', (chat: Chat) => chat.end('idle', 9)],
    ['an update', (chat: Chat) => chat.end('operator', 9)],
    ['the result of an activity', (chat: Chat) => chat.agentJoined({ id: 'sam', name: 'Sam' }, 9)],
    [
      'reading the channel back',
      (chat: Chat) => chat.zoomTold({ kind: 'message', messageId: 'z9', userId: 'jill', text: 'found', at: 4 }, 9),
    ],
  ])('after %s gave one out, only once that one is recorded', (_what, happen) => {
    const chat = active();
    happen(chat);
    visitorSays(chat, 'm2');
    expect(chat.isFirm).toBe(false);
    expect(mayRelay(chat)).toBe(false);
    tellAll(chat);
    expect(chat.isFirm).toBe(true);
  });

  test('the end that a visitor signals is firm too', () => {
    const chat = active();
    chat.onVisitor({ kind: 'ended' }, 9);
    expect(chat.isFirm).toBe(true);
  });
});

describe('words that the account’s rate holds back', () => {
  const heldBack = (tryAgainInMs = 2_000) => {
    const chat = active();
    visitorSays(chat, 'm2');
    chat.heldBack(tryAgainInMs, 10);
    chat.zoomBusy = true;
    return chat;
  };

  test('wait until it is their turn, and may take the short way again', () => {
    const chat = heldBack();
    expect([chat.turnIn(10), chat.turnIn(1_510), chat.turnIn(2_010)]).toEqual([2_000, 500, 0]);
    expect(mayRelay(chat)).toBe(true);
    expect(chat.claimFor(chat.nextPost)).toBeUndefined();
  });

  test('are recorded meanwhile only if that is long, or when there is other news', () => {
    expect(heldBack(2_000).hasNews).toBe(false);
    expect(heldBack(8_000).hasNews).toBe(true);
    const again = heldBack(2_000);
    again.heldBack(4_000, 2_010);
    expect(again.hasNews).toBe(true);
    const answered = heldBack(2_000);
    agentSays(answered, 'z1');
    expect(answered.hasNews).toBe(true);
    expect(answered.news.entries.map(({ seq }) => seq)).toEqual([3, 4]);
  });

  test('need a claim of their own once they are recorded', () => {
    const chat = heldBack();
    tellAll(chat);
    expect(mayRelay(chat)).toBe(true);
    expect(chat.claimFor(chat.nextPost)).toBe(1);
    chat.heldBack(1_000, 2_010);
    expect(chat.claimFor(chat.nextPost)).toBe(1);
    chat.claimUsed(1);
    expect(chat.claimFor(chat.nextPost)).toBe(2);
  });

  test('take the long way, and are looked for, when they were found recorded: another run may have posted them', () => {
    const chat = heldBack();
    const { lastSeq } = chat.news;
    tellAll(chat);
    chat.foundRecorded(lastSeq);
    expect(chat.doubts(chat.nextPost)).toBe(true);
    expect(mayRelay(chat)).toBe(false);
    chat.linesDelivered(chat.nextPost);
    visitorSays(chat, 'm3');
    expect(chat.doubts(chat.nextPost)).toBe(false);
    expect(mayRelay(chat)).toBe(true);
  });

  test('take the long way after a minute, or while somebody is recording', () => {
    const chat = heldBack();
    tellAll(chat);
    chat.tellingUpTo = 4;
    expect(mayRelay(chat)).toBe(false);
    chat.tellingUpTo = 0;
    chat.heldBack(15_000, 40_010);
    expect(mayRelay(chat)).toBe(true);
    chat.heldBack(15_000, 55_010);
    expect(mayRelay(chat)).toBe(false);
    expect(chat.cameBack(chat.nextPost)).toBe(true);
  });

  test('are forgotten once posted: the next ones begin anew', () => {
    const chat = heldBack();
    tellAll(chat);
    const lines = chat.nextPost;
    chat.posted({ messageIds: ['p1'], as: 'bot' }, 2_010);
    chat.linesDelivered(lines);
    chat.zoomBusy = false;
    visitorSays(chat, 'm3');
    expect(chat.turnIn(0)).toBe(0);
    expect(chat.cameBack(chat.nextPost)).toBe(false);
    expect(mayRelay(chat)).toBe(true);
  });
});

describe('while the visitor’s words are on the short way', () => {
  test('what comes after them waits, and what came before goes on', () => {
    const chat = active();
    agentSays(chat, 'z1');
    visitorSays(chat, 'm2');
    agentSays(chat, 'z2');
    expect(chat.news.entries.map(({ seq }) => seq)).toEqual([3]);
    chat.tellingUpTo = 3;
    expect(chat.takeInHand(4).map(({ seq }) => seq)).toEqual([4]);
    expect(chat.news.entries.map(({ seq }) => seq)).toEqual([3]);
    chat.newsTold({ lastSeq: 3, deliveredSeq: 0 });
    chat.tellingUpTo = 0;
    expect(chat.hasNews).toBe(false);
    chat.linesDelivered([{ seq: 4, text: 'm2' }]);
    chat.newsTold({ lastSeq: 4, deliveredSeq: 4 });
    chat.letGo();
    expect(chat.news.entries.map(({ seq }) => seq)).toEqual([5]);
  });

  test('what the agents wrote before goes along if nobody has begun to record it', () => {
    const chat = active();
    agentSays(chat, 'z1');
    visitorSays(chat, 'm2');
    expect(chat.takeInHand(4).map(({ seq }) => seq)).toEqual([3, 4]);
    expect(chat.news.entries).toEqual([]);
  });

  test('nothing waits while the channel’s strand does something else, like letting a colleague in', () => {
    const chat = active();
    chat.zoomBusy = true;
    visitorSays(chat, 'm2');
    agentSays(chat, 'z1');
    expect(chat.hasNews).toBe(true);
    expect(chat.news.entries.map(({ seq }) => seq)).toEqual([3, 4]);
  });
});

describe('the ways to the visitor', () => {
  const connect = (chat: Chat, connectionId: string, instanceId: string, url?: string) =>
    chat.onVisitor(
      { kind: 'connected', connection: { connectionId, instanceId, ...(url === undefined ? {} : { url }) } },
      9,
    );

  test('are one for each instance, the newest first', () => {
    const chat = active();
    connect(chat, 'tab-1', 'api-1', 'http://api-1');
    connect(chat, 'tab-2', 'api-2', 'http://api-2');
    connect(chat, 'tab-3', 'api-2', 'http://api-2');
    expect(chat.routes).toEqual([
      { route: { instanceId: 'api-2', url: 'http://api-2' }, connectionIds: ['tab-3', 'tab-2'] },
      { route: { instanceId: 'api-1', url: 'http://api-1' }, connectionIds: ['tab-1'] },
    ]);
  });

  test('lose an instance that is gone, and one that cannot be reached twice while another one is', () => {
    const chat = active();
    for (const n of [1, 2, 3]) connect(chat, `tab-${n}`, `api-${n}`);
    const tell = () => {
      const { routes } = chat;
      const outcome = { 'api-1': 'reached', 'api-2': 'gone', 'api-3': 'unreached' } as const;
      chat.routesTold(
        routes,
        routes.map(({ route }) => outcome[route.instanceId as keyof typeof outcome]),
      );
      return chat.instances;
    };
    expect(tell()).toEqual(['api-1', 'api-3']);
    expect(chat.hasNews).toBe(true);
    expect(tell()).toEqual(['api-1']);
  });

  test('that cannot be reached stay when nobody was: they have their task queue', () => {
    const chat = active();
    connect(chat, 'tab-1', 'api-1');
    for (let times = 0; times < 3; times += 1) chat.routesTold(chat.routes, ['unreached']);
    expect(chat.instances).toEqual(['api-1']);
  });
});

test('after the end, ✓✓ is still written down', () => {
  const chat = active();
  visitorSays(chat, 'm2');
  chat.onVisitor({ kind: 'ended' }, 9);
  tellAll(chat);
  expect(chat.finished).toBe(false);
  chat.linesDelivered(chat.nextPost);
  expect(chat.state.recordStale).toBe(true);
  expect(chat.standing(10)).toEqual({ status: 'ended', agents: [jill], deliveredSeq: 3, endedAt: 10 });
});
