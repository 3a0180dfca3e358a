import type { HelloFrame, ServerFrame, visitorCloseCodes } from '../../domain/visitor-protocol.ts';
import type { Connection } from './connection.ts';
import { isEmail } from './email.ts';
import { visitorMessageLength } from './limits.ts';
import { isOver, leaveChat } from './state.ts';
import type { FailureReason, Outgoing, Session } from './state.ts';
import type { ChatStorage } from './storage.ts';
import { applyEntries } from './transcript.ts';

/**
 * An answer to a message is overdue after this long; the connection is then made anew. The server answers within a few
 * seconds, if only that it cannot take it now.
 */
export const answerTimeoutMs = 10_000;
/** Wait before sending again when the server says "not now" without saying until when. */
export const defaultRetryMs = 3_000;
/** A wait that is longer is worth a word to the visitor. */
const worthAWordMs = 5_000;

/** Written out, and held to the protocol by its type: importing the value would bring the schemas along. */
const unknownWidgetCode: (typeof visitorCloseCodes)['unknownWidget'] = 4404;

/** The widget's id and the optional fields of `hello`. */
export type HelloDetails = Pick<HelloFrame, 'widget' | 'visitor' | 'page'>;

type Frame<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>;

/** What a session asks of its surroundings. */
export type Outside = Pick<Connection, 'start' | 'stop' | 'restart' | 'welcomed' | 'send' | 'poke'> &
  Pick<ChatStorage, 'saveToken' | 'forgetToken' | 'saveMessage' | 'dropMessages' | 'saveRead'> & {
    later: (ms: number, event: SessionEvent) => void;
    solve: (token: string, bits: number) => void;
  };

/** One call to make outside: its name and arguments. */
export type Effect = { [Name in keyof Outside]: [Name, ...Parameters<Outside[Name]>] }[keyof Outside];

/** The state that an event leads to, and what is to be done outside. */
export interface Reduced extends Session {
  effects: Effect[];
}

type Handlers = typeof handlers;
type Details<Handler> = Handler extends (state: Reduced, ...details: infer Rest) => void ? Rest : never;

/** Something that happened: the name of its handler below and the details. */
export type SessionEvent = { [Name in keyof Handlers]: [Name, ...Details<Handlers[Name]>] }[keyof Handlers];

/**
 * The whole behaviour of the widget: pure, so that every case can be tested without a socket or a page. The new
 * state's `effects` are to be done in their order. All functions below change the copy that is made here.
 */
export function reduce(before: Session, [name, ...details]: SessionEvent): Reduced {
  const state: Reduced = { ...before, effects: [] };
  (handlers[name] as (state: Reduced, ...details: unknown[]) => void)(state, ...details);
  flush(state);
  markRead(state);
  return state;
}

/*
 * What can happen. `storedToken` is what storage holds at that moment: another tab may have written a token of its
 * own since.
 */
const handlers = {
  /** There is something to be up to date about. */
  start: connect,
  open(state: Reduced): void {
    state.open = true;
    connect(state);
  },
  close(state: Reduced): void {
    state.open = state.confirming = false;
    // Somebody who only looked needs no connection.
    if (state.status === 'none' && !state.outbox.length && state.connection !== 'stopped') rest(state);
  },
  visible(state: Reduced, visible: boolean): void {
    state.visible = visible;
  },
  draft(state: Reduced, text: string): void {
    state.draft = text;
  },
  submit(state: Reduced, id: string, typed: string, at: number, storedToken: string | null): void {
    const text = typed.trim();
    if (!text) return;
    const reason = obstacle(state, text);
    const message: Outgoing = { id, text, at, ...(reason ? { status: 'failed', reason } : { status: 'sending' }) };
    state.outbox = [...state.outbox, message];
    if (reason) return;
    state.effects.push(['saveMessage', message]);
    // Somebody is waiting now: the next try need not.
    if (state.connection === 'down') state.effects.push(['poke']);
    if (!adopt(state, storedToken)) connect(state);
  },
  retry(state: Reduced, id: string): void {
    const message = state.outbox.find((candidate) => candidate.id === id);
    if (message?.status !== 'failed' || obstacle(state, message.text)) return;
    // Later messages have gone by now, so it goes to the end of the queue.
    const { text, at } = message;
    state.outbox = [...state.outbox.filter((other) => other !== message), { id, text, at, status: 'sending' }];
  },
  remove(state: Reduced, id: string): void {
    dropWhere(state, (message) => message.id === id);
  },
  /** The visitor leaves an e-mail address. */
  email(state: Reduced, id: string, typed: string): void {
    const email = typed.trim();
    state.address = { id, email, status: isEmail(email) ? 'sending' : 'failed' };
  },
  /** The visitor is asked whether to end the chat, or has thought better of it. */
  confirm(state: Reduced, confirming: boolean): void {
    state.confirming = confirming;
  },
  end(state: Reduced, id: string): void {
    state.confirming = false;
    state.endId ??= id;
  },
  newChat(state: Reduced): void {
    // What could not be sent becomes the draft: the visitor decides whether it still fits.
    const unsent = state.outbox.filter(({ status }) => status !== 'accepted').map(({ text }) => text);
    state.draft = [...unsent, state.draft].join('\n').trim();
    dropWhere(state, () => true);
    forgetToken(state, null);
  },
  /** The visitor goes, and somebody else may come to this device. */
  forget(state: Reduced): void {
    state.draft = '';
    dropWhere(state, () => true);
    if (state.token !== null) state.effects.push(['forgetToken', state.token]);
    leaveChat(state, null);
    if (state.connection === 'stopped') return;
    if (state.open) reconnect(state);
    else rest(state);
  },
  socketOpen(state: Reduced, { widget, ...optional }: HelloDetails): void {
    // The stored one: as long as nothing was sent under a token there is no chat to go on with, and nothing to look up.
    const { savedToken: token, lastSeq } = state;
    state.connection = 'connecting';
    state.hasSiteEmail = !state.plainHello && optional.visitor?.email !== undefined;
    state.epoch++;
    freeWire(state);
    send(state, {
      type: 'hello',
      v: 1,
      widget,
      lastSeq,
      ...(token !== null && { token }),
      ...(!state.plainHello && optional),
    });
  },
  socketDown(state: Reduced, code: number, failures: number): void {
    if (code === unknownWidgetCode) {
      giveUp(state, 'unknown_widget');
      return;
    }
    state.connection = 'down';
    state.failures = failures;
    freeWire(state);
  },
  frame(state: Reduced, frame: ServerFrame, storedToken: string | null, now: number): void {
    switch (frame.type) {
      case 'welcome':
        welcome(state, frame, storedToken);
        return;
      case 'accepted':
        if (state.inFlight === frame.id) state.inFlight = null;
        state.hold = null;
        state.challenge = 0;
        if (state.address?.id === frame.id) state.address = { ...state.address, status: 'accepted' };
        state.outbox = state.outbox.map((message) => {
          if (message.id !== frame.id) return message;
          if (state.status === 'none') state.status = 'waiting';
          return { ...message, status: 'accepted' };
        });
        return;
      case 'entries': {
        const { status, reopenUntil } = state;
        const { recorded, gap } = applyEntries(state, frame.entries, now);
        dropWhere(state, ({ id }) => recorded.includes(id));
        if (state.email !== null) state.address = null;
        if (state.reopenUntil !== reopenUntil && state.reopenUntil) {
          state.effects.push(['later', state.reopenUntil - now, ['reopenOver', state.reopenUntil]]);
        }
        // Later pages are to connect for it again.
        if (status === 'ended' && state.status !== status) state.effects.push(['saveRead', state.readSeq, false, 0]);
        // Asking again from the last entry without a gap is the whole repair.
        if (gap) reconnect(state);
        return;
      }
      case 'delivered':
        state.deliveredSeq = Math.max(state.deliveredSeq, frame.deliveredSeq);
        return;
      case 'standing':
        state.isInTrouble = frame.isInTrouble;
        return;
      case 'error':
        refused(state, frame, storedToken);
        return;
      default:
      // A pong, or a frame that only a newer server knows: nothing to do.
    }
  },
  /** Another tab has changed what is stored. */
  storage(state: Reduced, token: string | null, readSeq: number): void {
    const { status, fatal, savedToken } = state;
    const isForgotten = token === null && status !== 'none';
    if (!fatal && token !== savedToken && (isForgotten || status === 'none' || status === 'ended')) {
      if (isForgotten || status === 'ended') dropWhere(state, () => true);
      leaveChat(state, token);
      if (token !== null || state.open || state.outbox.length) reconnect(state);
      else rest(state);
    }
    state.readSeq = Math.max(state.readSeq, readSeq);
  },
  /** The wait that the server asked for is over. */
  resume(state: Reduced, epoch: number): void {
    if (epoch === state.epoch) state.paused = false;
  },
  /** The time to go on with the ended chat has passed. */
  reopenOver(state: Reduced, reopenUntil: number): void {
    if (reopenUntil === state.reopenUntil) state.reopenUntil = 0;
  },
  solved(state: Reduced, token: string, solution: string): void {
    if (token === state.token) state.solution = solution;
  },
  unanswered(state: Reduced, epoch: number, id: string): void {
    // The connection answers pings but not this message: a fresh one may reach a healthier server.
    if (epoch === state.epoch && id === state.inFlight) reconnect(state);
  },
};

function connect(state: Reduced): void {
  if (state.connection !== 'idle') return;
  state.connection = 'connecting';
  state.effects.push(['start']);
}

function reconnect(state: Reduced, afterMs = 0): void {
  state.connection = 'connecting';
  freeWire(state);
  state.effects.push(['restart', afterMs]);
}

function rest(state: Reduced): void {
  state.connection = 'idle';
  state.effects.push(['stop']);
}

function giveUp(state: Reduced, fatal: Session['fatal']): void {
  rest(state);
  state.connection = 'stopped';
  state.fatal = fatal;
}

/** Nothing is on the wire any more: what has no answer will be sent again. */
function freeWire(state: Reduced): void {
  state.inFlight = null;
  state.paused = state.endSent = false;
}

function send(state: Reduced, frame: Parameters<Outside['send']>[0]): void {
  state.effects.push(['send', frame]);
}

function markRead(state: Reduced): void {
  const { open, visible, connection, lastSeq, readSeq, status, reopenUntil } = state;
  if (!open || !visible || connection !== 'online' || lastSeq <= readSeq) return;
  state.readSeq = lastSeq;
  state.effects.push(['saveRead', lastSeq, status === 'ended', reopenUntil]);
}

/** Why this text cannot be sent now, and waiting would not help. */
function obstacle(state: Session, text: string): FailureReason | null {
  if (text.length > visitorMessageLength) return 'too_long';
  if (isOver(state)) return 'ended';
  return state.fatal && 'refused';
}

/** Sends what is next. One message at a time: the next goes when this one has its answer, so order holds. */
function flush(state: Reduced): void {
  const { token, status, outbox, endId, address } = state;
  if (state.connection !== 'online' || state.inFlight !== null || state.paused) return;
  if (status === 'ended') {
    // A replay may yet say that it goes on.
    if (state.lastSeq < state.replaySeq) return;
    state.endId = null;
    state.confirming = false;
    if (isOver(state)) {
      failWhere(state, status, (message) => message.status !== 'accepted');
      return;
    }
  }
  const next = outbox.find((message) => message.status === 'sending');
  // Before the first message goes, or the chat could not be found again after a reload.
  if ((next || status !== 'none') && token !== null && token !== state.savedToken) {
    state.savedToken = token;
    state.effects.push(['saveToken', token]);
  }
  if (next) {
    const { challenge, solution } = state;
    if (challenge && !solution) {
      if (solution === null && token !== null) state.effects.push(['solve', token, challenge]);
      state.solution = '';
      return;
    }
    const { id, text } = next;
    state.inFlight = id;
    send(state, { type: 'message', id, text, ...(challenge && { solution: solution ?? '' }) });
    state.effects.push(['later', answerTimeoutMs, ['unanswered', state.epoch, id]]);
  } else if (address?.status === 'sending' && status !== 'none') {
    const { id, email } = address;
    state.inFlight = id;
    send(state, { type: 'email', id, email });
    state.effects.push(['later', answerTimeoutMs, ['unanswered', state.epoch, id]]);
  } else if (endId !== null && !state.endSent) {
    state.endSent = true;
    send(state, { type: 'end', id: endId });
  }
}

function failWhere(state: Reduced, reason: FailureReason, matches: (message: Outgoing) => boolean): void {
  state.outbox = state.outbox.map((message) => (matches(message) ? { ...message, status: 'failed', reason } : message));
}

/** Takes messages out of the outbox and out of storage. */
function dropWhere(state: Reduced, matches: (message: Outgoing) => boolean): void {
  state.effects.push(['dropMessages', state.outbox.filter(matches).map(({ id }) => id)]);
  state.outbox = state.outbox.filter((message) => !matches(message));
}

/** Leaves the chat for good and goes on under another token, or with none. */
function forgetToken(state: Reduced, next: string | null): void {
  if (state.token !== null) state.effects.push(['forgetToken', state.token]);
  leaveChat(state, next);
  reconnect(state);
}

function welcome(state: Reduced, frame: Frame<'welcome'>, storedToken: string | null): void {
  const { token, chat, settings, deliveredSeq, lastSeq, challenge } = frame;
  if (!chat && adopt(state, storedToken)) return;
  state.connection = 'online';
  state.fatal = null;
  state.failures = 0;
  state.token = token;
  state.challenge = challenge?.bits ?? 0;
  state.solution = null;
  state.settings = settings;
  state.deliveredSeq = Math.max(state.deliveredSeq, deliveredSeq);
  state.historySeq ??= lastSeq;
  state.replaySeq = lastSeq;
  state.isInTrouble = chat?.isInTrouble ?? false;
  // Once there are entries, they know better.
  if (chat && state.status === 'none') state.status = chat.status === 'joining' ? 'waiting' : chat.status;
  state.effects.push(['welcomed']);
}

function refused(state: Reduced, error: Frame<'error'>, storedToken: string | null): void {
  const onWire = state.inFlight ?? (state.endSent ? state.endId : null);
  const { code, retryable, retryAfterMs = defaultRetryMs, ref = onWire } = error;
  switch (code) {
    case 'unknown_widget':
    case 'unsupported_version':
      giveUp(state, code);
      return;
    case 'not_available':
      // It may be again, by and by: what was written is kept.
      state.fatal = code;
      reconnect(state, retryAfterMs);
      return;
    case 'bad_token':
      // What the old chat had accepted is with the team; only the rest goes into a new one.
      dropWhere(state, ({ status }) => status === 'accepted');
      forgetToken(state, storedToken === state.token ? null : storedToken);
      return;
    case 'chat_ended':
      state.closed = true;
      state.status = 'ended';
      state.agents = [];
      state.reopenUntil = 0;
      settle(state, ref, 'ended');
      return;
    case 'hello_expected':
    case 'challenge_unsolved':
      reconnect(state);
      return;
    default:
      if (state.connection !== 'online') {
        // It can only be the hello: if sending the same again cannot help, try the plainest one.
        state.plainHello ||= !retryable;
        reconnect(state, retryAfterMs);
      } else if (retryable) {
        freeWire(state);
        state.paused = true;
        if (code === 'too_much_waiting') state.hold = 'full';
        else if (code === 'rate_limited' && retryAfterMs > worthAWordMs) state.hold = 'busy';
        state.effects.push(['later', retryAfterMs, ['resume', state.epoch]]);
      } else {
        settle(state, ref, code === 'too_long' ? code : 'refused');
      }
  }
}

/** Gives up on the frame `ref` and frees the way for the next. */
function settle(state: Reduced, ref: string | null, reason: FailureReason): void {
  failWhere(state, reason, ({ id }) => id === ref);
  if (state.inFlight === ref) state.inFlight = null;
  if (state.endId === ref) state.endId = null;
  if (state.address && state.address.id === ref) state.address = { ...state.address, status: 'failed' };
}

/** Goes over to the chat of another tab of this browser, if there is one and this tab has none of its own. */
function adopt(state: Reduced, storedToken: string | null): boolean {
  if (state.status !== 'none' || storedToken === null || storedToken === state.savedToken) return false;
  leaveChat(state, storedToken);
  reconnect(state);
  return true;
}
