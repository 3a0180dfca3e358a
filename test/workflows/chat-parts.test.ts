import { describe, expect, test } from 'vitest';
import { postMark } from '../../domain/channel-post.ts';
import { limits } from '../../domain/limits.ts';
import { Card } from '../../workflows/chat/card.ts';
import { Chat } from '../../workflows/chat/chat.ts';
import { nextDeadline } from '../../workflows/chat/deadlines.ts';
import type { ChatInput, VisitorConnection } from '../../workflows/chat/messages.ts';
import { Outbox, type OutboxState } from '../../workflows/chat/outbox.ts';
import type { ChatState } from '../../workflows/chat/parts.ts';
import { Presence } from '../../workflows/chat/presence.ts';
import { Waits } from '../../workflows/chat/waits.ts';

/** Post everything that waits; answers the posts. */
function drained(outbox: Outbox) {
  const posts = [];
  while (!outbox.isEmpty) {
    posts.push(outbox.next());
    outbox.posted();
  }
  return posts;
}

const connection: VisitorConnection = { connectionId: 'c1', instanceId: 'api-1', url: 'http://api.example' };

describe('the outbox', () => {
  test('joins what waits in one post, in order, as far as it fits', () => {
    const outbox = new Outbox();
    outbox.add(1, 'one');
    outbox.add(2, 'two');
    outbox.add(4, 'x'.repeat(895));
    const posts = drained(outbox);
    expect(posts).toMatchObject([
      { text: 'one\ntwo', firstSeq: 1, lastSeq: 2 },
      { firstSeq: 4, lastSeq: 4 },
    ]);
    expect(posts.map(postMark)).toEqual(['#1–2', '#4']);
    expect(outbox.state.deliveredSeq).toBe(4);
  });

  test('splits a long message, which is delivered with its last part', () => {
    const outbox = new Outbox();
    outbox.add(3, 'word '.repeat(500).trim());
    const first = outbox.next();
    expect(first).toMatchObject({ part: { number: 1, of: 3 } });
    expect(outbox.deliveredAfterPost).toBe(0);
    outbox.posted();
    expect(outbox.state.deliveredSeq).toBe(0);
    const rest = drained(outbox);
    expect(rest).toHaveLength(2);
    expect(outbox.state.deliveredSeq).toBe(3);
  });

  test('keeps the post that was begun, whatever is written meanwhile, so that a repeat is recognised', () => {
    const outbox = new Outbox();
    outbox.add(1, 'one');
    const begun = outbox.next();
    outbox.add(2, 'two');
    expect(outbox.next()).toEqual(begun);
    expect(new Outbox(JSON.parse(JSON.stringify(outbox.carried(2))) as OutboxState).next()).toEqual(begun);
    outbox.posted();
    expect(outbox.next()).toMatchObject({ text: 'two', firstSeq: 2 });
  });

  test('tries what is refused one by one, says once what is not shown, and goes on even if that is refused too', () => {
    const outbox = new Outbox();
    for (const [n, text] of ['good', 'bad', 'better', 'more'].entries()) outbox.add(n + 1, text);
    expect(outbox.next()).toMatchObject({ firstSeq: 1, lastSeq: 4 });
    outbox.refused();
    expect(outbox.next()).toMatchObject({ text: 'good', lastSeq: 1 });
    outbox.posted();
    expect(outbox.next()).toMatchObject({ text: 'bad', lastSeq: 2 });
    outbox.refused();
    expect(outbox.next()).toEqual({ kind: 'notShown', firstSeq: 2, lastSeq: 2 });
    outbox.refused();
    expect(drained(outbox)).toMatchObject([{ text: 'better' }, { text: 'more' }]);
  });

  test('hands over little, however much waits: later texts are read back when it is their time', () => {
    const outbox = new Outbox();
    for (let seq = 1; seq <= 500; seq += 1) outbox.add(seq, `${seq} ${'x'.repeat(3_000)}`);
    const carried = outbox.carried(499);
    expect(JSON.stringify(carried).length).toBeLessThan(2 * limits.carriedTextLength);
    // What is not in MongoDB yet is handed over in any case.
    expect(carried.waiting.at(-1)?.text).toBeDefined();
    const next = new Outbox(carried);
    const seqs: number[] = [];
    while (!next.isEmpty) {
      const missing = next.missingTexts;
      expect(missing.length).toBeLessThanOrEqual(50);
      next.fillTexts(missing.map((seq) => ({ seq, text: `${seq} ${'x'.repeat(3_000)}` })));
      const post = next.next();
      if (post.kind === 'visitorLines' && post.part?.number === 1) seqs.push(Number(post.text.split(' ')[0]));
      next.posted();
    }
    expect(seqs).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
  });

  test('knows its own posts by their ids, and one under way in a user’s name by its text', () => {
    const outbox = new Outbox();
    outbox.sent({ messageId: 'z1', as: 'user' }, 1);
    expect(outbox.isOwn('z1', 'whatever')).toBe(true);
    outbox.posting('Jane: Hello');
    expect(outbox.isOwn('z2', 'Jane: Hello ')).toBe(true);
    outbox.sent({ messageId: 'z2', as: 'user' }, 2);
    expect(outbox.isOwn('z3', 'Jane: Hello')).toBe(false);
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
  const content = { visitorName: 'Jane', words: '', status: 'waiting' as const, agents: [] };

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
  chatId: 'chat-1',
  accountId: 'account-1',
  widgetId: 'widget-1',
  visitor: { name: 'Jane Doe' },
  timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
};
const channel = { id: 'channel-1', jid: 'j', name: 'n', url: 'u' };
const says = (chat: Chat, text: string, clientId = text) =>
  chat.onVisitor({ kind: 'message', clientId, text, at: 1 }, 1_000);
const answers = (chat: Chat, text: string, more: object = {}) =>
  chat.onZoom({ kind: 'message', messageId: `m-${text}`, userId: 'jill', text, at: 2, ...more }, 2_000);
const joinedChat = () => {
  const chat = new Chat(input, 0);
  says(chat, 'Hello');
  chat.channelOpened(channel, 'owner');
  chat.agentJoined({ id: 'jill', name: 'Jill' }, 10);
  return chat;
};
const entriesOf = (chat: Chat) => chat.transcript.state.unpublished;

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
    answers(chat, '!help');
    answers(chat, '!END');
    expect(entriesOf(chat).map(({ kind }) => kind)).toEqual(['visitorMessage', 'agentJoined', 'ended']);
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
      chat.onZoom({ kind: 'edited', messageId, text: 'Hello', at: 3 }, 3);
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
    chat.onZoom({ kind: 'edited', messageId: 'm-Hi', text: 'newer', at: 9 }, 9);
    chat.onZoom({ kind: 'edited', messageId: 'm-Hi', text: 'older', at: 8 }, 10);
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentMessageEdited', text: 'newer' });
  });

  test('ignore what becomes of a channel that the chat has lost, but not what was written there', () => {
    const chat = joinedChat();
    chat.onZoom({ kind: 'channelGone', channelId: 'channel-0' }, 3);
    chat.onZoom({ kind: 'agentLeft', userId: 'jill', at: 3, channelId: 'channel-0' }, 3);
    expect(chat.lifecycle.status).toBe('active');
    answers(chat, 'late', { channelId: 'channel-0' });
    expect(entriesOf(chat).at(-1)).toMatchObject({ kind: 'agentMessage', text: 'late' });
  });

  test('show on the card what crossed the end of a chat whose channel is gone', () => {
    const chat = joinedChat();
    chat.end('visitor', 5);
    says(chat, 'One more thing');
    chat.channelGone(6);
    expect(chat.outbox.isEmpty).toBe(true);
    expect(chat.card.state.words).toContain('One more thing');
    expect(chat.cardIsStale).toBe(true);
  });

  test('are over only when everything is published, posted, shown and closed', () => {
    const chat = joinedChat();
    chat.end('visitor', 5);
    chat.card.leaveAsIs((chat.cardIsStale, { visitorName: '', words: '', status: 'ended', agents: [] }));
    expect(chat.isFinished).toBe(false);
    chat.channel.closed();
    expect(chat.isFinished).toBe(false);
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
