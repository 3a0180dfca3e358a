import type { VisitorEntry } from '../../domain/visitor-protocol.ts';
import type { WidgetSettings } from '../../domain/widget.ts';

/** Where a visitor message stands, as its tick shows it. */
export type MessageStatus = 'sending' | 'accepted' | 'delivered' | 'failed';

/** Why a message will not be sent as it is. `ended`: the chat was over before the server had it. */
export type FailureReason = 'too_long' | 'refused' | 'ended';

/** A visitor message that is not in the transcript yet. */
export interface Outgoing {
  /** Client message id: the same on every repeat, so that the server recognises repeats. */
  id: string;
  text: string;
  at: number;
  status: 'sending' | 'accepted' | 'failed';
  reason?: FailureReason;
}

/** An e-mail address that the visitor is leaving. `failed`: it is none, or the server does not take it. */
export interface Address {
  id: string;
  email: string;
  status: 'sending' | 'accepted' | 'failed';
}

type Shown = Exclude<VisitorEntry, { kind: 'agentMessageEdited' | 'agentMessageDeleted' }>;

/** What the conversation shows, in `seq` order: entries, with what was done to them later already applied. */
export type Item = Shown & { edited?: boolean; deleted?: boolean };

/** Where the chat stands, as its entries have it. Whether somebody is being let in makes no difference here. */
export type ChatStatus = 'none' | 'waiting' | 'missed' | 'active' | 'ended';
export type EndedBy = Extract<VisitorEntry, { kind: 'ended' }>['by'];

/**
 * Why what is written waits longer than a moment. `busy`: too many chats begin just now. `full`: the team has not taken
 * yet what was written before.
 */
export type Hold = 'busy' | 'full';

/** `idle`: not wanted yet. `down`: lost, another try is coming. `stopped`: no further try (see `fatal`). */
export type ConnectionPhase = 'idle' | 'connecting' | 'online' | 'down' | 'stopped';

/** Everything one widget knows. The reducer never changes one that it was given. */
export interface Session {
  connection: ConnectionPhase;
  /** Tries that failed since the last welcome. */
  failures: number;
  /** Why the visitor cannot write. It may pass with `not_available` alone. */
  fatal: 'unknown_widget' | 'unsupported_version' | 'not_available' | null;
  /** Counts connections, so that a timer set for an earlier one is recognised as stale. */
  epoch: number;
  /** Leave the optional fields out of `hello`: the server has refused one with them. */
  plainHello: boolean;

  open: boolean;
  /** The page is in front of the visitor: what arrives now is read. */
  visible: boolean;
  draft: string;
  /** The visitor is being asked whether to end the chat. */
  confirming: boolean;

  token: string | null;
  /** The token as it is in storage. Written before the first message is sent, so that without it there is no chat. */
  savedToken: string | null;
  /** The widget's settings; null before the first welcome. */
  settings: WidgetSettings | null;
  status: ChatStatus;
  /** Names of the agents who are in. */
  agents: readonly string[];
  /** Some agent has been in. */
  answered: boolean;
  /** Until when an ended chat can be gone on with, ms since 1970; 0 when it cannot. */
  reopenUntil: number;
  /** The server has refused to go on with the chat. */
  closed: boolean;
  /** What is written does not get through to the team now. */
  isInTrouble: boolean;
  items: readonly Item[];
  /** Highest `seq` applied, without a gap below it. */
  lastSeq: number;
  /** The chat's highest `seq` when this connection was made: up to it entries are a replay. */
  replaySeq: number;
  deliveredSeq: number;
  readSeq: number;
  /** What the chat already held when this page first connected: history, not news. */
  historySeq: number | null;

  /** Zero bits that the server asks for before the first message; 0 for none. */
  challenge: number;
  /** What was found; empty while it is looked for. */
  solution: string | null;

  outbox: readonly Outgoing[];
  /** The one message on the wire that has no answer yet. */
  inFlight: string | null;
  /** The server asked to wait. */
  paused: boolean;
  hold: Hold | null;
  /** The website has told the server the visitor's e-mail address. */
  hasSiteEmail: boolean;
  address: Address | null;
  /** The address that the visitor has left. */
  email: string | null;
  /** Id of the `end` frame, from the visitor's wish until the chat has ended. */
  endId: string | null;
  endSent: boolean;
}

/** What storage held when the page loaded. */
export interface StoredChat {
  token: string | null;
  /** What an earlier chat has left: it says who the visitor is, and opens no chat. */
  visitorToken: string | null;
  readSeq: number;
  outbox: readonly Pick<Outgoing, 'id' | 'text' | 'at'>[];
  /**
   * When the visitor saw that the chat had ended, or later: until when it could be gone on with. ms since 1970; 0 if
   * they have not seen it.
   */
  doneAt: number;
}

const noChat = {
  confirming: false,
  status: 'none',
  agents: [],
  answered: false,
  reopenUntil: 0,
  closed: false,
  isInTrouble: false,
  items: [],
  lastSeq: 0,
  replaySeq: 0,
  deliveredSeq: 0,
  readSeq: 0,
  historySeq: null,
  inFlight: null,
  paused: false,
  challenge: 0,
  solution: null,
  hold: null,
  address: null,
  email: null,
  endId: null,
  endSent: false,
} satisfies Partial<Session>;

/** The session of a page that has just loaded. */
export function initialSession({ token, readSeq, outbox }: Omit<StoredChat, 'doneAt' | 'visitorToken'>): Session {
  return {
    connection: 'idle',
    failures: 0,
    fatal: null,
    epoch: 0,
    plainHello: false,
    open: false,
    visible: true,
    draft: '',
    settings: null,
    hasSiteEmail: false,
    ...noChat,
    token,
    savedToken: token,
    readSeq,
    outbox: outbox.map((message) => ({ ...message, status: 'sending' })),
  };
}

/** Forgets the chat, but not what the visitor has yet to send, and goes on under `token`. Changes `state`. */
export function leaveChat(state: Session, token: string | null): void {
  Object.assign(state, noChat, { token, savedToken: token });
}

/** Agent messages that the visitor has not seen. */
export function unreadCount({ items, readSeq }: Session): number {
  return items.filter((item) => item.kind === 'agentMessage' && !item.deleted && item.seq > readSeq).length;
}

/** Whether the chat has ended and nobody can go on with it. */
export function isOver({ status, reopenUntil }: Session): boolean {
  return status === 'ended' && !reopenUntil;
}

/** What there is to say of where the chat stands. */
export type Notice = 'sending' | 'told' | 'trouble' | 'missed' | 'missedUnsent';

/** Null where nobody needs telling, such as while an agent is in and all is well. */
export function noticeOf(state: Session): Notice | null {
  const { status, fatal, isInTrouble, answered, deliveredSeq, items, outbox } = state;
  if (fatal || status === 'none' || status === 'ended') return null;
  const seqs = items.flatMap(({ kind, seq }) => (kind === 'visitorMessage' ? [seq] : []));
  const goesOnSince = items.findLast(({ kind }) => kind === 'reopened')?.seq ?? 0;
  // With this message the team is asked for somebody.
  const asking = seqs.find((seq) => seq > goesOnSince) ?? seqs.at(-1) ?? Infinity;
  const isDelivered = outbox.every((message) => message.status === 'failed') && (seqs.at(-1) ?? 0) <= deliveredSeq;
  if (isInTrouble && !(status === 'active' && isDelivered)) return 'trouble';
  if (status === 'missed') return isDelivered ? 'missed' : 'missedUnsent';
  // After an agent has been in, the log says what is done.
  if (status === 'active' || answered) return null;
  return asking <= deliveredSeq ? 'told' : 'sending';
}

/** Whether the visitor is asked for an e-mail address: nobody answers soon, and none is known. */
export function asksForEmail(state: Session): boolean {
  const notice = noticeOf(state);
  return !state.hasSiteEmail && state.email === null && notice !== null && notice !== 'sending' && notice !== 'told';
}

/** Whether there is a running chat that the visitor can end. */
export function canEnd({ status, fatal }: Session): boolean {
  return status !== 'none' && status !== 'ended' && !fatal;
}
