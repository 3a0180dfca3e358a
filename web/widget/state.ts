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

type Shown = Exclude<VisitorEntry, { kind: 'agentMessageEdited' | 'agentMessageDeleted' | 'ended' }>;

/** What the conversation shows, in `seq` order: entries, with what was done to them later already applied. */
export type Item = Shown & { edited?: boolean; deleted?: boolean };

/** In the order in which a chat goes through them; some may be skipped, none comes back. */
const statuses = ['none', 'waiting', 'missed', 'joining', 'active', 'ended'] as const;
export type ChatStatus = (typeof statuses)[number];
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
  endedBy: EndedBy;
  items: readonly Item[];
  /** Highest `seq` applied, without a gap below it. */
  lastSeq: number;
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
  /** When the visitor saw that the chat had ended, ms since 1970; 0 if they have not. */
  doneAt: number;
}

const noChat = {
  confirming: false,
  status: 'none',
  endedBy: 'system',
  items: [],
  lastSeq: 0,
  deliveredSeq: 0,
  readSeq: 0,
  historySeq: null,
  inFlight: null,
  paused: false,
  challenge: 0,
  solution: null,
  hold: null,
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

/** Moves the chat forward to `status`; a replay of old entries cannot move it back. Changes `state`. */
export function advance(state: Session, status: ChatStatus): void {
  if (statuses.indexOf(status) > statuses.indexOf(state.status)) state.status = status;
}

/** Agent messages that the visitor has not seen. */
export function unreadCount({ items, readSeq }: Session): number {
  return items.filter((item) => item.kind === 'agentMessage' && !item.deleted && item.seq > readSeq).length;
}

/** Whether there is a running chat that the visitor can end. */
export function canEnd({ status, fatal }: Session): boolean {
  return status !== 'none' && status !== 'ended' && !fatal;
}
