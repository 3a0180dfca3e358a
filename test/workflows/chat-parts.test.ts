import { describe, expect, test } from 'vitest';
import { postMark, postText } from '../../domain/channel-post.ts';
import { limits } from '../../domain/limits.ts';
import { Card } from '../../workflows/chat/card.ts';
import { Chat } from '../../workflows/chat/chat.ts';
import { nextDeadline } from '../../workflows/chat/deadlines.ts';
import type { ChatInput, VisitorConnection } from '../../workflows/chat/messages.ts';
import { Outbox, type OutboxState } from '../../workflows/chat/outbox.ts';
import type { ChatState } from '../../workflows/chat/parts.ts';
import { Presence } from '../../workflows/chat/presence.ts';
import { cardContent, standing } from '../../workflows/chat/views.ts';
import { Waits } from '../../workflows/chat/waits.ts';

/** Post everything that waits; answers the posts. */
function drained(outbox: Outbox) {
  const posts = [];
  while (!outbox.isEmpty) {
    posts.push(outbox.next(0));
    outbox.posted();
  }
  return posts;
}

const chatId = 'chat-1';
const connection: VisitorConnection = { connectionId: 'c1', instanceId: 'api-1', url: 'http://api.example' };

describe('the outbox', () => {
  test('joins what waits in one post, in order, as far as it fits', () => {
    const outbox = new Outbox(chatId);
    outbox.add(1, 'one', 0);
    outbox.add(2, 'two', 0);
    outbox.add(4, 'x'.repeat(845), 0);
    const posts = drained(outbox);
    expect(posts).toMatchObject([
      { text: 'one\ntwo', firstSeq: 1, lastSeq: 2 },
      { firstSeq: 4, lastSeq: 4 },
    ]);
    expect(posts.map((post) => postMark(chatId, post))).toEqual(['#1–2 · chat-1', '#4 · chat-1']);
    expect(outbox.state.deliveredSeq).toBe(4);
  });

  test('splits a long message, which is delivered with its last part', () => {
    const outbox = new Outbox(chatId);
    outbox.add(3, 'word '.repeat(500).trim(), 0);
    const first = outbox.next(0);
    expect(first).toMatchObject({ part: { number: 1, of: 3 } });
    expect(outbox.deliveredAfterPost).toBe(0);
    outbox.posted();
    expect(outbox.state.deliveredSeq).toBe(0);
    const rest = drained(outbox);
    expect(rest).toHaveLength(2);
    expect(outbox.state.deliveredSeq).toBe(3);
  });

  test('keeps the post that was begun, whatever is written meanwhile, so that a repeat is recognised', () => {
    const outbox = new Outbox(chatId);
    outbox.add(1, 'one', 0);
    const begun = outbox.next(0);
    outbox.add(2, 'two', 0);
    expect(outbox.next(0)).toEqual(begun);
    expect(new Outbox(chatId, JSON.parse(JSON.stringify(outbox.carried(2))) as OutboxState).next(0)).toEqual(begun);
    outbox.posted();
    expect(outbox.next(0)).toMatchObject({ text: 'two', firstSeq: 2 });
  });

  test('tries what is refused one by one, says once what is not shown, and goes on even if that is refused too', () => {
    const outbox = new Outbox(chatId);
    for (const [n, text] of ['good', 'bad', 'better', 'more'].entries()) outbox.add(n + 1, text, 0);
    expect(outbox.next(0)).toMatchObject({ firstSeq: 1, lastSeq: 4 });
    outbox.refused();
    expect(outbox.next(0)).toMatchObject({ text: 'good', lastSeq: 1 });
    outbox.posted();
    expect(outbox.next(0)).toMatchObject({ text: 'bad', lastSeq: 2 });
    outbox.refused();
    expect(outbox.next(0)).toEqual({ kind: 'notShown', firstSeq: 2, lastSeq: 2 });
    outbox.refused();
    expect(drained(outbox)).toMatchObject([{ text: 'better' }, { text: 'more' }]);
  });

  test('hands over little, however much waits: later texts are read back when it is their time', () => {
    const outbox = new Outbox(chatId);
    for (let seq = 1; seq <= 500; seq += 1) outbox.add(seq, `${seq} ${'x'.repeat(3_000)}`, 0);
    const carried = outbox.carried(499);
    expect(JSON.stringify(carried).length).toBeLessThan(2 * limits.carriedTextLength);
    // What is not in MongoDB yet is handed over in any case.
    expect(carried.waiting.at(-1)?.text).toBeDefined();
    const next = new Outbox(chatId, carried);
    const seqs: number[] = [];
    while (!next.isEmpty) {
      const missing = next.missingTexts;
      expect(missing.length).toBeLessThanOrEqual(50);
      next.fillTexts(missing.map((seq) => ({ seq, text: `${seq} ${'x'.repeat(3_000)}` })));
      const post = next.next(0);
      if (post.kind === 'visitorLines' && post.part?.number === 1) seqs.push(Number(post.text.split(' ')[0]));
      next.posted();
    }
    expect(seqs).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
  });

  test('never makes a post that is longer than Zoom takes, however many lines it has', () => {
    const outbox = new Outbox('x'.repeat(16));
    outbox.add(123_456, 'a\n'.repeat(1_999), 0);
    outbox.add(123_457, 'b '.repeat(1_000), 0);
    for (let n = 0; n < 300; n += 1) outbox.add(123_458 + n, '1\n2', 0);
    for (const post of drained(outbox)) {
      expect(postText('x'.repeat(16), 'N'.repeat(limits.visitorNameLength), post).length).toBeLessThan(1_024);
    }
  });

  test('says when what it posts was written, where that was not just now or several stand together', () => {
    const outbox = new Outbox(chatId);
    const posted = (now: number) => {
      const post = outbox.next(now);
      outbox.posted();
      return post.kind === 'visitorLines' ? post.written : undefined;
    };
    outbox.add(1, 'one', 0);
    outbox.add(2, 'two\nlines', 5_000);
    outbox.add(3, 'three', 9_000);
    expect(posted(10_000)).toEqual([
      { start: 0, at: 0 },
      { start: 4, at: 5_000 },
      { start: 14, at: 9_000 },
    ]);
    outbox.add(4, 'just now', 20_000);
    expect(posted(79_999)).toBeUndefined();
    outbox.add(5, 'long ago', 20_000);
    expect(posted(80_000)).toEqual([{ start: 0, at: 20_000 }]);
    outbox.add(6, 'word '.repeat(300).trim(), 20_000);
    expect([posted(90_000), posted(90_000)]).toEqual([[{ start: 0, at: 20_000 }], undefined]);
  });

  test('knows its own posts by their ids, or by their mark under whatever id and writer they come back', () => {
    const outbox = new Outbox(chatId);
    outbox.sent({ messageId: 'z1', as: 'user' }, 1);
    expect(outbox.isOwn('z1', 'whatever', true)).toBe(true);
    const post = { kind: 'visitorLines', text: 'Hello\nthere', firstSeq: 7, lastSeq: 7 } as const;
    // As a bot's card reads in an event, and as a text in a user's name.
    const forms = [
      `Visitor · Jane\n${postMark(chatId, post)}\nHello\nthere`,
      `${postMark(chatId, post)}\nHello`,
      postText(chatId, 'Jane', post),
      postText(chatId, 'Jane', { kind: 'closing', number: 1, by: 'idle' }),
    ];
    for (const text of forms) expect(outbox.isOwn('z2', text, true), text).toBe(true);
    for (const text of forms) expect(new Outbox('chat-2').isOwn('z2', text, true), text).toBe(false);
    expect(outbox.isOwn('z3', 'See order #7 · chat-1 please', true)).toBe(false);
  });

  test('knows an echo of its words alone only where nobody known has written it: agents may say the same', () => {
    const outbox = new Outbox(chatId);
    outbox.posting({ kind: 'visitorLines', text: 'Hello\nthere', firstSeq: 1, lastSeq: 1 });
    expect(outbox.isOwn('z1', 'Hello there ', false)).toBe(true);
    expect(outbox.isOwn('z1', 'Hello there', true)).toBe(false);
    expect(outbox.isOwn('z1', 'Hello', false)).toBe(false);
  });
});

describe('presence', () => {
  const c2 = { ...connection, connectionId: 'c2', instanceId: 'api-2' };

  test('pushes once to each instance, the newest connection first', () => {
    const presence = new Presence();
    presence.connect(connection);
    presence.connect({ ...connection, connectionId: 'c3' });
    presence.connect(c2);
    expect(presence.route.targets.map(({ instanceId }) => instanceId)).toEqual(['api-2', 'api-1']);
  });

  test('keeps a connection that opened while a push found its instance gone', () => {
    const presence = new Presence();
    presence.connect(connection);
    const { route } = presence;
    presence.connectedAnew({ ...connection, connectionId: 'c9' });
    presence.pushed(route, ['gone'], 0);
    expect(presence.state.connections.map(({ connectionId }) => connectionId)).toEqual(['c9']);
    expect(presence.isBehind).toBe(true);
  });

  test('tries an instance that does not answer again, ever later, and gives it up in the end', () => {
    const presence = new Presence();
    presence.connect(connection);
    let now = 0;
    const pauses: number[] = [];
    while (presence.state.connections.length > 0) {
      presence.pushing();
      presence.pushed(presence.route, ['unreached'], now);
      const at = presence.retryAt ?? now;
      pauses.push(at - now);
      now = at;
    }
    expect(pauses.slice(0, 3)).toEqual([500, 1_000, 2_000]);
    expect(Math.max(...pauses)).toBe(60_000);
    expect(now).toBeGreaterThan(5 * 60_000);
  });
});

describe('the card', () => {
  const content = {
    number: 1,
    visitorName: 'Jane',
    words: '',
    status: 'waiting' as const,
    agents: [],
    wereIn: [],
    joining: [],
  };

  test('covers the messages that it shows whole, and the first one in any case', () => {
    const card = new Card();
    card.addWords(1, 'x'.repeat(2_000));
    card.addWords(2, 'more');
    expect(card.state.coversSeq).toBe(1);
    const other = new Card();
    other.addWords(1, 'one');
    other.addWords(2, 'two');
    expect(other.state).toMatchObject({ words: 'one\ntwo', coversSeq: 2 });
  });

  test('is stale until it says what it should, and never without a word of the visitor’s', () => {
    const card = new Card();
    expect(card.isStale(content)).toBe(false);
    card.addWords(1, 'Hello');
    expect(card.isStale(content)).toBe(true);
    card.shows(content, { messageId: 'm', channelId: 'c', channelJid: 'j' });
    expect(card.isStale(content)).toBe(false);
    expect(card.isStale({ ...content, agents: ['Jill'] })).toBe(true);
  });

  test('is a new one once the chat asks for an agent again, whatever becomes of the one before', () => {
    const card = new Card();
    const first = { messageId: 'm1', channelId: 'c', channelJid: 'j' };
    card.addWords(1, 'Hello');
    // Zoom takes the first one only after the chat has lost its channel.
    card.renew('Hello again');
    card.shows(content, first);
    expect(card.ref).toBeUndefined();
    const second = { ...content, number: card.state.number };
    card.shows(second, { ...first, messageId: 'm2' });
    expect(card.ref?.messageId).toBe('m2');
    expect(card.isStale(second)).toBe(false);
  });
});

describe('waits', () => {
  test('pause ever longer, as long as Zoom asks for, and not at all once something was repaired', () => {
    const waits = new Waits();
    const failed = (now: number, tryAgainInMs?: number) =>
      waits.failed('card', 'the card', { type: 'ZoomUnavailable', message: '', tryAgainInMs }, now);
    failed(0);
    expect(waits.pauseOf('card', 0)).toBe(2_000);
    failed(2_000);
    expect(waits.pauseOf('card', 2_000)).toBe(4_000);
    failed(6_000, 90_000);
    expect(waits.pauseOf('card', 6_000)).toBe(90_000);
    expect(waits.pauseOf('channel', 6_000)).toBe(0);
    waits.release(7_000);
    expect(waits.pauseOf('card', 7_000)).toBe(0);
    expect(waits.all).toMatchObject([{ tries: 3, since: 0 }]);
    waits.succeeded('card');
    expect(waits.all).toEqual([]);
  });

  test('know what may have happened already', () => {
    const waits = new Waits();
    expect(waits.begin('post', 5)).toEqual({});
    expect(waits.begin('post', 9)).toEqual({ firstTriedAt: 5 });
    waits.settle('post');
    expect(waits.begin('post', 12)).toEqual({});
  });
});

const input: ChatInput = {
  chatId,
  accountId: 'account-1',
  widgetId: 'widget-1',
  visitor: { name: 'Jane Doe' },
  timings: { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 86_400_000, reopenMs: 0 },
};
const channel = { id: 'channel-1', jid: 'j', name: 'n', url: 'u' };
const says = (chat: Chat, text: string, clientId = text) =>
  chat.onVisitor({ kind: 'message', clientId, text, at: 1 }, 1_000);
const answers = (chat: Chat, text: string, more: object = {}) =>
  chat.onZoom({ kind: 'message', messageId: `m-${text}`, userId: 'jill', text, at: 2, ...more }, 2_000);
const joinedChat = () => joinedIn(input);
const joinedIn = (chatInput: ChatInput) => {
  const chat = new Chat(chatInput, 0);
  says(chat, 'Hello');
  chat.channelOpened(channel, 'owner');
  chat.agentJoined({ id: 'jill', name: 'Jill' }, 10);
  return chat;
};
const notesOf = (chat: Chat) => chat.notes.state.waiting.map(({ note }) => note);
const entriesOf = (chat: Chat) => chat.transcript.state.unpublished;

const sam = { id: 'sam', name: 'Sam' };
const colleague = { agent: sam, speaks: true };
const stranger = { agent: { id: '', name: 'Gus Guest' }, speaks: false };
const written = (chat: Chat) =>
  entriesOf(chat).flatMap((entry) => (entry.kind === 'agentMessage' ? [`${entry.agent.name}: ${entry.text}`] : []));

describe('the page that the visitor is on', () => {
  const page = (n: number) => ({ url: `https://shop.example/${n}`, title: `Page ${n}` });
  const shown = (chat: Chat) => cardContent(chat).about?.page;
  const onPage = (chat: Chat, n: number, now: number) => chat.onVisitor({ kind: 'page', page: page(n) }, now);
  const begun = () => {
    const chat = new Chat({ ...input, page: page(1) }, 0);
    says(chat, 'Hello');
    chat.card.asked({ channelId: 'inbound', isGranted: true }, 0);
    shows(chat);
    return chat;
  };
  const shows = (chat: Chat) =>
    chat.card.shows(cardContent(chat), { messageId: 'm', channelId: 'inbound', channelJid: 'j' });

  test('is what the card says, edited for that alone once in twenty seconds', () => {
    const chat = begun();
    expect([shown(chat), chat.cardWork]).toEqual([page(1), undefined]);
    onPage(chat, 2, 1_000);
    expect([shown(chat), chat.cardWork]).toEqual([page(2), 'edit']);
    shows(chat);
    for (const [n, now] of [
      [3, 2_000],
      [4, 3_000],
    ] as const)
      onPage(chat, n, now);
    expect([shown(chat), chat.cardWork]).toEqual([page(2), undefined]);
    expect(nextDeadline(chat)).toEqual({ at: 21_000, what: 'page' });
    chat.card.turnPage(20_999);
    expect(chat.cardWork).toBeUndefined();
    chat.card.turnPage(21_000);
    expect([shown(chat), chat.cardWork]).toEqual([page(4), 'edit']);
    expect(nextDeadline(chat)?.what).not.toBe('page');
    onPage(chat, 5, 60_000);
    expect(shown(chat)).toEqual(page(5));
  });

  test('is said with a new connection too, and costs nothing where it is the same', () => {
    const chat = begun();
    chat.onVisitor({ kind: 'connected', connection, page: page(1) }, 1_000);
    expect(chat.cardWork).toBeUndefined();
    chat.onVisitor({ kind: 'connected', connection, page: page(2) }, 2_000);
    expect([shown(chat), chat.cardWork]).toEqual([page(2), 'edit']);
  });

  test('is of no interest after the end, and known to the next run', () => {
    const chat = begun();
    onPage(chat, 2, 1_000);
    onPage(chat, 3, 2_000);
    const next = new Chat({ ...input, page: page(1) }, 0, JSON.parse(JSON.stringify(chat.state)) as ChatState);
    expect([shown(next), nextDeadline(next)?.at]).toEqual([page(2), 21_000]);
    next.end('visitor', 30_000);
    onPage(next, 4, 40_000);
    expect(shown(next)).toEqual(page(2));
  });
});

describe('the words on the card', () => {
  test('end with a whole character, and nothing is said to be there that is not', () => {
    const family = '👩‍👩‍👧';
    const card = new Card();
    card.addWords(1, 'x'.repeat(993));
    card.addWords(2, family);
    expect(card.state.words).toBe(`${'x'.repeat(993)}\n…`);
    expect(card.state.coversSeq).toBe(1);
    card.addWords(3, 'y');
    expect([card.state.words.endsWith('…'), card.state.coversSeq]).toEqual([true, 1]);
    card.renew(family.repeat(500));
    expect(card.state.words).toBe(`${family.repeat(124)}…`);
    card.renew('');
    card.addWords(4, 'z');
    expect([card.state.words, card.state.coversSeq]).toEqual(['z', 4]);
  });
});

describe('a chat channel that is gone', () => {
  test('has no link on the card, nor in the record', () => {
    const chat = joinedChat();
    chat.channel.greeted();
    chat.outbox.next(0);
    chat.outbox.posted();
    expect(cardContent(chat).channelUrl).toBe('u');
    expect(standing(chat).channelIsGone).toBe(false);
    chat.channelGone(5_000);
    expect(cardContent(chat).channelUrl).toBeUndefined();
    expect(standing(chat)).toMatchObject({ status: 'ended', channelIsGone: true });
  });

  test('with something left to say is followed by another one', () => {
    const chat = joinedChat();
    chat.channelGone(5_000);
    expect(standing(chat)).toMatchObject({ status: 'waiting', channelIsGone: true });
    chat.channelOpened({ ...channel, id: 'channel-2' }, 'owner');
    expect(standing(chat).channelIsGone).toBe(false);
  });
});

describe('who speaks for the team', () => {
  test('what somebody unknown writes waits until it is known who they are, and what comes after it too', () => {
    const chat = joinedChat();
    answers(chat, 'Mine?', { userId: 'sam' });
    answers(chat, 'Yours.');
    expect(written(chat)).toEqual([]);
    expect(chat.writers.next).toMatchObject({ userId: 'sam' });
    chat.writerFound({ userId: 'sam' }, colleague, 3);
    expect(written(chat)).toEqual(['Sam: Mine?', 'Jill: Yours.']);
    expect(chat.agents.has('sam')).toBe(true);
    expect(chat.writers.next).toBeUndefined();
  });

  test('somebody outside of the account does not, and the team is told so once', () => {
    const chat = joinedChat();
    chat.channel.greeted();
    const guest = { userId: '', memberId: 'guest-1' };
    answers(chat, 'From outside', guest);
    chat.writerFound(guest, stranger, 3);
    answers(chat, 'Again', guest);
    answers(chat, '!end', guest);
    expect(written(chat)).toEqual([]);
    expect(chat.lifecycle.isEnded).toBe(false);
    expect(notesOf(chat)).toEqual([{ about: 'notOfTeam', name: 'Gus Guest' }]);
    expect(chat.channelWork).toBe('postLines');
  });

  test('does so under their own name where the account lets people from outside answer', () => {
    const chat = joinedChat();
    const guest = { userId: '', memberId: 'guest-1' };
    answers(chat, 'From outside', guest);
    chat.writerFound(guest, { agent: { id: '', name: 'Gus Guest' }, speaks: true }, 3);
    expect(written(chat)).toEqual(['Gus Guest: From outside']);
    expect(chat.agents.joined.map(({ id }) => id)).toEqual(['jill']);
  });

  test('is not asked again of somebody who is known, in the next run either', () => {
    const chat = joinedChat();
    answers(chat, 'Mine?', { userId: 'sam' });
    chat.writerFound({ userId: 'sam' }, colleague, 3);
    const next = new Chat(input, 9, JSON.parse(JSON.stringify(chat.state)) as ChatState);
    answers(next, 'More', { userId: 'sam' });
    expect(written(next).at(-1)).toBe('Sam: More');
  });

  test('others are heard while Zoom does not say who somebody is', () => {
    const chat = joinedChat();
    answers(chat, 'Who am I?', { userId: 'sam' });
    answers(chat, 'One');
    chat.writerNotFound(3);
    answers(chat, 'Two');
    answers(chat, 'Still me', { userId: 'sam' });
    expect(written(chat)).toEqual(['Jill: One', 'Jill: Two']);
    chat.end('visitor', 4);
    expect(chat.isFinished).toBe(false);
    chat.writerFound({ userId: 'sam' }, colleague, 5);
    expect(written(chat).slice(2)).toEqual(['Sam: Who am I?', 'Sam: Still me']);
  });

  test('changes of what waits wait with it', () => {
    const chat = joinedChat();
    answers(chat, 'Mine?', { userId: 'sam' });
    chat.onZoom({ kind: 'edited', messageId: 'm-Mine?', userId: 'sam', text: 'Mine!', at: 3 }, 3);
    chat.writerFound({ userId: 'sam' }, colleague, 4);
    expect(entriesOf(chat).slice(-2)).toMatchObject([
      { kind: 'agentMessage' },
      { kind: 'agentMessageEdited', text: 'Mine!' },
    ]);
  });

  test('a deletion of what waits needs nobody to be looked up, and waits with it too', () => {
    const chat = joinedChat();
    answers(chat, 'Mine?', { userId: 'sam' });
    chat.onZoom({ kind: 'deleted', messageId: 'm-Mine?', at: 3 }, 3);
    chat.writerNotFound(4);
    expect(chat.writers.next).toMatchObject({ userId: 'sam' });
    chat.writerFound({ userId: 'sam' }, colleague, 5);
    expect(entriesOf(chat).slice(-2)).toMatchObject([{ kind: 'agentMessage' }, { kind: 'agentMessageDeleted' }]);
    expect(chat.writers.next).toBeUndefined();
  });

  test('a repeat of what waits is passed on once', () => {
    const chat = joinedChat();
    for (let n = 0; n < 3; n += 1) answers(chat, 'Mine?', { userId: 'sam' });
    chat.writerFound({ userId: 'sam' }, colleague, 4);
    expect(written(chat)).toEqual(['Sam: Mine?']);
  });

  test('an echo of ours under an unknown id and writer is nobody’s word, and nobody is told of it', () => {
    const chat = joinedChat();
    const post = { kind: 'visitorLines', text: 'Hello', firstSeq: 1, lastSeq: 1 } as const;
    chat.outbox.posting(post);
    for (const text of [`Visitor · Jane Doe\n${postMark(chatId, post)}\nHello`, 'Hello'])
      answers(chat, text, { userId: 'unknown-bot', messageId: `echo ${text}` });
    expect(chat.writers.next).toBeUndefined();
    expect(written(chat)).toEqual([]);
  });

  test.each([
    ['a member of the account', colleague, true],
    ['nobody of the account', stranger, false],
  ])('End Chat of %s: %j', (_who, found, ends) => {
    const chat = joinedChat();
    chat.onZoom({ kind: 'endPressed', user: { id: 'sam', name: 'Sam' } }, 3);
    expect(chat.lifecycle.isEnded).toBe(false);
    chat.writerFound({ userId: 'sam' }, found, 4);
    expect(chat.lifecycle.isEnded).toBe(ends);
  });

  test('a deletion that names no account counts only if somebody known has done it', () => {
    const chat = joinedChat();
    answers(chat, 'Hi');
    chat.onZoom({ kind: 'deleted', messageId: 'm-Hi', at: 3, by: { userId: '' } }, 3);
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentMessage' });
    chat.onZoom({ kind: 'deleted', messageId: 'm-Hi', at: 3, by: { userId: 'jill' } }, 3);
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentMessageDeleted' });
  });

  test('a press from before an agent left does not bring them back, and one from after it does', () => {
    const chat = joinedChat();
    const jill = { id: 'jill', name: 'Jill' };
    chat.onZoom({ kind: 'agentLeft', userId: 'jill', at: 100 }, 101);
    chat.onZoom({ kind: 'joinPressed', user: jill, at: 99 }, 102);
    expect(chat.agents.nextRequest).toBeUndefined();
    chat.onZoom({ kind: 'joinPressed', user: jill, at: 100 }, 103);
    expect(chat.agents.nextRequest).toMatchObject({ user: jill });
  });

  test('a word from before an agent left does not bring them back either', () => {
    const chat = joinedChat();
    chat.onZoom({ kind: 'agentLeft', userId: 'jill', at: 100 }, 101);
    answers(chat, 'late', { at: 99 });
    expect(written(chat)).toEqual(['Jill: late']);
    expect(chat.agents.joined).toEqual([]);
    answers(chat, 'back', { at: 101 });
    expect(chat.agents.has('jill')).toBe(true);
  });

  test('much that waits is bounded, and given up with the chat', () => {
    const chat = joinedChat();
    for (let n = 0; n < 500; n += 1) answers(chat, `${n}`, { userId: 'sam' });
    expect(chat.writers.state.held.length).toBeLessThanOrEqual(200);
    chat.end('visitor', 4);
    chat.giveUp();
    expect(chat.writers.isHolding).toBe(false);
  });
});

describe('a chat’s rules', () => {
  test('survive being handed over as JSON', () => {
    const chat = joinedChat();
    answers(chat, 'Hi');
    chat.waits.begin('x', 1);
    const handed = JSON.parse(JSON.stringify(chat.state)) as ChatState;
    const next = new Chat(input, 99, handed);
    expect(next.state).toEqual(handed);
    says(next, 'Hello');
    expect(next.transcript.state.lastSeq).toBe(chat.transcript.state.lastSeq);
  });

  test('never pass a command on to the visitor, known or not', () => {
    const chat = joinedChat();
    for (const text of ['!help', '!nonsense', '/me waves', '// difficult customer']) answers(chat, text);
    answers(chat, '!END');
    expect(notesOf(chat).map(({ about }) => about)).toEqual(['help', 'unknownCommand']);
    expect(entriesOf(chat).map(({ kind }) => kind)).toEqual(['visitorMessage', 'agentJoined', 'ended']);
  });

  test('keep replies in threads in the team, until the agent sends one to the visitor, once', () => {
    const chat = joinedChat();
    answers(chat, 'internal: a reseller', { isReply: true });
    answers(chat, 'tell them yes', { isReply: true });
    expect(written(chat)).toEqual([]);
    const [, second] = chat.notes.state.waiting;
    const number = second?.number ?? 0;
    const press = { kind: 'sendPressed', noteNumber: number, user: { id: 'jill', name: 'Jill' } } as const;
    chat.onZoom(press, 3);
    chat.onZoom(press, 4);
    expect(written(chat)).toEqual(['Jill: tell them yes']);
    expect(notesOf(chat).at(-1)).toEqual({ about: 'threadReplyForgotten' });
    // It is an answer like any other from now on.
    chat.onZoom({ kind: 'edited', messageId: 'm-internal: a reseller', userId: 'jill', text: 'x', at: 9 }, 9);
    expect(JSON.stringify(entriesOf(chat))).not.toContain('Edited');
  });

  test('never send a reply by the button of another one, when there are more than are told', () => {
    const chat = joinedChat();
    for (let n = 0; n < 30; n += 1) answers(chat, `reply ${n}`, { isReply: true });
    const user = { id: 'jill', name: 'Jill' };
    const numbers = chat.notes.state.waiting.map(({ number }) => number);
    for (const noteNumber of [...numbers, ...numbers]) chat.onZoom({ kind: 'sendPressed', noteNumber, user }, 3);
    expect(written(chat)).toEqual(Array.from({ length: 10 }, (_, n) => `Jill: reply ${n + 10}`));
  });

  test('say which files the visitor does not get', () => {
    const chat = joinedChat();
    answers(chat, 'Here', { attachments: [{ name: 'a.pdf' }] });
    expect(notesOf(chat)).toEqual([{ about: 'filesNotSent', names: ['a.pdf'] }]);
  });

  test('ask for an agent again when the last one leaves, and remember who answered', () => {
    const chat = joinedChat();
    chat.card.shows({ ...cardContent(chat) }, { messageId: 'card-1', channelId: 'c', channelJid: 'j' });
    chat.agentJoined(sam, 20);
    expect(notesOf(chat)).toEqual([{ about: 'joined', name: 'Sam', others: ['Jill'] }]);
    chat.agentLeft('sam', 30, 30);
    expect(chat.lifecycle.status).toBe('active');
    chat.agentLeft('jill', 40, 41);
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentLeft', isLast: true });
    expect(chat.lifecycle.state).toMatchObject({ status: 'waiting', waitingSince: 41 });
    expect(chat.cardWork).toBe('ask');
    says(chat, 'Are you still there?');
    expect(cardContent(chat)).toMatchObject({ number: 2, wereIn: ['Jill', 'Sam'], agents: [] });
    expect(chat.card.state.words).toContain('Are you still there?');
    expect(chat.card.state.former?.content).toMatchObject({ number: 1, isReplaced: true });
    for (let n = 0; n < 9; n += 1) chat.channel.readBack(2);
    expect(nextDeadline(chat)).toMatchObject({ what: 'missed', at: 41 + 300_000 });
  });

  test('take somebody back in who writes after the last one has left', () => {
    const chat = joinedChat();
    chat.agentLeft('jill', 40, 41);
    answers(chat, 'I am back', { at: 50 });
    expect(chat.lifecycle.status).toBe('active');
    expect(chat.agents.has('jill')).toBe(true);
  });

  test('hand the chat over by a command: to the inbound channel, or to a colleague', () => {
    const chat = joinedChat();
    answers(chat, '!transfer sam@example.com');
    expect(chat.agents.nextRequest).toMatchObject({ user: { id: 'sam@example.com' }, replaces: { id: 'jill' } });
    chat.joinRefused('sam@example.com');
    expect(notesOf(chat)).toEqual([{ about: 'notLetIn', who: 'sam@example.com' }]);
    expect(chat.lifecycle.status).toBe('active');
    answers(chat, '!transfer');
    expect(chat.agents.nextToLeave).toMatchObject({ id: 'jill' });
  });

  test('remind the team as often as set while a chat waits, missed or not, and from the start when it waits again', () => {
    const timings = { ...input.timings, remindAfterMs: [60_000, 400_000] };
    const chat = new Chat({ ...input, timings }, 0);
    says(chat, 'Hello');
    expect(nextDeadline(chat)).toEqual({ what: 'remind', at: 60_000 });
    chat.lifecycle.reminded();
    expect(nextDeadline(chat)).toEqual({ what: 'missed', at: 300_000 });
    chat.missed(300_000);
    expect(nextDeadline(chat)).toEqual({ what: 'remind', at: 400_000 });
    chat.agentJoined(sam, 310_000);
    expect(nextDeadline(chat)?.what).not.toBe('remind');
    chat.agentLeft('sam', 500_000, 500_000);
    expect(nextDeadline(chat)).toEqual({ what: 'remind', at: 560_000 });
  });

  test('show a slow join, and say once who is to be told of a very slow one', () => {
    const chat = new Chat(input, 0);
    says(chat, 'Hello');
    chat.onZoom({ kind: 'joinPressed', user: sam }, 1_000);
    expect(nextDeadline(chat)).toEqual({ what: 'slowJoin', at: 3_000 });
    expect(chat.agents.markSlow(3_000)).toEqual([]);
    expect(cardContent(chat).joining).toEqual(['Sam']);
    expect(chat.agents.markSlow(31_000)).toEqual([sam]);
    expect(chat.agents.markSlow(40_000)).toEqual([]);
    expect(nextDeadline(chat)?.what).not.toBe('slowJoin');
  });

  test('pass on a file without words', () => {
    const chat = joinedChat();
    answers(chat, '', { attachments: [{ name: 'photo.png' }] });
    expect(entriesOf(chat).at(-1)).toMatchObject({ text: '', attachments: [{ name: 'photo.png' }] });
  });

  test('do not remember as seen what they did not handle', () => {
    const chat = joinedChat();
    chat.onZoom({ kind: 'message', messageId: 'm1', userId: 'jill', text: ' ', at: 2 }, 2);
    chat.onZoom(
      { kind: 'message', messageId: 'm1', userId: 'jill', text: '', attachments: [{ name: 'a.pdf' }], at: 2 },
      3,
    );
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentMessage', attachments: [{ name: 'a.pdf' }] });
  });

  test('pass on an edit and a deletion of what was passed on, once, and of nothing else', () => {
    const chat = joinedChat();
    answers(chat, 'Hi');
    for (const messageId of ['m-Hi', 'm-Hi', 'other']) {
      chat.onZoom({ kind: 'edited', messageId, userId: 'jill', text: 'Hello', at: 3 }, 3);
      chat.onZoom({ kind: 'deleted', messageId, at: 4 }, 4);
    }
    expect(
      entriesOf(chat)
        .slice(3)
        .map(({ kind }) => kind),
    ).toEqual(['agentMessageEdited', 'agentMessageDeleted']);
  });

  test('never let an older edit replace a newer one', () => {
    const chat = joinedChat();
    answers(chat, 'Hi');
    chat.onZoom({ kind: 'edited', messageId: 'm-Hi', userId: 'jill', text: 'newer', at: 9 }, 9);
    chat.onZoom({ kind: 'edited', messageId: 'm-Hi', userId: 'jill', text: 'older', at: 8 }, 10);
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentMessageEdited', text: 'newer' });
  });

  test('never let an edit that comes late replace a deletion, nor one that makes a command of a message', () => {
    const chat = joinedChat();
    for (const text of ['Hi', 'Ho']) answers(chat, text);
    chat.onZoom({ kind: 'edited', messageId: 'm-Ho', userId: 'jill', text: '!note for us', at: 5 }, 5);
    chat.onZoom({ kind: 'deleted', messageId: 'm-Hi', at: 6 }, 6);
    chat.onZoom({ kind: 'edited', messageId: 'm-Hi', userId: 'jill', text: 'late', at: 7 }, 7);
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentMessageDeleted', messageId: 'm-Hi' });
    expect(JSON.stringify(entriesOf(chat))).not.toContain('!note');
  });

  test('show nothing of a command that is changed or deleted later', () => {
    const chat = joinedChat();
    answers(chat, '!note');
    const before = entriesOf(chat).length;
    chat.onZoom({ kind: 'edited', messageId: 'm-!note', userId: 'jill', text: 'for us alone', at: 5 }, 5);
    chat.onZoom({ kind: 'deleted', messageId: 'm-!note', at: 6 }, 6);
    expect(entriesOf(chat)).toHaveLength(before);
  });

  test('ignore what becomes of a channel that the chat has lost, but not what was written there', () => {
    const chat = joinedChat();
    chat.onZoom({ kind: 'channelGone', channelId: 'channel-0' }, 3);
    chat.onZoom({ kind: 'agentLeft', userId: 'jill', at: 3, channelId: 'channel-0' }, 3);
    expect(chat.lifecycle.status).toBe('active');
    answers(chat, 'late', { channelId: 'channel-0' });
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentMessage', text: 'late' });
  });

  test('tell the visitor that everybody has left when the channel is lost', () => {
    const chat = joinedChat();
    chat.agentJoined(sam, 20);
    chat.channelGone(30);
    expect(chat.lifecycle.status).toBe('waiting');
    expect(entriesOf(chat).slice(-2)).toEqual([
      expect.not.objectContaining({ isLast: true }),
      expect.objectContaining({ kind: 'agentLeft', isLast: true }),
    ]);
    // A press that was on its way still counts.
    chat.onZoom({ kind: 'joinPressed', user: sam, at: 29 }, 31);
    expect(chat.agents.nextRequest).toMatchObject({ user: sam });
  });

  test('show on the card what crossed the end of a chat whose channel is gone', () => {
    const chat = joinedChat();
    chat.end('visitor', 5);
    says(chat, 'One more thing');
    chat.channelGone(6);
    expect(chat.outbox.isEmpty).toBe(true);
    expect(chat.card.state.words).toContain('One more thing');
    expect(chat.cardWork).toBe('ask');
    // It is not over before the card has had its turn.
    chat.card.asked({ channelId: 'inbound', isGranted: false }, 7);
    chat.channel.closed();
    chat.transcript.published(chat.transcript.state.lastSeq);
    chat.published(chat.news([]));
    expect(chat.cardWork).toBeUndefined();
    expect(chat.isFinished).toBe(false);
    chat.cardSlot({ channelId: 'inbound' }, 8);
    expect(chat.cardWork).toBe('post');
  });

  test('are over only when everything is published, posted, shown and closed', () => {
    const chat = joinedChat();
    chat.end('visitor', 5);
    expect(chat.cardWork).toBeUndefined();
    expect(chat.isFinished).toBe(false);
    chat.channel.closed();
    expect(chat.isFinished).toBe(false);
  });

  test('post their first card when it is their turn, and give their place to others while their visitor is gone', () => {
    const chat = new Chat(input, 0);
    chat.onVisitor({ kind: 'message', clientId: 'id-hello', text: 'Hello', at: 1, connection }, 1_000);
    expect(chat.cardWork).toBe('ask');
    chat.card.asked({ channelId: 'inbound', isGranted: false }, 1_000);
    expect(chat.cardWork).toBeUndefined();
    expect(nextDeadline(chat)).toEqual({ at: 61_000, what: 'askSlot' });
    chat.onVisitor({ kind: 'disconnected', connectionId: connection.connectionId }, 2_000);
    expect(chat.cardWork).toBe('withdraw');
    chat.card.slotWithdrawn();
    expect(chat.cardWork).toBeUndefined();
    chat.onVisitor({ kind: 'connected', connection }, 3_000);
    expect(chat.cardWork).toBe('ask');
    chat.card.asked({ channelId: 'inbound', isGranted: false }, 3_000);
    chat.cardSlot({ channelId: 'another' }, 4_000);
    expect(chat.cardWork).toBeUndefined();
    chat.cardSlot({ channelId: 'inbound' }, 4_000);
    expect(chat.cardWork).toBe('post');
    chat.end('visitor', 5_000);
    expect(chat.cardWork).toBe('post');
  });

  test('end without a card where the visitor ends them before it is their turn', () => {
    const chat = new Chat(input, 0);
    says(chat, 'Hello');
    chat.card.asked({ channelId: 'inbound', isGranted: false }, 1_000);
    chat.end('visitor', 2_000);
    expect(chat.cardWork).toBe('withdraw');
    chat.card.slotWithdrawn();
    chat.published(chat.news([]));
    expect(chat.isFinished).toBe(true);
  });

  test('take a slot that comes before the answer to their question, and one that was lost is asked for again', () => {
    const chat = new Chat(input, 0);
    says(chat, 'Hello');
    chat.cardSlot({ channelId: 'inbound' }, 1_000);
    chat.card.asked({ channelId: 'inbound', isGranted: false }, 1_001);
    expect(chat.cardWork).toBe('post');
    chat.card.slotLost();
    expect(chat.cardWork).toBe('ask');
    chat.card.asked({ channelId: 'inbound', isGranted: false }, 2_000);
    chat.presence.connect(connection);
    chat.presence.disconnect(connection.connectionId, 1);
    // They had their turn: what keeps the card away is not them.
    expect(chat.cardWork).toBeUndefined();
    chat.tryAgain(3_000);
    expect(chat.cardWork).toBe('ask');
  });

  test('say when so much waits that no more is taken, and when Zoom has taken enough of it', () => {
    const chat = new Chat(input, 0);
    const takesMore = () => !chat.news([]).isFull;
    for (let n = 1; n < limits.waitingMessages; n += 1) says(chat, `message ${n}`);
    chat.published(chat.news([]));
    expect(takesMore()).toBe(true);
    says(chat, 'one more');
    expect(chat.hasNews).toBe(true);
    expect(chat.news([])).toMatchObject({ isFull: true, standing: { isFull: true } });
    chat.channelOpened(channel, 'owner');
    chat.outbox.next(0);
    chat.outbox.posted();
    expect(takesMore()).toBe(true);
  });

  test('count long messages by what they hold, also where the texts are left to MongoDB', () => {
    const outbox = new Outbox(chatId);
    for (let seq = 1; seq <= 30; seq += 1) outbox.add(seq, 'x'.repeat(4_000), 0);
    expect(outbox.isFull).toBe(true);
    const carried = JSON.parse(JSON.stringify(outbox.carried(30))) as OutboxState;
    expect(JSON.stringify(carried).length).toBeLessThan(60_000);
    expect(new Outbox(chatId, carried).isFull).toBe(true);
  });

  test('know what comes by itself: missed, then the end for silence', () => {
    const chat = new Chat(input, 0);
    says(chat, 'Hello');
    expect(nextDeadline(chat)).toEqual({ at: 300_000, what: 'missed' });
    chat.missed(300_000);
    expect(nextDeadline(chat)).toEqual({ at: 1_000 + 86_400_000, what: 'idle' });
    chat.channelOpened(channel, 'owner');
    expect(nextDeadline(chat)).toEqual({ at: 61_000, what: 'readBack' });
  });

  test('read the channel back again, at growing intervals, until it could be read', () => {
    const chat = joinedChat();
    const due = () => nextDeadline(chat)?.at;
    chat.channel.askReadBack(20_000);
    expect(due()).toBe(20_000);
    chat.channel.readBackFailed(20_000);
    expect(due()).toBe(30_000);
    chat.channel.readBackFailed(30_000);
    expect(due()).toBe(50_000);
    chat.channel.askReadBack(40_000);
    expect(due()).toBe(20_000);
    chat.channel.readBack(40_000);
    expect(due()).toBeGreaterThan(60_000);
  });

  test('take in what was written in a channel that has vanished before they read back the next one', () => {
    const chat = joinedChat();
    says(chat, 'Still there?');
    chat.channelGone(5_000);
    chat.channelOpened({ ...channel, id: 'channel-2' }, 'owner');
    expect(nextDeadline(chat)?.what).not.toBe('readBack');
    chat.channel.formerRead();
    expect(nextDeadline(chat)?.what).toBe('readBack');
  });
});

describe('after the end', () => {
  const reopenable = { ...input, timings: { ...input.timings, reopenMs: 3_600_000 } };
  const endedChat = () => {
    const chat = new Chat(reopenable, 0);
    says(chat, 'Hello');
    chat.channelOpened(channel, 'owner');
    chat.channel.greeted();
    chat.agentJoined({ id: 'jill', name: 'Jill' }, 10);
    chat.end('visitor', 5_000);
    return chat;
  };

  test('what an agent writes is not sent, and answered once as long as it goes on', () => {
    const chat = endedChat();
    answers(chat, 'your parcel leaves tomorrow', { at: 5_001 });
    answers(chat, 'and one more thing', { at: 5_002 });
    expect(written(chat)).toEqual([]);
    expect(notesOf(chat)).toEqual([{ about: 'ended', mayReopen: true }]);
  });

  test('what was written before it is passed on', () => {
    const chat = endedChat();
    answers(chat, 'bye', { at: 4_999 });
    expect(written(chat)).toEqual(['Jill: bye']);
  });

  test('the visitor’s next message goes on with the agents who are still in', () => {
    const chat = endedChat();
    chat.onVisitor({ kind: 'message', clientId: 'late', text: 'One more thing', at: 1 }, 6_000);
    expect(chat.lifecycle.status).toBe('active');
    expect(entriesOf(chat).slice(-2)).toMatchObject([{ kind: 'reopened' }, { kind: 'visitorMessage' }]);
    expect(notesOf(chat)).toEqual([{ about: 'reopened' }]);
    // What was written meanwhile is for nobody, also when it is learnt late.
    answers(chat, 'between us', { at: 5_500 });
    expect(written(chat)).toEqual([]);
    answers(chat, 'Yes?', { at: 6_001 });
    expect(written(chat)).toEqual(['Jill: Yes?']);
  });

  test('it asks for an agent again if nobody is in any more', () => {
    const chat = endedChat();
    chat.agentLeft('jill', 5_500, 5_500);
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'ended', reopenUntil: 3_605_000 });
    chat.onVisitor({ kind: 'message', clientId: 'late', text: 'One more thing', at: 1 }, 6_000);
    expect(chat.lifecycle.status).toBe('waiting');
    expect(cardContent(chat)).toMatchObject({ number: 2, wereIn: ['Jill'] });
  });

  test('Reopen brings in who pressed it; it does nothing in an open chat, or when it is too late', () => {
    const chat = endedChat();
    chat.onZoom({ kind: 'reopenPressed', user: { id: 'jill', name: 'Jill' } }, 6_000);
    chat.onZoom({ kind: 'reopenPressed', user: { id: 'jill', name: 'Jill' } }, 6_001);
    expect(entriesOf(chat).filter(({ kind }) => kind === 'reopened')).toHaveLength(1);
    chat.end('agent', 7_000);
    chat.closeForGood();
    chat.onZoom({ kind: 'reopenPressed', user: { id: 'jill', name: 'Jill' } }, 8_000);
    expect(chat.lifecycle.isEnded).toBe(true);
  });

  test('it is over when the time has passed, and its channel is archived', () => {
    const chat = endedChat();
    expect(nextDeadline(chat)).toEqual({ what: 'close', at: 3_605_000 });
    expect(chat.isFinished).toBe(false);
    chat.closeForGood();
    chat.outbox.giveUp();
    chat.channel.closed();
    chat.transcript.published(chat.transcript.state.lastSeq);
    expect(chat.channelWork).toBe('archive');
    chat.channel.archived();
    expect(chat.channelWork).toBeUndefined();
  });

  test('an operator’s end is for good, and so is that of a channel that is gone', () => {
    const byOperator = joinedIn(reopenable);
    byOperator.end('operator', 5);
    expect(byOperator.lifecycle.mayReopen).toBe(false);
    const gone = joinedIn(reopenable);
    gone.outbox.giveUp();
    gone.channelGone(6);
    expect(gone.lifecycle).toMatchObject({ isEnded: true, mayReopen: false });
  });
});
