import { describe, expect, test } from 'vitest';
import { visitorEntry } from '../../api/visitor/entries.ts';
import { Chat } from '../../workflows/chat/chat.ts';

/** Numbers from 0 to 1 that a seed gives. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const seed = Date.now() % 1_000_000;
const next = random(seed);
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;

const spaces = ['', ' ', '\n', '\t', '  \n ', '\u00a0', '\u200b', '\ufeff'];
const openings = ['//', '// ', '!', '!note ', '/', '/me ', '///', '//!!', '!/', '/!'];
const rest = ['', ' ok', '!!', '//', '\n//', '<b>', '*x*', '😀', '\n!end of it'];

interface Said {
  text: string;
  isForTeam: boolean;
  isReply: boolean;
  token: string;
}

/** What an agent may write, with a word in it by which it is found wherever it comes out. */
function said(n: number): Said {
  const token = `token${n}token`;
  const isReply = next() < 0.2;
  const isNote = next() < 0.5;
  const lead = oneOf(spaces);
  const text = isNote
    ? `${lead}${oneOf(openings)}${token}${oneOf(rest)}`
    : `${oneOf(['', 'Hi ', 'a // b '])}${token}${oneOf(rest)}`;
  return { text, isForTeam: isNote || isReply, isReply, token };
}

describe(`ten thousand messages of agents (seed ${seed})`, () => {
  test('reach the visitor if they are for them, and not otherwise, edits and deletions included', () => {
    const chat = new Chat(
      {
        chatId: 'chat-1',
        accountId: 'a',
        widgetId: 'w',
        visitor: { name: 'Jane' },
        timings: { remindAfterMs: [], missedAfterMs: 1e9, idleEndMs: 1e9, reopenMs: 0 },
      },
      0,
    );
    chat.onVisitor({ kind: 'message', clientId: 'c', text: 'Hello', at: 1 }, 1);
    chat.channelOpened({ id: 'channel', jid: 'j', name: 'n', url: 'u' }, 'owner');
    chat.channel.greeted();
    chat.agentJoined({ id: 'jill', name: 'Jill' }, 2);
    const leaked: string[] = [];
    const lost: string[] = [];
    for (let n = 0; n < 10_000; n += 1) {
      const { text, isForTeam, isReply, token } = said(n);
      const at = 10 + n;
      const message = { messageId: `m${n}`, userId: 'jill', at } as const;
      chat.onZoom({ kind: 'message', ...message, text, ...(isReply ? { isReply } : {}) }, at);
      if (next() < 0.3) chat.onZoom({ kind: 'edited', ...message, text: `${text} ${token}`, at: at + 1 }, at + 1);
      if (next() < 0.1) chat.onZoom({ kind: 'deleted', messageId: `m${n}`, at: at + 2 }, at + 2);
      const frames = JSON.stringify(chat.transcript.state.unpublished.map(visitorEntry));
      if (isForTeam && frames.includes(token)) leaked.push(text);
      if (!isForTeam && !frames.includes(token)) lost.push(text);
      chat.transcript.published(chat.transcript.state.lastSeq);
    }
    expect({ leaked, lost }).toEqual({ leaked: [], lost: [] });
    // Nor does anything of it go to Zoom's inbound channel again.
    expect(JSON.stringify(chat.card.state)).not.toContain('token');
  });
});
