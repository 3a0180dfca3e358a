import { describe, expect, it } from 'vitest';
import { isSolved } from '../../../api/visitor/challenge.ts';
import { limits } from '../../../domain/limits.ts';
import type { ServerFrame, VisitorEntry } from '../../../domain/visitor-protocol.ts';
import { visitorFrameSchema } from '../../../domain/visitor-protocol.ts';
import { solveChallenge } from '../../../web/widget/challenge.ts';
import { answerTimeoutMs, defaultRetryMs, reduce } from '../../../web/widget/session.ts';
import type { Effect, SessionEvent } from '../../../web/widget/session.ts';
import { asksForEmail, initialSession, isOver, noticeOf, unreadCount } from '../../../web/widget/state.ts';
import type { Notice, Session, StoredChat } from '../../../web/widget/state.ts';

const settings = { teamName: 'Team', pageQuery: [] };

/** The time by the visitor's clock. */
const now = 1_000;

/** Drives a session and keeps what it asked for. */
class Driver {
  state: Session;
  effects: Effect[] = [];

  constructor(stored: Partial<StoredChat> = {}) {
    this.state = initialSession({ token: null, readSeq: 0, outbox: [], ...stored });
  }

  do(...event: SessionEvent): this {
    const before = structuredClone(this.state);
    const after = reduce(this.state, event);
    expect(this.state, 'the state given is left as it was').toEqual(before);
    this.state = after;
    this.effects.push(...after.effects);
    return this;
  }

  frame(frame: ServerFrame, storedToken: string | null = null): this {
    return this.do('frame', frame, storedToken, now);
  }

  entries(...entries: VisitorEntry[]): this {
    return this.frame({ type: 'entries', entries });
  }

  error(
    code: Extract<ServerFrame, { type: 'error' }>['code'],
    more: { retryable?: boolean; ref?: string; retryAfterMs?: number } & object = {},
  ) {
    return this.frame({ type: 'error', code, message: '', retryable: false, ...more });
  }

  submit(id: string, text = `text of ${id}`, storedToken: string | null = null): this {
    return this.do('submit', id, text, 1_000, storedToken);
  }

  online(welcome: Partial<Extract<ServerFrame, { type: 'welcome' }>> = {}, storedToken: string | null = null): this {
    return this.do('socketOpen', { widget: 'w1' }).frame(
      { type: 'welcome', token: 't1', chat: null, lastSeq: 0, deliveredSeq: 0, settings, ...welcome },
      storedToken,
    );
  }

  /** Names and arguments of the effects since the last call. */
  take(...names: Effect[0][]): unknown[] {
    const taken = this.effects.filter(([name]) => !names.length || names.includes(name));
    this.effects = [];
    return taken.map(([name, ...details]) => (names.length === 1 ? details[0] : [name, ...details]));
  }

  statuses(): string[] {
    return this.state.outbox.map(({ id, status, reason }) => [id, status, reason].filter(Boolean).join(' '));
  }
}

const activeChat = { id: 'c1', status: 'active' as const, isInTrouble: false };
const visitorSaid = (seq: number, clientId: string): VisitorEntry => ({
  seq,
  at: seq,
  kind: 'visitorMessage',
  clientId,
  text: `text of ${clientId}`,
});
const agentSaid = (seq: number, text = 'Hello'): VisitorEntry => ({
  seq,
  at: seq,
  kind: 'agentMessage',
  messageId: `m${seq}`,
  name: 'Jill',
  text,
});

describe('connecting', () => {
  it('connects when opened, once', () => {
    const driver = new Driver().do('open').do('close').do('open');
    expect(driver.take()).toEqual([['start'], ['stop'], ['start']]);
    expect(driver.do('open').take()).toEqual([]);
  });

  it('keeps the connection of a chat when closed', () => {
    const driver = new Driver().do('open').online({ chat: activeChat });
    driver.take();
    expect(driver.do('close').take()).toEqual([]);
    expect(driver.state.connection).toBe('online');
  });

  it('says hello first, with what it has', () => {
    const driver = new Driver({ token: 't0' }).do('start');
    driver.take();
    const page = { url: 'https://example.com/' };
    driver.do('socketOpen', { widget: 'w1', visitor: { name: 'Vera' }, page });
    expect(driver.take('send')).toEqual([
      { type: 'hello', v: 1, widget: 'w1', token: 't0', lastSeq: 0, visitor: { name: 'Vera' }, page },
    ]);
  });

  it('asks on a later connection only for what it lacks', () => {
    const driver = new Driver({ token: 't1' }).do('start').online({ chat: activeChat });
    driver.entries(visitorSaid(1, 'a'), agentSaid(2)).do('socketDown', 1006, 1);
    driver.take();
    driver.do('socketOpen', { widget: 'w1' });
    expect(driver.take('send')).toEqual([{ type: 'hello', v: 1, widget: 'w1', token: 't1', lastSeq: 2 }]);
  });

  it('stores no token for somebody who only looks, nor says it on a later connection', () => {
    const driver = new Driver().do('open').online();
    expect(driver.take('saveToken')).toEqual([]);
    driver.do('socketDown', 1006, 1).do('socketOpen', { widget: 'w1' });
    expect(driver.take('send')).toEqual([{ type: 'hello', v: 1, widget: 'w1', lastSeq: 0 }]);
  });

  it('says the token once a message has gone out under it, though its answer never came', () => {
    const driver = new Driver().do('open').online().submit('a').do('socketDown', 1006, 1);
    driver.take();
    driver.do('socketOpen', { widget: 'w1' });
    expect(driver.take('send')).toEqual([{ type: 'hello', v: 1, widget: 'w1', token: 't1', lastSeq: 0 }]);
  });

  it('shows failures until the next welcome', () => {
    const driver = new Driver().do('open').do('socketDown', 1006, 3);
    expect(driver.state).toMatchObject({ connection: 'down', failures: 3 });
    expect(driver.online().state).toMatchObject({ connection: 'online', failures: 0, settings });
  });

  it.each([
    ['unknown_widget', 'unknown_widget'],
    ['unsupported_version', 'unsupported_version'],
  ] as const)('stops for good at %s', (code, fatal) => {
    const driver = new Driver().do('open').do('socketOpen', { widget: 'w1' });
    driver.take();
    driver.error(code);
    expect(driver.state).toMatchObject({ connection: 'stopped', fatal });
    expect(driver.do('open').take()).toEqual([['stop']]);
    expect(driver.submit('a').statuses()).toEqual(['a failed refused']);
  });

  it('stops for good at close code 4404', () => {
    expect(new Driver().do('open').do('socketDown', 4404, 1).state.fatal).toBe('unknown_widget');
  });

  it('tries a plainer hello when the first one was refused', () => {
    const driver = new Driver().do('open').do('socketOpen', { widget: 'w1', visitor: { name: 'V' } });
    driver.take();
    expect(driver.error('bad_frame').take()).toEqual([['restart', defaultRetryMs]]);
    driver.do('socketOpen', { widget: 'w1', visitor: { name: 'V' } });
    expect(driver.take('send')).toEqual([{ type: 'hello', v: 1, widget: 'w1', lastSeq: 0 }]);
  });

  it('waits before another hello as long as the server asks', () => {
    const driver = new Driver().do('open').do('socketOpen', { widget: 'w1' });
    driver.take();
    driver.frame({ type: 'error', code: 'unavailable', message: '', retryable: true, retryAfterMs: 7_000 });
    expect(driver.take()).toEqual([['restart', 7_000]]);
    expect(driver.state.plainHello).toBe(false);
  });
});

describe('sending', () => {
  it('queues before the connection is there and sends after the welcome, token stored first', () => {
    const driver = new Driver().submit('a');
    expect(driver.take()).toEqual([
      ['saveMessage', { id: 'a', text: 'text of a', at: 1_000, status: 'sending' }],
      ['start'],
    ]);
    driver.online();
    expect(driver.take()).toEqual([
      ['send', { type: 'hello', v: 1, widget: 'w1', lastSeq: 0 }],
      ['welcomed'],
      ['saveToken', 't1'],
      ['send', { type: 'message', id: 'a', text: 'text of a' }],
      ['later', answerTimeoutMs, ['unanswered', 1, 'a']],
    ]);
  });

  it('tries at once when the visitor writes while it waits for the next try', () => {
    const driver = new Driver().do('open').online().submit('a').do('socketDown', 1006, 4);
    driver.take();
    expect(driver.submit('b').take('poke')).toHaveLength(1);
  });

  it('sends one message at a time, in order', () => {
    const driver = new Driver().do('open').online().submit('a').submit('b').submit('c');
    expect(driver.take('send').slice(1)).toEqual([{ type: 'message', id: 'a', text: 'text of a' }]);
    expect(driver.frame({ type: 'accepted', id: 'a' }).take('send')).toEqual([
      { type: 'message', id: 'b', text: 'text of b' },
    ]);
    expect(driver.statuses()).toEqual(['a accepted', 'b sending', 'c sending']);
    expect(driver.state.status).toBe('waiting');
  });

  it('sends only frames that the protocol allows', () => {
    const driver = new Driver().do('open').online({}, null).submit('client-id-1', '  hello \n ');
    driver.frame({ type: 'accepted', id: 'client-id-1' }).do('end', 'client-id-2');
    const frames = driver.take('send');
    expect(frames).toHaveLength(3);
    for (const frame of frames) visitorFrameSchema.parse(frame);
  });

  it('keeps an accepted message listed until its entry comes', () => {
    const driver = new Driver().do('open').online().submit('a').frame({ type: 'accepted', id: 'a' });
    expect(driver.statuses()).toEqual(['a accepted']);
    driver.take();
    driver.entries(visitorSaid(1, 'a'));
    expect(driver.statuses()).toEqual([]);
    expect(driver.state.items).toHaveLength(1);
    expect(driver.take('dropMessages')).toEqual([['a']]);
  });

  it('goes on when the entry comes before the answer', () => {
    const driver = new Driver().do('open').online().submit('a').submit('b');
    driver.take();
    driver.entries(visitorSaid(1, 'a'));
    expect(driver.take('send')).toEqual([{ type: 'message', id: 'b', text: 'text of b' }]);
    driver.frame({ type: 'accepted', id: 'a' });
    expect(driver.state.inFlight).toBe('b');
  });

  it('sends what has no answer again by the same id after a reconnect, and nothing else', () => {
    const driver = new Driver()
      .do('open')
      .online()
      .submit('a')
      .frame({ type: 'accepted', id: 'a' })
      .submit('b')
      .submit('c');
    driver.do('socketDown', 1006, 1);
    driver.take();
    driver.online({ chat: activeChat });
    expect(driver.take('send').slice(1)).toEqual([{ type: 'message', id: 'b', text: 'text of b' }]);
    driver.frame({ type: 'accepted', id: 'b' });
    expect(driver.take('send')).toEqual([{ type: 'message', id: 'c', text: 'text of c' }]);
  });

  it('sends stored messages of an earlier page, oldest first', () => {
    const outbox = [
      { id: 'a', text: 'A', at: 1 },
      { id: 'b', text: 'B', at: 2 },
    ];
    const driver = new Driver({ token: 't1', outbox }).do('start').online({ chat: activeChat });
    expect(driver.take('send').slice(1)).toEqual([{ type: 'message', id: 'a', text: 'A' }]);
    expect(driver.statuses()).toEqual(['a sending', 'b sending']);
  });

  it('makes a new connection when an answer is overdue, unless it has come or the connection is another', () => {
    const driver = new Driver().do('open').online().submit('a');
    driver.take();
    expect(driver.do('unanswered', 0, 'a').take()).toEqual([]);
    expect(driver.do('unanswered', 1, 'a').take()).toEqual([['restart', 0]]);
    driver.online().frame({ type: 'accepted', id: 'a' });
    driver.take();
    expect(driver.do('unanswered', 2, 'a').take()).toEqual([]);
  });

  it('ignores what is only white space', () => {
    expect(new Driver().submit('a', ' \n ').state.outbox).toEqual([]);
  });

  it('does not send a text over the limit, and keeps it for the visitor', () => {
    const driver = new Driver()
      .do('open')
      .online()
      .submit('a', 'x'.repeat(limits.visitorMessageLength + 1));
    expect(driver.statuses()).toEqual(['a failed too_long']);
    expect(driver.take('saveMessage')).toEqual([]);
    expect(driver.submit('b', 'x'.repeat(limits.visitorMessageLength)).statuses()[1]).toBe('b sending');
  });
});

describe('errors', () => {
  it('waits as long as a rate limit says, then sends the same message first', () => {
    const driver = new Driver().do('open').online().submit('a').submit('b');
    driver.take();
    driver.frame({ type: 'error', code: 'rate_limited', message: '', retryable: true, ref: 'a', retryAfterMs: 900 });
    expect(driver.take()).toEqual([['later', 900, ['resume', 1]]]);
    expect(driver.submit('c').take('send')).toEqual([]);
    expect(driver.do('resume', 0).take('send')).toEqual([]);
    expect(driver.do('resume', 1).take('send')).toEqual([{ type: 'message', id: 'a', text: 'text of a' }]);
  });

  it('waits a default time when the server cannot say how long', () => {
    const driver = new Driver().do('open').online().submit('a');
    driver.take();
    driver.error('unavailable', { retryable: true });
    expect(driver.take()).toEqual([['later', defaultRetryMs, ['resume', 1]]]);
  });

  it.each([
    ['too_long', 'too_long'],
    ['bad_frame', 'refused'],
  ] as const)('marks a message refused with %s as failed and goes on', (code, reason) => {
    const driver = new Driver().do('open').online().submit('a').submit('b');
    driver.take();
    driver.error(code, { ref: 'a' });
    expect(driver.statuses()).toEqual([`a failed ${reason}`, 'b sending']);
    expect(driver.take('send')).toEqual([{ type: 'message', id: 'b', text: 'text of b' }]);
  });

  it('knows the refused message even without its id', () => {
    expect(new Driver().do('open').online().submit('a').error('bad_frame').statuses()).toEqual(['a failed refused']);
  });

  it('sends a failed message again at the end of the queue, or removes it', () => {
    const driver = new Driver().do('open').online().submit('a').submit('b').error('bad_frame', { ref: 'a' });
    driver.do('retry', 'a');
    expect(driver.statuses()).toEqual(['b sending', 'a sending']);
    driver.frame({ type: 'accepted', id: 'b' }).error('bad_frame', { ref: 'a' });
    driver.take();
    driver.do('remove', 'a');
    expect(driver.statuses()).toEqual(['b accepted']);
    expect(driver.take('dropMessages')).toEqual([['a']]);
  });

  it('drops a bad token and starts afresh, keeping what the server did not have', () => {
    const driver = new Driver({ token: 'old' }).do('start').online({ token: 'old', chat: activeChat });
    driver.entries(visitorSaid(1, 'z')).submit('a').frame({ type: 'accepted', id: 'a' }).submit('b');
    driver.do('socketDown', 1006, 1).do('socketOpen', { widget: 'w1' });
    driver.take();
    driver.frame({ type: 'error', code: 'bad_token', message: '', retryable: false }, 'old');
    expect(driver.take()).toEqual([
      ['dropMessages', ['a']],
      ['forgetToken', 'old'],
      ['restart', 0],
    ]);
    expect(driver.state).toMatchObject({ token: null, items: [], lastSeq: 0, status: 'none' });
    expect(driver.statuses()).toEqual(['b sending']);
    driver.do('socketOpen', { widget: 'w1' });
    expect(driver.take('send')).toEqual([{ type: 'hello', v: 1, widget: 'w1', lastSeq: 0 }]);
  });

  it('takes the token of another tab instead of a bad one', () => {
    const driver = new Driver({ token: 'old' }).do('start').do('socketOpen', { widget: 'w1' });
    driver.frame({ type: 'error', code: 'bad_token', message: '', retryable: false }, 'new');
    expect(driver.state.token).toBe('new');
  });

  it('makes the connection anew when the server missed the hello', () => {
    const driver = new Driver().do('open').do('socketOpen', { widget: 'w1' });
    driver.take();
    expect(driver.error('hello_expected').take()).toEqual([['restart', 0]]);
  });
});

describe('transcript', () => {
  const chat = () => new Driver().do('open').online({ chat: activeChat });

  it('skips repeats', () => {
    const driver = chat().entries(visitorSaid(1, 'a'), agentSaid(2)).entries(agentSaid(2), agentSaid(3, 'More'));
    expect(driver.state.items.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('makes a fresh connection at a gap, from the last entry before it', () => {
    const driver = chat().entries(visitorSaid(1, 'a'));
    driver.take();
    driver.entries(agentSaid(3));
    expect(driver.take('restart')).toEqual([0]);
    expect(driver.state.lastSeq).toBe(1);
    driver.do('socketOpen', { widget: 'w1' });
    expect(driver.take('send')).toEqual([{ type: 'hello', v: 1, widget: 'w1', lastSeq: 1, token: 't1' }]);
    driver.online({ chat: activeChat }).entries(agentSaid(2), agentSaid(3));
    expect(driver.state.items).toHaveLength(3);
  });

  it('applies edits and deletions to their message', () => {
    const driver = chat().entries(
      agentSaid(1, 'Helo'),
      agentSaid(2, 'Oops'),
      { seq: 3, at: 3, kind: 'agentMessageEdited', messageId: 'm1', text: 'Hello' },
      { seq: 4, at: 4, kind: 'agentMessageDeleted', messageId: 'm2' },
      { seq: 5, at: 5, kind: 'agentMessageEdited', messageId: 'unknown', text: 'x' },
    );
    expect(driver.state.items).toMatchObject([
      { text: 'Hello', edited: true },
      { text: '', deleted: true },
    ]);
    expect(driver.state.lastSeq).toBe(5);
  });

  it('counts an entry of a kind it does not know', () => {
    const unknown = { seq: 1, at: 1, kind: 'somethingNew' } as unknown as VisitorEntry;
    expect(chat().entries(unknown, agentSaid(2)).state.lastSeq).toBe(2);
  });

  it('never lets the delivered mark fall', () => {
    const driver = chat().frame({ type: 'delivered', deliveredSeq: 5 }).frame({ type: 'delivered', deliveredSeq: 3 });
    expect(driver.state.deliveredSeq).toBe(5);
    expect(driver.do('socketDown', 1006, 1).online({ deliveredSeq: 2 }).state.deliveredSeq).toBe(5);
  });
});

describe('where the chat stands', () => {
  type Kind<K extends VisitorEntry['kind']> = Omit<Extract<VisitorEntry, { kind: K }>, 'seq' | 'at'>;
  type New = { [K in VisitorEntry['kind']]: Kind<K> }[VisitorEntry['kind']];
  const joined = (name: string): New => ({ kind: 'agentJoined', name });
  const left = (name: string, isLast?: true): New => ({ kind: 'agentLeft', name, ...(isLast && { isLast }) });
  const said = (clientId: string): New => ({ kind: 'visitorMessage', clientId, text: clientId });
  const ended = (reopenUntil?: number): New => ({ kind: 'ended', by: 'agent', ...(reopenUntil && { reopenUntil }) });
  const reopened = (name?: string): New => ({ kind: 'reopened', ...(name !== undefined && { name }) });
  const missed: New = { kind: 'missed' };

  const history = (...entries: New[]): VisitorEntry[] =>
    entries.map((entry, index) => ({ ...entry, seq: index + 1, at: index + 1 }));
  const standing = ({ status, agents, reopenUntil, email }: Session) => ({ status, agents, reopenUntil, email });
  const fresh = () => new Driver({ token: 't1' }).do('open');

  const later = now + 60_000;
  const cases: [string, New[], Partial<ReturnType<typeof standing>>, Notice | null][] = [
    ['waits', [said('a')], { status: 'waiting', agents: [] }, 'told'],
    ['was missed', [said('a'), missed], { status: 'missed' }, 'missed'],
    ['was answered', [said('a'), joined('Jill')], { status: 'active', agents: ['Jill'] }, null],
    ['was answered late', [said('a'), missed, joined('Jill')], { status: 'active', agents: ['Jill'] }, null],
    ['has two agents', [said('a'), joined('Jill'), joined('Sam')], { agents: ['Jill', 'Sam'] }, null],
    ['has two of one name', [joined('Jo'), joined('Jo'), left('Jo')], { status: 'active', agents: ['Jo'] }, null],
    ['lost one of two', [joined('Jill'), joined('Sam'), left('Jill')], { status: 'active', agents: ['Sam'] }, null],
    ['lost somebody it never heard of', [joined('Jill'), left('Sam')], { status: 'active', agents: ['Jill'] }, null],
    ['lost its last agent', [said('a'), joined('Jill'), left('Jill', true)], { status: 'waiting', agents: [] }, null],
    ['was missed after that', [said('a'), joined('Jill'), left('Jill', true), missed], { status: 'missed' }, 'missed'],
    ['found another one', [joined('Jill'), left('Jill', true), missed, joined('Sam')], { agents: ['Sam'] }, null],
    ['ended for good', [said('a'), joined('Jill'), ended()], { status: 'ended', agents: [], reopenUntil: 0 }, null],
    ['ended for now', [said('a'), joined('Jill'), ended(later)], { status: 'ended', reopenUntil: later }, null],
    ['ended some time ago', [said('a'), joined('Jill'), ended(now)], { status: 'ended', reopenUntil: 0 }, null],
    ['goes on', [said('a'), joined('Jill'), ended(later), reopened()], { status: 'active', agents: ['Jill'] }, null],
    ['goes on with somebody else', [joined('Jill'), ended(later), reopened('Sam')], { agents: ['Jill', 'Sam'] }, null],
    ['goes on with nobody', [said('a'), missed, ended(later), reopened()], { status: 'waiting', agents: [] }, 'told'],
    ['ended again', [joined('Jill'), ended(later), reopened(), ended()], { status: 'ended', reopenUntil: 0 }, null],
    [
      'has an address',
      [said('a'), { kind: 'emailGiven', clientId: 'e', email: 'v@x.org' }],
      { email: 'v@x.org' },
      'told',
    ],
  ];

  it.each(cases)('%s, live and in any replay', (_, entries, expected, notice) => {
    const list = history(...entries);
    const live = fresh().online({ chat: { id: 'c', status: 'waiting', isInTrouble: false }, deliveredSeq: 99 });
    for (const entry of list) live.entries(entry);
    expect(standing(live.state)).toMatchObject(expected);
    expect(noticeOf(live.state)).toBe(notice);
    const status = live.state.status === 'none' ? 'waiting' : live.state.status;
    for (const size of [1, 2, list.length]) {
      // The record may be behind the entries, or before them.
      for (const recorded of ['waiting', 'active', 'joining', 'ended', 'missed'] as const) {
        const replay = fresh().online({
          chat: { id: 'c', status: recorded, isInTrouble: false },
          lastSeq: list.length,
          deliveredSeq: 99,
        });
        for (let at = 0; at < list.length; at += size) replay.entries(...list.slice(at, at + size));
        expect(standing(replay.state), `${recorded}, ${size} at a time`).toEqual(standing(live.state));
        replay
          .do('socketDown', 1006, 1)
          .online({ chat: { id: 'c', status, isInTrouble: false }, lastSeq: list.length });
        expect(standing(replay.state)).toEqual(standing(live.state));
      }
    }
  });

  it('does not change while a replay is under way, nor fails what is to be sent', () => {
    const list = history(said('a'), joined('Jill'), ended(), reopened());
    const outbox = [{ id: 'b', text: 'B', at: 1 }];
    const driver = new Driver({ token: 't1', outbox }).do('start');
    driver.online({ chat: { id: 'c', status: 'ended', isInTrouble: false }, lastSeq: 4 });
    driver.entries(...list.slice(0, 3));
    expect(driver.statuses()).toEqual(['b sending']);
    driver.take();
    driver.entries(...list.slice(3));
    expect(driver.state.status).toBe('active');
    expect(driver.take('send')).toEqual([{ type: 'message', id: 'b', text: 'B' }]);
  });

  it('says that the team has been told when the card is in Zoom, and not before', () => {
    const driver = new Driver().do('open').online().submit('a');
    expect(noticeOf(driver.state)).toBe(null);
    expect(noticeOf(driver.frame({ type: 'accepted', id: 'a' }).state)).toBe('sending');
    expect(noticeOf(driver.entries(visitorSaid(1, 'a')).state)).toBe('sending');
    expect(noticeOf(driver.frame({ type: 'delivered', deliveredSeq: 1 }).state)).toBe('told');
    expect(noticeOf(driver.entries(visitorSaid(2, 'b')).state)).toBe('told');
  });

  it('says the same of the message that a chat goes on with', () => {
    const list = history(said('a'), missed, ended(later), reopened(), said('b'));
    const driver = fresh()
      .online({ deliveredSeq: 1 })
      .entries(...list);
    expect(noticeOf(driver.state)).toBe('sending');
    expect(noticeOf(driver.frame({ type: 'delivered', deliveredSeq: 5 }).state)).toBe('told');
  });

  it('claims of a missed chat that the team has the messages only where it has them all', () => {
    const driver = new Driver()
      .do('open')
      .online({ deliveredSeq: 1 })
      .entries(...history(said('a'), missed));
    expect(noticeOf(driver.state)).toBe('missed');
    expect(noticeOf(driver.submit('b').state)).toBe('missedUnsent');
    driver.frame({ type: 'accepted', id: 'b' }).entries(visitorSaid(3, 'b'));
    expect(noticeOf(driver.state)).toBe('missedUnsent');
    expect(noticeOf(driver.frame({ type: 'delivered', deliveredSeq: 3 }).state)).toBe('missed');
  });

  it('says that there is trouble, but not while an agent is in and has everything', () => {
    const chat = { id: 'c', status: 'waiting', isInTrouble: true } as const;
    const driver = fresh()
      .online({ chat, lastSeq: 1 })
      .entries(...history(said('a')));
    expect(noticeOf(driver.state)).toBe('trouble');
    expect(noticeOf(driver.frame({ type: 'standing', isInTrouble: false }).state)).toBe('sending');
    driver.frame({ type: 'standing', isInTrouble: true }).entries({ seq: 2, at: 2, kind: 'agentJoined', name: 'Jill' });
    expect(noticeOf(driver.state)).toBe('trouble');
    expect(noticeOf(driver.frame({ type: 'delivered', deliveredSeq: 1 }).state)).toBe(null);
    expect(noticeOf(driver.entries(visitorSaid(3, 'b')).state)).toBe('trouble');
    driver.do('socketDown', 1006, 1).online({ chat: { ...chat, isInTrouble: false }, lastSeq: 3 });
    expect(noticeOf(driver.state)).toBe(null);
  });

  it('counts an agent who answers as there, with or without having joined, but shows nobody who has not', () => {
    const driver = fresh()
      .online({ deliveredSeq: 9 })
      .entries(...history(said('a'), missed), agentSaid(3));
    expect(driver.state).toMatchObject({ status: 'active', agents: [] });
    expect(noticeOf(driver.state)).toBe(null);
  });
});

describe('an ended chat that can be gone on with', () => {
  const until = now + 60_000;
  const end = (seq: number): VisitorEntry => ({ seq, at: seq, kind: 'ended', by: 'agent', reopenUntil: until });
  const chat = () => new Driver({ token: 't1' }).do('open').online({ chat: activeChat }).entries(visitorSaid(1, 'a'));

  it('takes what is written, and goes on', () => {
    const driver = chat().entries(end(2));
    expect(isOver(driver.state)).toBe(false);
    driver.take();
    driver.submit('b');
    expect(driver.take('send')).toEqual([{ type: 'message', id: 'b', text: 'text of b' }]);
    driver.frame({ type: 'accepted', id: 'b' });
    expect(driver.state.status).toBe('ended');
    driver.entries({ seq: 3, at: 3, kind: 'reopened' }, visitorSaid(4, 'b'));
    expect(driver.state).toMatchObject({ status: 'waiting', outbox: [] });
    // Later pages connect for it again.
    expect(driver.take('saveRead')).toContain(3 - 1);
  });

  it('is over when the time has passed, with what is not sent as the draft of a new one', () => {
    const driver = chat();
    driver.take();
    driver.entries(end(2));
    expect(driver.take('later')).toEqual([60_000]);
    expect(isOver(driver.do('reopenOver', 1).state)).toBe(false);
    expect(isOver(driver.do('reopenOver', until).state)).toBe(true);
    expect(driver.submit('b').do('newChat').state.draft).toBe('text of b');
  });

  it('is over when the server says so, whatever its entries say', () => {
    const driver = chat().entries(end(2)).submit('b').error('chat_ended', { ref: 'b' });
    expect(driver.statuses()).toEqual(['b failed ended']);
    expect(isOver(driver.entries(agentSaid(3)).state)).toBe(true);
    expect(driver.entries({ seq: 4, at: 4, kind: 'reopened', name: 'Jill' }).state.status).toBe('active');
  });

  it('stays with the device until then', () => {
    const driver = chat();
    driver.take();
    driver.entries(end(2));
    expect(driver.take('saveRead', 'stop')).toEqual([['saveRead', 2, true, until]]);
  });
});

describe('an e-mail address', () => {
  const missed: VisitorEntry = { seq: 2, at: 2, kind: 'missed' };
  const waiting = { id: 'c', status: 'waiting', isInTrouble: false } as const;
  const chat = () => new Driver({ token: 't1' }).do('open').online({ chat: waiting }).entries(visitorSaid(1, 'a'));

  it('is asked for when nobody comes or nothing gets through, and not where it is known', () => {
    expect(asksForEmail(chat().state)).toBe(false);
    expect(asksForEmail(chat().entries(missed).state)).toBe(true);
    expect(asksForEmail(chat().frame({ type: 'standing', isInTrouble: true }).state)).toBe(true);
    expect(asksForEmail(chat().entries(missed, { seq: 3, at: 3, kind: 'agentJoined', name: 'Jill' }).state)).toBe(
      false,
    );
    const given: VisitorEntry = { seq: 3, at: 3, kind: 'emailGiven', clientId: 'e', email: 'v@example.org' };
    expect(asksForEmail(chat().entries(missed, given).state)).toBe(false);
    const visitor = { email: 'vera@example.com' };
    const known = chat().entries(missed).do('socketDown', 1006, 1).do('socketOpen', { widget: 'w1', visitor });
    expect(asksForEmail(known.state)).toBe(false);
  });

  it('is sent between messages, by one id until it is taken, and the form goes when it is in the transcript', () => {
    const driver = chat().entries(missed).submit('b').do('email', 'e1-client', ' v@example.org ');
    driver.take();
    const frame = { type: 'email', id: 'e1-client', email: 'v@example.org' };
    expect(driver.frame({ type: 'accepted', id: 'b' }).take('send')).toEqual([frame]);
    visitorFrameSchema.parse(frame);
    driver.do('unanswered', driver.state.epoch, 'e1-client');
    expect(driver.take('restart')).toEqual([0]);
    driver.online({ chat: waiting, lastSeq: 2 });
    expect(driver.take('send').slice(1)).toEqual([frame]);
    driver.frame({ type: 'accepted', id: 'e1-client' });
    driver.do('socketDown', 1006, 1).online({ chat: waiting, lastSeq: 2 });
    expect(driver.take('send').slice(1)).toEqual([]);
    expect(asksForEmail(driver.state)).toBe(true);
    driver.entries({ seq: 3, at: 3, kind: 'emailGiven', clientId: 'e1-client', email: 'v@example.org' });
    expect(driver.state).toMatchObject({ address: null, email: 'v@example.org' });
  });

  it('is refused in words where it is none, by the widget or by the server, and nothing else is', () => {
    const driver = chat().entries(missed);
    driver.take();
    expect(driver.do('email', 'e1', 'v at example').state.address?.status).toBe('failed');
    expect(driver.take('send')).toEqual([]);
    driver.do('email', 'e2', 'v@example.org').submit('b').error('bad_frame', { ref: 'e2' });
    expect(driver.state.address?.status).toBe('failed');
    expect(driver.statuses()).toEqual(['b sending']);
    expect(driver.take('send').slice(1)).toEqual([{ type: 'message', id: 'b', text: 'text of b' }]);
  });

  it('is sent again later when the server cannot take it now', () => {
    const driver = chat().entries(missed).do('email', 'e1', 'v@example.org');
    driver.take();
    driver.error('rate_limited', { retryable: true, ref: 'e1', retryAfterMs: 500 });
    expect(driver.take('later')).toEqual([500]);
    expect(driver.do('resume', driver.state.epoch).take('send')).toEqual([
      { type: 'email', id: 'e1', email: 'v@example.org' },
    ]);
  });
});

describe('unread', () => {
  it('counts agent messages while closed, and none after opening', () => {
    const driver = new Driver({ token: 't1' }).do('start').online({ chat: activeChat, lastSeq: 3 });
    driver.entries(visitorSaid(1, 'a'), agentSaid(2), agentSaid(3));
    expect(unreadCount(driver.state)).toBe(2);
    driver.take();
    expect(unreadCount(driver.do('open').state)).toBe(0);
    expect(driver.take('saveRead')).toEqual([3]);
  });

  it('does not count what an earlier page or another tab has read, nor what was deleted', () => {
    const driver = new Driver({ token: 't1', readSeq: 1 }).do('start').online({ chat: activeChat });
    driver.entries(agentSaid(1), agentSaid(2), agentSaid(3));
    expect(unreadCount(driver.state)).toBe(2);
    driver.entries({ seq: 4, at: 4, kind: 'agentMessageDeleted', messageId: 'm2' });
    expect(unreadCount(driver.state)).toBe(1);
    expect(unreadCount(driver.do('storage', 't1', 3).state)).toBe(0);
  });

  it('counts while the page is out of sight, though the chat is open', () => {
    const driver = new Driver().do('open').online({ chat: activeChat }).do('visible', false).entries(agentSaid(1));
    expect(unreadCount(driver.state)).toBe(1);
    expect(unreadCount(driver.do('visible', true).state)).toBe(0);
  });

  it('notes that an ended chat was seen to its end', () => {
    const driver = new Driver().do('open').online({ chat: activeChat });
    driver.take();
    driver.entries({ seq: 1, at: 1, kind: 'ended', by: 'agent' });
    expect(driver.take('saveRead', 'stop')).toEqual([['saveRead', 1, true, 0]]);
  });
});

describe('end', () => {
  const chat = () => new Driver().do('open').online({ chat: activeChat });

  it('ends after what was written before it, and again after a reconnect', () => {
    const driver = chat().submit('a').do('confirm', true).do('end', 'e1');
    expect(driver.state.confirming).toBe(false);
    driver.take();
    expect(driver.frame({ type: 'accepted', id: 'a' }).take('send')).toEqual([{ type: 'end', id: 'e1' }]);
    expect(driver.do('end', 'e2').take('send')).toEqual([]);
    driver.do('socketDown', 1006, 1).online({ chat: activeChat });
    expect(driver.take('send').slice(1)).toEqual([{ type: 'end', id: 'e1' }]);
    driver
      .frame({ type: 'accepted', id: 'e1' })
      .entries(visitorSaid(1, 'a'), { seq: 2, at: 2, kind: 'ended', by: 'visitor' });
    expect(driver.state).toMatchObject({ status: 'ended', endId: null });
  });

  it('asks again after a wait when the server could not end it now', () => {
    const driver = chat().do('end', 'e1');
    driver.take();
    driver.error('unavailable', { retryable: true, ref: 'e1' });
    expect(driver.do('resume', 1).take('send')).toEqual([{ type: 'end', id: 'e1' }]);
    expect(driver.error('bad_frame').state.endId).toBe(null);
  });

  it('does not send a message to an ended chat, and offers it as the draft of a new one', () => {
    const driver = chat().submit('a').submit('b').do('draft', 'c').error('chat_ended', { ref: 'a' });
    expect(driver.statuses()).toEqual(['a failed ended', 'b failed ended']);
    expect(driver.do('retry', 'a').statuses()[0]).toBe('a failed ended');
    expect(driver.submit('d').statuses()[2]).toBe('d failed ended');
    driver.take();
    driver.do('newChat');
    expect(driver.take()).toEqual([
      ['dropMessages', ['a', 'b', 'd']],
      ['forgetToken', 't1'],
      ['restart', 0],
    ]);
    expect(driver.state).toMatchObject({
      draft: 'text of a\ntext of b\ntext of d\nc',
      outbox: [],
      items: [],
      token: null,
      status: 'none',
    });
  });

  it('fails what waits when the end comes as an entry', () => {
    const driver = chat().submit('a').submit('b').entries({ seq: 1, at: 1, kind: 'ended', by: 'idle' });
    expect(driver.statuses()).toEqual(['a sending', 'b sending']);
    expect(driver.frame({ type: 'accepted', id: 'a' }).statuses()).toEqual(['a accepted', 'b failed ended']);
  });
});

describe('what cannot be taken now', () => {
  it('is kept and sent later, with a word about a long wait and none about a short one', () => {
    const driver = new Driver().do('open').online().submit('a');
    driver.take();
    driver.error('rate_limited', { retryable: true, ref: 'a', retryAfterMs: 240_000 });
    expect(driver.statuses()).toEqual(['a sending']);
    expect(driver.state.hold).toBe('busy');
    expect(driver.take('later')).toEqual([240_000]);
    driver.do('resume', driver.state.epoch);
    expect(driver.take('send')).toEqual([{ type: 'message', id: 'a', text: 'text of a' }]);
    expect(driver.frame({ type: 'accepted', id: 'a' }).state.hold).toBe(null);
    driver.submit('b').error('rate_limited', { retryable: true, ref: 'b', retryAfterMs: 800 });
    expect(driver.state.hold).toBe(null);
    driver.do('resume', driver.state.epoch).error('too_much_waiting', { retryable: true, ref: 'b' });
    expect(driver.state.hold).toBe('full');
  });

  it('is kept while the account is not connected, which is asked for again', () => {
    const driver = new Driver().do('open').submit('a').do('socketOpen', { widget: 'w1' });
    driver.take();
    driver.error('not_available', { retryable: true, retryAfterMs: 30_000 });
    expect(driver.state.fatal).toBe('not_available');
    expect(driver.take('restart')).toEqual([30_000]);
    expect(driver.online().state.fatal).toBe(null);
    expect(driver.take('send').slice(1)).toEqual([{ type: 'message', id: 'a', text: 'text of a' }]);
  });

  it('is not asked for by a widget that nobody has open', () => {
    const driver = new Driver().do('open').do('socketOpen', { widget: 'w1' });
    driver.error('not_available', { retryable: true, retryAfterMs: 30_000 });
    driver.take();
    expect(driver.do('close').take('stop')).toHaveLength(1);
  });
});

describe('a challenge', () => {
  const challenge = { bits: 12 };

  it('is solved once there is something to send, and the solution goes with the first message alone', () => {
    const driver = new Driver().do('open').online({ challenge });
    expect(driver.take('solve')).toEqual([]);
    driver.submit('a').submit('b');
    expect(driver.take()).toContainEqual(['solve', 't1', 12]);
    expect(driver.take('solve', 'send')).toEqual([]);
    driver.do('solved', 'of another chat', '1').do('solved', 't1', '42');
    expect(driver.take('send')).toEqual([{ type: 'message', id: 'a', text: 'text of a', solution: '42' }]);
    driver.frame({ type: 'accepted', id: 'a' });
    expect(driver.take('send')).toEqual([{ type: 'message', id: 'b', text: 'text of b' }]);
  });

  it('is asked for anew when the server does not take the solution', () => {
    const driver = new Driver().submit('a').online({ challenge }).do('solved', 't1', '42');
    driver.error('challenge_unsolved', { retryable: true, ref: 'a' });
    driver.take();
    driver.online({ token: 't2', challenge });
    expect(driver.take('solve')).toEqual(['t2']);
    expect(driver.statuses()).toEqual(['a sending']);
  });

  it('is found', async () => {
    const solution = await solveChallenge('a-token', 12);
    expect(isSolved('a-token', solution, 12)).toBe(true);
    expect(isSolved('another', solution, 12)).toBe(false);
    expect(isSolved('a-token', undefined, 12)).toBe(false);
    expect(isSolved('a-token', undefined, 0)).toBe(true);
  });
});

describe('forget', () => {
  it('leaves nothing on the device, and begins afresh where the chat is open', () => {
    const driver = new Driver({ token: 't1' }).do('open').online({ chat: activeChat }).submit('a').do('draft', 'b');
    driver.take();
    driver.do('forget');
    expect(driver.take()).toEqual([
      ['dropMessages', ['a']],
      ['forgetToken', 't1'],
      ['restart', 0],
    ]);
    expect(driver.state).toMatchObject({ token: null, savedToken: null, status: 'none', items: [], draft: '' });
  });

  it('needs no connection where nobody looks', () => {
    const driver = new Driver({ token: 't1' }).online({ chat: activeChat });
    driver.take();
    expect(driver.do('forget').take('stop')).toHaveLength(1);
  });
});

describe('several tabs', () => {
  it('takes up a chat begun in another tab', () => {
    const driver = new Driver().do('open').online();
    driver.take();
    driver.do('storage', 'other', 0);
    expect(driver.take()).toEqual([['restart', 0]]);
    expect(driver.state).toMatchObject({ token: 'other', savedToken: 'other' });
  });

  it('connects for it even while closed', () => {
    expect(new Driver().do('storage', 'other', 0).take()).toEqual([['restart', 0]]);
  });

  it('writes into the chat of the other tab when that was stored just before', () => {
    const driver = new Driver().do('open').online();
    driver.take();
    driver.submit('a', 'A', 'other');
    expect(driver.take('send')).toEqual([]);
    expect(driver.online({ token: 'other', chat: activeChat }).take('send').slice(1)).toEqual([
      { type: 'message', id: 'a', text: 'A' },
    ]);
  });

  it('goes over at the welcome when the other tab stored its token in the meantime', () => {
    const driver = new Driver().submit('a').online({ token: 'mine' }, 'other');
    expect(driver.state.token).toBe('other');
    expect(driver.take('saveToken')).toEqual([]);
  });

  it('keeps a chat of its own', () => {
    const driver = new Driver().do('open').online({ chat: activeChat });
    driver.take();
    expect(driver.do('storage', 'other', 0).take()).toEqual([]);
    expect(driver.state.token).toBe('t1');
  });

  it('forgets with the other tabs', () => {
    const driver = new Driver().submit('a').online({ chat: activeChat });
    driver.take();
    driver.do('storage', null, 0);
    expect(driver.take('stop')).toHaveLength(1);
    expect(driver.state).toMatchObject({ status: 'none', token: null, items: [], outbox: [] });
  });

  it('leaves an ended chat with the other tabs', () => {
    const driver = new Driver({ token: 't1' })
      .do('open')
      .online({ chat: { id: 'c', status: 'ended', isInTrouble: false } })
      .do('close');
    driver.take();
    driver.do('storage', null, 0);
    expect(driver.take('stop')).toHaveLength(1);
    expect(driver.state).toMatchObject({ status: 'none', token: null, connection: 'idle' });
    expect(driver.do('storage', 'next', 0).state.token).toBe('next');
  });
});
