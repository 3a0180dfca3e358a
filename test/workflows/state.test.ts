import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { limits } from '../../domain/limits.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { ChatInput, VisitorEvent, ZoomEvent } from '../../workflows/chat/messages.ts';
import { Chat, type ChatState } from '../../workflows/chat/state.ts';

const minute = 60_000;
const timings = { missedAfterMs: 5 * minute, idleEndMs: 24 * 60 * minute };
const input: ChatInput = {
  chatId: 'chat-1',
  accountId: 'account-1',
  widgetId: 'widget-1',
  visitor: { name: 'Jane' },
  timings,
};
const jill = { id: 'jill', name: 'Jill' };
const sam = { id: 'sam', name: 'Sam' };
const owner = { id: 'owner', name: 'Olga' };
const channel = { id: 'c1', jid: 'c1@conference.xmpp.zoom.us', name: 'Jane · chat-1', url: 'https://zoom.us/c1' };
const card = { messageId: 'card-1', channelId: 'inbound', channelJid: 'inbound@conference.xmpp.zoom.us' };

const message = (clientId: string, text = `text of ${clientId}`): VisitorEvent => ({
  kind: 'message',
  clientId,
  text,
  at: 1,
});
const answer = (messageId: string, text = `text of ${messageId}`, userId = 'jill', files?: string[]): ZoomEvent => ({
  kind: 'message',
  messageId,
  userId,
  text,
  at: 2,
  ...(files === undefined ? {} : { files }),
});
const connection = (connectionId: string, instanceId = 'api-1') => ({ connectionId, instanceId });

/** A chat in which the visitor has written once; brought by `stages` to where a test starts. */
function begun(...stages: ((chat: Chat) => void)[]): Chat {
  const chat = Chat.begin(input, 0);
  chat.onVisitor(message('m1', 'Hello'), 0);
  for (const stage of stages) stage(chat);
  return chat;
}
const withCard = (chat: Chat) => chat.cardShown(card, chat.face, chat.deliveredSeqWithCard);
const joined = (chat: Chat) => {
  withCard(chat);
  chat.onZoom({ kind: 'joinPressed', user: jill }, 0);
  chat.channelOpened(channel, owner.id);
  chat.agentJoined(jill, 0);
};
const relayed = (chat: Chat) => {
  const lines = chat.nextPost;
  chat.posted({ messageIds: [`own-${lines[0]?.seq ?? 0}`], as: 'bot' }, 0);
  chat.linesDelivered(lines);
};
const told = (chat: Chat) => {
  chat.state.recordStale = false;
  while (chat.state.unrecorded.length > 0) chat.newsTold(chat.news);
};
const missed = (chat: Chat) => chat.missed(timings.missedAfterMs);
const ended = (chat: Chat) => chat.onVisitor({ kind: 'ended' }, 0);
const joining = (chat: Chat) => chat.onZoom({ kind: 'joinPressed', user: jill }, 0);

const kinds = (chat: Chat) => chat.state.unrecorded.map((entry) => entry.kind);
const answers = (chat: Chat) =>
  chat.state.unrecorded.flatMap((entry) => (entry.kind === 'agentMessage' ? [entry.text] : []));

describe('every event in every status', () => {
  const statuses = {
    waiting: [withCard],
    missed: [withCard, missed],
    joining: [withCard, joining],
    active: [joined],
    ended: [joined, ended],
    endedUnanswered: [withCard, ended],
  };
  const events: Record<string, (chat: Chat) => void> = {
    'visitor writes': (chat) => chat.onVisitor(message('next'), 1),
    'socket opens': (chat) => chat.onVisitor({ kind: 'connected', connection: connection('s1') }, 1),
    'socket closes': (chat) => chat.onVisitor({ kind: 'disconnected', connectionId: 's1' }, 1),
    'visitor ends': ended,
    'join is pressed': (chat) => chat.onZoom({ kind: 'joinPressed', user: sam }, 1),
    'end is pressed': (chat) => chat.onZoom({ kind: 'endPressed', user: jill }, 1),
    'agent writes': (chat) => chat.onZoom(answer('z1'), 1),
    'unknown message is edited': (chat) => chat.onZoom({ kind: 'edited', messageId: 'x', text: 'x', at: 3 }, 1),
    'unknown message is deleted': (chat) => chat.onZoom({ kind: 'deleted', messageId: 'x', at: 3 }, 1),
    'agent leaves': (chat) => chat.onZoom({ kind: 'agentLeft', userId: 'jill', at: 3 }, 1),
    'channel vanishes': (chat) => chat.onZoom({ kind: 'channelGone' }, 1),
    'nobody joins in time': (chat) => chat.missed(1),
  };
  /** New entries and the status after the event; only what differs from "nothing happens". */
  const expected: Record<keyof typeof statuses, Partial<Record<string, [string, string?]>>> = {
    waiting: {
      'visitor writes': ['visitorMessage'],
      'visitor ends': ['ended', 'ended'],
      'join is pressed': ['', 'joining'],
      'end is pressed': ['ended', 'ended'],
      'agent writes': ['agentMessage'],
      'nobody joins in time': ['missed', 'missed'],
    },
    missed: {
      'visitor writes': ['visitorMessage'],
      'visitor ends': ['ended', 'ended'],
      'join is pressed': ['', 'joining'],
      'end is pressed': ['ended', 'ended'],
      'agent writes': ['agentMessage'],
    },
    joining: {
      'visitor writes': ['visitorMessage'],
      'visitor ends': ['ended', 'ended'],
      'end is pressed': ['ended', 'ended'],
      'agent writes': ['agentMessage'],
    },
    active: {
      'visitor writes': ['visitorMessage'],
      'visitor ends': ['ended', 'ended'],
      'end is pressed': ['ended', 'ended'],
      'agent writes': ['agentMessage'],
      'agent leaves': ['agentLeft'],
      'channel vanishes': ['', 'waiting'],
    },
    ended: { 'visitor writes': ['visitorMessage'], 'agent writes': ['agentMessage'] },
    endedUnanswered: { 'visitor writes': ['visitorMessage'], 'agent writes': ['agentMessage'] },
  };

  for (const [status, stages] of Object.entries(statuses)) {
    for (const [event, happen] of Object.entries(events)) {
      const [entries = '', after] = expected[status as keyof typeof statuses][event] ?? [];
      const words = `${entries === '' ? 'no entry' : entries}${after === undefined ? '' : `, now ${after}`}`;
      test(`${status}: ${event} → ${words}`, () => {
        const chat = begun(...stages, told);
        const before = chat.state.status;
        happen(chat);
        expect(kinds(chat)).toEqual(entries === '' ? [] : [entries]);
        expect(chat.state.status).toBe(after ?? before);
      });
    }
  }
});

describe('repeats', () => {
  test('a repeated client id is one message, even after the end', () => {
    const chat = begun((it) => it.onVisitor(message('m1', 'Hello'), 5), ended);
    chat.onVisitor(message('m1', 'Hello'), 9);
    expect(chat.state.lastSeq).toBe(2);
    expect(chat.state.waitingLines).toEqual([{ seq: 1, text: 'Hello', at: 1 }]);
  });

  test('equal texts under different client ids are two messages', () => {
    const chat = begun((it) => it.onVisitor(message('m2', 'Hello'), 5));
    expect(chat.state.waitingLines.map((line) => line.text)).toEqual(['Hello', 'Hello']);
  });

  test('a webhook that comes twice, also by another writer’s name, is one message', () => {
    const chat = begun(joined);
    chat.onZoom(answer('z1', 'Hi'), 1);
    chat.onZoom(answer('z1', 'Hi'), 2);
    chat.onZoom(answer('z1', 'Hi', ''), 2);
    expect(answers(chat)).toEqual(['Hi']);
  });

  test('pressing Join twice is one join, and pressing it again when in is a fresh invitation without an entry', () => {
    const chat = begun(withCard, joining, joining);
    expect(chat.state.joinRequests).toEqual([jill]);
    const active = begun(joined, told, joining);
    expect(active.nextJoin).toEqual(jill);
    active.agentJoined(jill, 1);
    expect(active.nextJoin).toBeUndefined();
    expect(kinds(active)).toEqual([]);
  });

  test('the memory of ids stays bounded, and forgets the oldest first', () => {
    const chat = begun(joined);
    for (let n = 0; n < limits.rememberedIds + 50; n += 1) {
      chat.onVisitor(message(`v${n}`), 1);
      chat.onZoom(answer(`z${n}`), 1);
      chat.posted({ messageIds: [`own${n}`], as: 'bot' }, n);
    }
    const { seenClientIds, seenZoomKeys, ownPostIds } = chat.state;
    for (const memory of [seenClientIds, seenZoomKeys, ownPostIds]) expect(memory).toHaveLength(limits.rememberedIds);
    expect(seenClientIds.at(-1)).toBe(`v${limits.rememberedIds + 49}`);
    expect(seenClientIds).not.toContain('m1');
  });
});

describe('echoes of our own posts', () => {
  const asUser = (chat: Chat) => {
    joined(chat);
    chat.posting('Jane: Hello');
    chat.posted({ messageIds: ['own-1'], as: 'user' }, 0);
    chat.linesDelivered(chat.nextPost);
    told(chat);
  };

  test('a message with the id of one of our posts is not the agent’s', () => {
    const chat = begun(joined, relayed, told);
    chat.onZoom(answer('own-1', 'Hello', 'owner'), 1);
    expect(answers(chat)).toEqual([]);
  });

  test('a post in the owner’s name that comes back before Zoom’s answer is not the agent’s', () => {
    const chat = begun(asUser);
    chat.posting('Jane: Second');
    chat.onZoom(answer('z-early', 'Jane: Second', 'owner'), 1);
    chat.posted({ messageIds: ['z-early'], as: 'user' }, 1);
    chat.onZoom(answer('z-early', 'Jane: Second', 'owner'), 2);
    expect(answers(chat)).toEqual([]);
  });

  test('the very first post in the owner’s name, when the bot is refused in the middle of it, is not the agent’s', () => {
    const chat = begun(withCard, joining, (it) => it.channelOpened(channel, owner.id), told);
    expect(chat.state.postsAs).toBe('bot');
    chat.posting('Chat with Jane. Write here.');
    chat.onZoom(answer('z-greeting', 'Chat with Jane. Write here.', 'owner'), 1);
    chat.posted({ messageIds: ['z-greeting'], as: 'user' }, 1);
    expect(answers(chat)).toEqual([]);
    expect(chat.state.postsAs).toBe('user');
  });

  test('the same words by somebody else are an answer', () => {
    const chat = begun(asUser);
    chat.posting('Jane: Second');
    chat.onZoom(answer('z1', 'Jane: Second', 'jill'), 1);
    expect(answers(chat)).toEqual(['Jane: Second']);
  });

  test('the same words written by the owner himself, once the post is through, are an answer', () => {
    const chat = begun(asUser);
    chat.onZoom(answer('z1', 'Jane: Hello', 'owner'), 1);
    expect(answers(chat)).toEqual(['Jane: Hello']);
  });

  test('what the owner writes is an answer like any other agent’s', () => {
    const chat = begun(asUser);
    chat.posting('Jane: Second');
    chat.onZoom(answer('z1', 'I will look', 'owner'), 1);
    expect(answers(chat)).toEqual(['I will look']);
  });

  test('every part of a long post is recognised, the short last one too', () => {
    const chat = begun(asUser);
    const parts = [`Jane: ${'a'.repeat(1_000)} `, `${'b'.repeat(1_000)} `, 'end?'];
    chat.posting(parts.join(''));
    parts.forEach((part, n) => chat.onZoom(answer(`part-${n}`, part, 'owner'), 1));
    expect(answers(chat)).toEqual([]);
  });

  test('a short word of the owner that is also within a long post is an answer', () => {
    const chat = begun(asUser);
    chat.posting(`Jane: ${'please '.repeat(200)}ok`);
    chat.onZoom(answer('z1', 'ok', 'owner'), 1);
    expect(answers(chat)).toEqual(['ok']);
  });
});

describe('the transcript', () => {
  test('gives every entry the next place, whoever wrote', () => {
    const chat = begun(joined);
    chat.onZoom(answer('z1'), 1);
    chat.onVisitor(message('m2'), 1);
    ended(chat);
    expect(chat.state.unrecorded.map((entry) => [entry.seq, entry.kind])).toEqual([
      [1, 'visitorMessage'],
      [2, 'agentJoined'],
      [3, 'agentMessage'],
      [4, 'visitorMessage'],
      [5, 'ended'],
    ]);
  });

  test('takes edits and deletions only of messages that the visitor was shown, each once', () => {
    const chat = begun(joined, relayed, (it) => it.onZoom(answer('z1', 'teh'), 1), told);
    const edited = (messageId: string, at = 3): ZoomEvent => ({ kind: 'edited', messageId, text: 'the', at });
    chat.onZoom(edited('own-1'), 1);
    chat.onZoom(edited('unknown'), 1);
    chat.onZoom(edited('z1'), 1);
    chat.onZoom(edited('z1'), 1);
    chat.onZoom(edited('z1', 4), 1);
    chat.onZoom({ kind: 'deleted', messageId: 'unknown', at: 5 }, 1);
    chat.onZoom({ kind: 'deleted', messageId: 'z1', at: 5 }, 1);
    chat.onZoom({ kind: 'deleted', messageId: 'z1', at: 6 }, 1);
    expect(kinds(chat)).toEqual(['agentMessageEdited', 'agentMessageEdited', 'agentMessageDeleted']);
  });

  test('names files, and leaves out a message that holds nothing', () => {
    const chat = begun(joined, told);
    chat.onZoom(answer('z1', 'See', 'jill', ['price.pdf']), 1);
    chat.onZoom(answer('z2', '', 'jill', ['a.png', 'b.png']), 1);
    chat.onZoom(answer('z3', ''), 1);
    expect(answers(chat)).toEqual(['See\n📎 price.pdf', '📎 a.png\n📎 b.png']);
  });

  test.each(['!end', ' !END \n'])('ends on an agent’s %j, which the visitor does not see', (command) => {
    const chat = begun(joined, told);
    chat.onZoom(answer('z1', command), 1);
    expect(chat.state.unrecorded).toEqual([expect.objectContaining({ kind: 'ended', by: 'agent' })]);
  });

  test('does not end on words that only hold the command', () => {
    const chat = begun(joined, told);
    chat.onZoom(answer('z1', 'write !end to end'), 1);
    expect(chat.ended).toBe(false);
  });

  test('does not end when the visitor writes the command', () => {
    const chat = begun(joined);
    chat.onVisitor(message('m2', '!end'), 1);
    expect(chat.ended).toBe(false);
  });

  test('ends once: the first reason stays', () => {
    const chat = begun(joined, told, ended);
    chat.end('operator', 5);
    chat.onZoom({ kind: 'endPressed', user: jill }, 5);
    expect(kinds(chat)).toEqual(['ended']);
    expect(chat.state.endedBy).toBe('visitor');
  });

  test('is told in portions, and what came meanwhile stays for the next', () => {
    const chat = begun();
    for (let n = 0; n < limits.entriesPerFrame; n += 1) chat.onVisitor(message(`v${n}`), 1);
    const first = chat.news;
    expect(first.entries).toHaveLength(limits.entriesPerFrame);
    chat.onVisitor(message('late'), 1);
    chat.newsTold(first);
    expect(chat.news.entries.map((entry) => entry.seq)).toEqual([201, 202]);
    expect(chat.snapshot.recordedSeq).toBe(200);
  });

  test('looks up who wrote without having pressed Join, and counts them in from then on', () => {
    const chat = begun(joined, told);
    chat.onZoom(answer('z1', 'Hi', 'sam'), 1);
    chat.onZoom(answer('z2', 'Hi', ''), 1);
    expect(chat.strangers).toEqual(['sam']);
    chat.meet(sam);
    expect(chat.strangers).toEqual([]);
    expect(chat.state.unrecorded[0]).toMatchObject({ agent: sam });
    expect(chat.state.agents).toEqual([jill, sam]);
    expect(chat.state.recordStale).toBe(true);
  });
});

describe('joining', () => {
  test('an agent who writes before the join is through still makes the chat active', () => {
    const chat = begun(withCard, joining, (it) => it.channelOpened(channel, owner.id));
    chat.onZoom(answer('z1', 'Hi'), 1);
    chat.meet(jill);
    chat.agentJoined(jill, 1);
    expect(chat.state.status).toBe('active');
    expect(chat.state.agents).toEqual([jill]);
  });

  test('a refused join gives the chat back to those who wait, without another “missed”', () => {
    const waiting = begun(withCard, joining);
    waiting.joinRefused('jill');
    expect(waiting.state.status).toBe('waiting');
    const late = begun(withCard, missed, joining, told);
    late.joinRefused('jill');
    expect(late.state.status).toBe('missed');
    expect(late.nextDeadline(timings.missedAfterMs + 1)?.what).toBe('idle');
  });

  test('with a second presser waiting, a refused join leaves the chat joining', () => {
    const chat = begun(withCard, joining, (it) => it.onZoom({ kind: 'joinPressed', user: sam }, 1));
    chat.joinRefused('jill');
    expect(chat.state.status).toBe('joining');
    expect(chat.nextJoin).toEqual(sam);
  });

  test('an end forgets who is still waiting to join', () => {
    expect(begun(withCard, joining, ended).nextJoin).toBeUndefined();
  });

  test('an agent who left and comes back joins again', () => {
    const chat = begun(joined, (it) => it.onZoom({ kind: 'agentLeft', userId: 'jill', at: 3 }, 1), told, joining);
    chat.agentJoined(jill, 4);
    expect(kinds(chat)).toEqual(['agentJoined']);
    expect(chat.state.status).toBe('active');
  });

  test('somebody who is no agent of the chat leaves without a word', () => {
    const chat = begun(joined, told);
    chat.onZoom({ kind: 'agentLeft', userId: 'sam', at: 3 }, 1);
    expect(kinds(chat)).toEqual([]);
  });
});

describe('the card in the inbound channel', () => {
  test('comes with the first words, and not before', () => {
    const chat = Chat.begin(input, 0);
    chat.onVisitor({ kind: 'connected', connection: connection('s1') }, 0);
    expect(chat.cardStale).toBe(false);
    chat.onVisitor(message('m1'), 1);
    expect(chat.cardStale).toBe(true);
  });

  test.each<[string, (chat: Chat) => void, boolean]>([
    ['another visitor message', (chat) => chat.onVisitor(message('m2'), 1), false],
    ['an answer', (chat) => chat.onZoom(answer('z1'), 1), false],
    ['one more agent', (chat) => chat.agentJoined(sam, 1), true],
    ['an agent who left', (chat) => chat.onZoom({ kind: 'agentLeft', userId: 'jill', at: 2 }, 1), true],
    ['the end', ended, true],
  ])('after %s it is stale or not as it should be', (_what, happen, stale) => {
    const chat = begun(joined);
    chat.cardShown(card, chat.face, 1, card);
    expect(chat.cardStale).toBe(false);
    happen(chat);
    expect(chat.cardStale).toBe(stale);
  });

  test('does not change while an agent is only on the way in', () => {
    expect(begun(withCard, joining).cardStale).toBe(false);
    const late = begun(withCard, missed, (chat) => chat.cardShown(card, chat.face, 1, card), joining);
    expect(late.cardStale).toBe(false);
  });

  test('is stale again when something changed while it was being edited', () => {
    const chat = begun(joined);
    const { face } = chat;
    ended(chat);
    chat.cardShown(card, face, 1, card);
    expect(chat.cardStale).toBe(true);
  });

  test('carries the first message to the team: that one is delivered with it, those after it are not', () => {
    const chat = begun((it) => it.onVisitor(message('m2'), 1), withCard);
    expect(chat.snapshot).toMatchObject({ deliveredSeq: 1, waitingForZoom: 2 });
  });
});

describe('a chat channel that vanishes', () => {
  const gone = { kind: 'channelGone' as const };

  test('ends the chat as the agent’s way when nothing is left to relay', () => {
    const chat = begun(joined, relayed, told);
    chat.onZoom(gone, 1);
    expect(chat.state.unrecorded).toEqual([expect.objectContaining({ kind: 'ended', by: 'agent' })]);
    expect(chat.needsClosing).toBe(false);
  });

  test('asks for an agent again when a visitor message has not been relayed, with a new card that quotes it', () => {
    const chat = begun(joined, relayed, (it) => it.onVisitor(message('m2', 'Are you there?'), 1), told);
    chat.onZoom(gone, 10 * minute);
    expect(chat.snapshot).toMatchObject({ status: 'waiting', agents: [], waitingForZoom: 1 });
    expect(chat.state.card).toBeUndefined();
    expect(chat.cardStale).toBe(true);
    expect(chat.state.firstWords).toBe('Are you there?');
    expect(chat.nextPost).toEqual([]);
    expect(chat.state.channelsLost).toBe(1);
  });

  test('gives the team the whole time again before the chat counts as missed', () => {
    const chat = begun(joined, relayed, (it) => it.onVisitor(message('m2'), 1), told);
    chat.onZoom(gone, 10 * minute);
    expect(chat.nextDeadline(10 * minute)).toEqual({ inMs: timings.missedAfterMs, what: 'missed' });
  });

  test('gets a new card also when the old one was just being edited', () => {
    const chat = begun(joined);
    const { face } = chat;
    chat.onZoom(gone, 1);
    chat.cardShown(card, face, 1, card);
    expect(chat.state.card).toBeUndefined();
    expect(chat.cardStale).toBe(true);
  });

  test('takes the waiting messages into the next channel, with a post that went through meanwhile counted', () => {
    const chat = begun(joined, (it) => it.onVisitor(message('m2', 'Second'), 1));
    const [first] = chat.nextPost;
    if (!first) throw new Error('nothing to post');
    chat.onZoom(gone, 1);
    chat.linesDelivered([first]);
    chat.channelOpened({ ...channel, id: 'c2' }, owner.id);
    expect(chat.nextPost.map((line) => line.text)).toEqual(['Second']);
  });

  test('once there is another, the old one’s events are passed over: nothing of it ends the chat', () => {
    const chat = begun(
      joined,
      (it) => it.onZoom(gone, 1),
      (it) => it.channelOpened({ ...channel, id: 'c2' }, owner.id),
      told,
    );
    chat.onZoom({ ...gone, channelId: 'c1' }, 2);
    chat.onZoom({ ...answer('z1'), channelId: 'c1' }, 2);
    expect(kinds(chat)).toEqual([]);
    expect(chat.state.channel?.id).toBe('c2');
    chat.onZoom({ ...answer('z2'), channelId: 'c2' }, 2);
    expect(answers(chat)).toEqual(['text of z2']);
  });

  test('leaves nothing unrecorded of a chat that had ended with words on their way', () => {
    const chat = begun(joined, relayed, ended, told);
    chat.onVisitor(message('m2', 'One more thing'), 1);
    expect(chat.hasNews).toBe(false);
    chat.onZoom(gone, 1);
    expect(chat.hasNews).toBe(true);
    told(chat);
    chat.cardShown(card, chat.face, 1, card);
    expect(chat.finished).toBe(true);
  });

  test('leaves a chat that has ended without anything to do', () => {
    const chat = begun(joined, ended);
    chat.onZoom(gone, 1);
    told(chat);
    chat.cardShown(card, chat.face, 1, card);
    expect(chat.finished).toBe(true);
  });
});

describe('deadlines', () => {
  test('a waiting chat is missed first, and ends for silence after that', () => {
    const chat = begun(withCard);
    expect(chat.nextDeadline(0)).toEqual({ inMs: timings.missedAfterMs, what: 'missed' });
    expect(chat.nextDeadline(minute)).toEqual({ inMs: timings.missedAfterMs - minute, what: 'missed' });
    missed(chat);
    expect(chat.nextDeadline(timings.missedAfterMs)?.what).toBe('idle');
  });

  test('a deadline in the past is due now', () => {
    expect(begun(withCard).nextDeadline(10 * minute)).toEqual({ inMs: 0, what: 'missed' });
  });

  test('silence counts from the last word of either side', () => {
    const chat = begun(joined, relayed);
    chat.onZoom(answer('z1'), 7 * minute);
    for (let n = 0; n < 3; n += 1) chat.readBackDone(true, 0);
    expect(chat.nextDeadline(7 * minute)).toEqual({ inMs: timings.idleEndMs, what: 'idle' });
  });

  test('a silent channel is read back after 1, 6 and 30 minutes, and then no more', () => {
    const chat = begun(joined, relayed);
    chat.readBackDone(true, 0);
    chat.onZoom(answer('z1'), 0);
    for (const after of [1, 6, 30]) {
      expect(chat.nextDeadline(0)).toEqual({ inMs: after * minute, what: 'readBack' });
      chat.readBackDone(true, 0);
    }
    expect(chat.nextDeadline(0)?.what).toBe('idle');
  });

  test('a word of either side starts the reading back anew', () => {
    const chat = begun(joined, relayed, (it) => it.readBackDone(true, 0));
    chat.onZoom(answer('z1'), 2 * minute);
    expect(chat.nextDeadline(2 * minute)).toEqual({ inMs: minute, what: 'readBack' });
    chat.onVisitor(message('m2'), 3 * minute);
    expect(chat.nextDeadline(3 * minute)).toEqual({ inMs: minute, what: 'readBack' });
  });

  test('a channel that is never silent is read back five minutes after the first unchecked word', () => {
    const chat = begun(joined, relayed, (it) => it.readBackDone(true, 0));
    for (let n = 0; n <= 9; n += 1) chat.onZoom(answer(`z${n}`), n * 30_000);
    expect(chat.nextDeadline(9 * 30_000)).toEqual({ inMs: 30_000, what: 'readBack' });
  });

  test('the channel is read from a little before the last reading on, however long the chat is', () => {
    const chat = begun(joined, relayed);
    expect(chat.readBackFrom).toBe(chat.state.startedAt);
    chat.readBackDone(true, 10 * minute);
    expect(chat.readBackFrom).toBe(8 * minute);
    chat.readBackDone(false, 20 * minute);
    expect(chat.readBackFrom).toBe(8 * minute);
  });

  test('an ended chat has none', () => {
    expect(begun(joined, ended).nextDeadline(0)).toBeUndefined();
  });
});

describe('posts into the chat channel', () => {
  const lengths = (chat: Chat) => chat.nextPost.map((line) => line.text.length);
  const writes = (...sizes: number[]) =>
    begun(joined, relayed, (chat) => {
      sizes.forEach((size, n) => chat.onVisitor(message(`s${n}`, 'x'.repeat(size)), 1));
    });

  test('hold as many whole lines as fit into 1,000 characters', () => {
    expect(lengths(writes(400, 400, 400))).toEqual([400, 400]);
    const many = writes(...Array.from({ length: 300 }, () => 9));
    expect(many.nextPost.map((line) => line.text).join('\n').length).toBeLessThanOrEqual(1_000);
    expect(many.nextPost.length).toBeGreaterThan(90);
  });

  test('hold at least one line, however long', () => {
    expect(lengths(writes(4_000, 10))).toEqual([4_000]);
    expect(lengths(writes(10, 4_000))).toEqual([10]);
  });

  test('wait for a channel', () => {
    expect(begun(withCard).nextPost).toEqual([]);
  });

  test('a message that comes while others are on their way waits for its own post', () => {
    const chat = begun(joined);
    const lines = chat.nextPost;
    chat.onVisitor(message('m2', 'Second'), 1);
    chat.linesDelivered(lines);
    expect(chat.nextPost.map((line) => line.text)).toEqual(['Second']);
    expect(chat.snapshot.deliveredSeq).toBe(1);
  });

  test('a closing note goes out only once everything is relayed', () => {
    const chat = begun(joined, ended);
    expect(chat.needsClosing).toBe(false);
    relayed(chat);
    expect(chat.needsClosing).toBe(true);
    expect(begun(withCard, ended).needsClosing).toBe(false);
  });

  test('a long text waits until all its parts fit into Zoom’s limits', () => {
    const chat = begun(joined);
    for (let n = 0; n < 6; n += 1) chat.posted({ messageIds: [`p${n}`], as: 'bot' }, 0);
    expect(chat.postDelay('short', 0)).toBe(0);
    expect(chat.postDelay('x'.repeat(4_000), 0)).toBe(1_000);
  });
});

describe('the visitor’s sockets', () => {
  test('a new socket is brought up to date although nothing new has happened', () => {
    const chat = begun(withCard, told);
    chat.newsTold({ lastSeq: 1, deliveredSeq: 1 });
    expect(chat.hasNews).toBe(false);
    chat.onVisitor({ kind: 'connected', connection: connection('s1') }, 1);
    expect(chat.hasNews).toBe(true);
  });

  test('delivery to Zoom is news for an open socket only', () => {
    const chat = begun(joined, told);
    chat.state.toldDeliveredSeq = 0;
    expect(chat.hasNews).toBe(false);
    chat.onVisitor({ kind: 'connected', connection: connection('s1') }, 1);
    chat.state.greetSocket = false;
    expect(chat.hasNews).toBe(true);
  });

  test('several at one instance are one address, and a message brings its socket along', () => {
    const chat = begun();
    chat.onVisitor({ kind: 'connected', connection: connection('s1', 'api-1') }, 1);
    chat.onVisitor({ kind: 'message', clientId: 'x', text: 'x', at: 1, connection: connection('s2', 'api-1') }, 1);
    chat.onVisitor({ kind: 'connected', connection: connection('s3', 'api-2') }, 1);
    expect(chat.instances).toEqual(['api-1', 'api-2']);
    chat.onVisitor({ kind: 'disconnected', connectionId: 's3' }, 1);
    expect(chat.instances).toEqual(['api-1']);
  });

  test('those of an instance that is gone are forgotten, one that has opened since is not', () => {
    const chat = begun();
    chat.onVisitor({ kind: 'connected', connection: connection('s1') }, 1);
    const before = chat.connectionsAt('api-1');
    chat.onVisitor({ kind: 'connected', connection: connection('s2') }, 1);
    chat.connectionsGone(before);
    expect(chat.connectionsAt('api-1')).toEqual(['s2']);
  });

  test('those of an instance that did not answer are tried once more, and given up the second time', () => {
    const chat = begun(told);
    chat.onVisitor({ kind: 'connected', connection: connection('s1') }, 1);
    chat.state.greetSocket = false;
    chat.connectionsUnreached(['s1']);
    expect(chat.instances).toEqual(['api-1']);
    expect(chat.hasNews).toBe(true);
    chat.connectionsReached(['s1']);
    chat.connectionsUnreached(['s1']);
    expect(chat.instances).toEqual(['api-1']);
    chat.connectionsUnreached(['s1']);
    expect(chat.instances).toEqual([]);
    expect(chat.state.doubted).toEqual([]);
  });

  test('the same connection under a new instance moves, and there is a most that are remembered', () => {
    const chat = begun();
    for (let n = 0; n < 50; n += 1) chat.onVisitor({ kind: 'connected', connection: connection(`s${n}`) }, 1);
    chat.onVisitor({ kind: 'connected', connection: connection('s49', 'api-2') }, 1);
    expect(chat.state.connections).toHaveLength(20);
    expect(chat.instances).toEqual(['api-1', 'api-2']);
  });
});

describe('the end', () => {
  test('is finished when everything is recorded, shown and said', () => {
    const chat = begun(joined, relayed, ended);
    expect(chat.finished).toBe(false);
    told(chat);
    expect(chat.finished).toBe(false);
    chat.cardShown(card, chat.face, 1, card);
    expect(chat.finished).toBe(false);
    chat.state.closed = true;
    expect(chat.finished).toBe(true);
  });

  test('a message that crosses it is recorded and still relayed', () => {
    const chat = begun(joined, relayed, ended);
    chat.onVisitor(message('m2', 'One more thing'), 1);
    expect(chat.nextPost.map((line) => line.text)).toEqual(['One more thing']);
    expect(kinds(chat).at(-1)).toBe('visitorMessage');
  });
});

// ---- any order of events, with what the workflow does in between; its memory goes through JSON at every point

/** A repeatable source of numbers (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below) | 0;
  };
}

/** Plays the workflow and the world: things are begun, and finish or fail later, in any order. */
class Play {
  chat = begun();
  readonly transcript: TranscriptEntry[] = [];
  readonly posted: number[] = [];
  readonly #next: (below: number) => number;
  readonly #withEnd: boolean;
  #now = 0;
  #count = 0;
  #deliveredSeq = 0;
  #news: Chat['news'] | undefined;
  #lines: Chat['nextPost'] | undefined;
  #linesEntries: TranscriptEntry[] = [];
  #face: Chat['face'] | undefined;
  #edited: ChatState['card'];

  constructor(seed: number, withEnd: boolean) {
    this.#next = numbers(seed);
    this.#withEnd = withEnd;
  }

  step(): void {
    this.#now += this.#next(1_000);
    this.#count += 1;
    const people = [jill, sam, owner];
    const user = people[this.#next(3)] ?? jill;
    const recent = this.#count - this.#next(10);
    const steps: (() => void)[] = [
      () => this.chat.onVisitor(message(`v${recent}`), this.#now),
      () => this.chat.onVisitor(message(`v${this.#count}`, 'y'.repeat(1 + this.#next(1_500))), this.#now),
      () => this.chat.onVisitor({ kind: 'connected', connection: connection(`s${recent}`) }, this.#now),
      () => this.chat.onVisitor({ kind: 'disconnected', connectionId: `s${recent}` }, this.#now),
      () => this.chat.onZoom({ kind: 'joinPressed', user }, this.#now),
      () => this.chat.onZoom(answer(`z${recent}`, 'An answer', user.id), this.#now),
      () => this.chat.onZoom({ kind: 'edited', messageId: `z${recent}`, text: 'Better', at: this.#now }, this.#now),
      () => this.chat.onZoom({ kind: 'deleted', messageId: `z${recent}`, at: this.#now }, this.#now),
      () => this.chat.onZoom({ kind: 'agentLeft', userId: user.id, at: this.#now }, this.#now),
      () => this.chat.missed(this.#now),
      () => this.admit(),
      () => this.relay(this.#next(4) === 0),
      () => this.relay(this.#next(4) === 0),
      () => this.tell(),
      () => this.tell(),
      () => this.show(),
    ];
    if (this.#next(25) === 0 && this.#mayVanish()) this.chat.onZoom({ kind: 'channelGone' }, this.#now);
    else if (this.#withEnd && this.#next(60) === 0) ended(this.chat);
    else steps[this.#next(steps.length)]?.();
    this.#check();
  }

  /** Without an end wanted, a channel vanishes only while something waits: otherwise that is the end. */
  #mayVanish(): boolean {
    return this.#withEnd || this.chat.state.waitingLines.length > 0;
  }

  admit(): void {
    const agent = this.chat.nextJoin;
    if (!agent || this.#lines) return;
    if (this.#next(5) === 0) {
      this.chat.joinRefused(agent.id);
      return;
    }
    if (!this.chat.state.channel) this.chat.channelOpened({ ...channel, id: `c${this.#count}` }, owner.id);
    this.chat.agentJoined(agent, this.#now);
  }

  relay(fails: boolean): void {
    if (this.#lines) {
      const lines = this.#lines;
      this.#lines = undefined;
      if (fails) {
        if (this.#mayVanish()) this.chat.channelGone(this.#now);
        return;
      }
      this.chat.posted({ messageIds: [`own${this.#count}`], as: 'bot' }, this.#now);
      this.chat.linesDelivered(lines);
      this.#record(this.#linesEntries);
      this.chat.newsTold({ lastSeq: lines.at(-1)?.seq ?? 0, deliveredSeq: 0 });
      this.posted.push(...lines.map((line) => line.seq));
    } else if (this.chat.nextPost.length > 0) {
      this.#lines = this.chat.nextPost;
      this.#linesEntries = structuredClone(this.chat.unrecordedUpTo(this.#lines.at(-1)?.seq ?? 0));
      this.chat.posting('Jane: …');
    }
  }

  tell(): void {
    if (this.#news) {
      this.#record(this.#news.entries);
      this.chat.newsTold(this.#news);
      this.#news = undefined;
    } else if (this.chat.hasNews) {
      for (const id of this.chat.strangers) this.chat.meet({ id, name: `Agent ${id}` });
      this.chat.state.recordStale = false;
      this.chat.state.greetSocket = false;
      this.#news = structuredClone(this.chat.news);
    }
  }

  /** As MongoDB does it: under its key, an entry is written once. */
  #record(entries: TranscriptEntry[]): void {
    for (const entry of entries) if (entry.seq === this.transcript.length + 1) this.transcript.push(entry);
  }

  show(): void {
    if (this.#face) {
      const { card: now } = this.chat.state;
      const shown = this.#edited ?? { ...card, messageId: `card${this.#count}` };
      this.chat.cardShown(shown, this.#face, now ? 0 : this.chat.deliveredSeqWithCard, this.#edited);
      this.#face = undefined;
    } else if (this.chat.cardStale) {
      this.#face = this.chat.face;
      this.#edited = this.chat.state.card;
    }
  }

  drain(): void {
    const busy = () => [this.#lines, this.#news, this.#face].some((work) => work !== undefined);
    for (let idle = 0; idle < 3; idle += 1) {
      if (this.#hasWork() || busy()) idle = 0;
      if (!this.chat.ended && !this.chat.state.channel)
        this.chat.onZoom({ kind: 'joinPressed', user: jill }, this.#now);
      this.admit();
      this.relay(false);
      this.tell();
      this.show();
      if (this.chat.needsClosing) this.chat.state.closed = true;
      this.#check();
    }
  }

  #hasWork(): boolean {
    const { chat } = this;
    return (
      chat.nextJoin !== undefined || chat.nextPost.length > 0 || chat.needsClosing || chat.hasNews || chat.cardStale
    );
  }

  #check(): void {
    const { state } = this.chat;
    const carried = JSON.parse(JSON.stringify(state)) as ChatState;
    if (!isDeepStrictEqual(carried, state)) expect(carried).toEqual(state);
    this.chat = new Chat(input, carried);
    const gap = state.unrecorded.findIndex((entry, n) => entry.seq !== state.recordedSeq + n + 1);
    const facts = [gap, state.lastSeq, state.recordedSeq, state.deliveredSeq < this.#deliveredSeq];
    const right = [-1, state.recordedSeq + state.unrecorded.length, this.transcript.length, false];
    if (!isDeepStrictEqual(facts, right)) expect(facts).toEqual(right);
    this.#deliveredSeq = state.deliveredSeq;
  }
}

const visitorSeqs = (transcript: TranscriptEntry[]) =>
  transcript.flatMap((entry) => (entry.kind === 'visitorMessage' ? [entry.seq] : []));
const seeds = Array.from({ length: 25 }, (_, n) => 1_000 + n);

describe('whatever happens in whatever order', () => {
  test.each(seeds)('every visitor line reaches Zoom once and in order, none is shown twice (seed %i)', (seed) => {
    const play = new Play(seed, false);
    for (let n = 0; n < 300; n += 1) play.step();
    play.drain();
    expect(play.transcript.map((entry) => entry.seq)).toEqual(play.transcript.map((_, n) => n + 1));
    expect(play.posted).toEqual(visitorSeqs(play.transcript));
    const clientIds = play.transcript.flatMap((entry) => (entry.kind === 'visitorMessage' ? [entry.clientId] : []));
    expect(new Set(clientIds).size).toBe(clientIds.length);
    expect(play.chat.snapshot).toMatchObject({ status: 'active', waitingForZoom: 0 });
    expect(play.chat.hasNews || play.chat.cardStale).toBe(false);
  });

  test.each(seeds)('a chat that ends comes to rest, with no line posted twice (seed %i)', (seed) => {
    const play = new Play(seed, true);
    for (let n = 0; n < 300; n += 1) play.step();
    if (!play.chat.ended) ended(play.chat);
    play.drain();
    expect(play.chat.finished).toBe(true);
    expect(play.posted).toEqual([...new Set(play.posted)].sort((a, b) => a - b));
    expect(play.transcript.filter((entry) => entry.kind === 'ended')).toHaveLength(1);
    expect(play.transcript.filter((entry) => entry.kind === 'missed').length).toBeLessThanOrEqual(
      1 + play.chat.state.channelsLost,
    );
  });
});
