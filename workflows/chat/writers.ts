import type { Agent } from '../../domain/transcript.ts';
import type { WriterRef, ZoomSignal } from './messages.ts';

/** Somebody who has written in the chat's channel, or pressed its buttons. */
export interface Writer {
  /** With an empty id for somebody outside of the account; the name may then be unknown. */
  agent: Agent;
  /** The visitor sees what they write. */
  speaks: boolean;
}

/** Presses of buttons in the chat channel. */
type ChannelPress = 'endPressed' | 'reopenPressed' | 'sendPressed';

/** What somebody did of whom it is not known yet whether they speak for the team. */
export type HeldEvent = Extract<ZoomSignal, { kind: 'message' | 'edited' | 'deleted' | ChannelPress }>;

export interface WritersState {
  known: (Writer & { key: string })[];
  /** In the order in which it happened. */
  held: HeldEvent[];
  /** Zoom does not say who somebody is just now: what others write is passed on meanwhile. */
  isStuck: boolean;
  /** Everything waits: a channel's history is being read, and what is in it comes first. */
  isCatchingUp?: true;
}

/** Most people who are remembered, the oldest forgotten: they are looked up again. */
const mostKnown = 100;
/** More is not held: it is found when the channel is read back. */
const mostHeld = 200;

/** Who speaks for the team, and what waits until that is known of somebody. */
export class Writers {
  constructor(readonly state: WritersState = { known: [], held: [], isStuck: false }) {}

  find(ref: WriterRef): Writer | undefined {
    const key = keyOf(ref);
    return this.state.known.find((writer) => writer.key === key);
  }

  /** @returns whether they were not known before. */
  learn(ref: WriterRef, { agent, speaks }: Writer): boolean {
    const { state } = this;
    const key = keyOf(ref);
    const isNew = !state.known.some((writer) => writer.key === key);
    state.known = [...state.known.filter((writer) => writer.key !== key), { key, agent, speaks }].slice(-mostKnown);
    return isNew;
  }

  /** Whether what this person does has to wait: for who they are, or for what came before it. */
  mustWait(ref: WriterRef): boolean {
    return this.state.isCatchingUp === true || !this.find(ref) || (this.state.held.length > 0 && !this.state.isStuck);
  }

  hold(event: HeldEvent): void {
    if (this.state.held.length < mostHeld) this.state.held.push(event);
  }

  holds(messageId: string): boolean {
    return this.state.held.some((event) => 'messageId' in event && event.messageId === messageId);
  }

  get isHolding(): boolean {
    return this.state.held.length > 0;
  }

  /** Somebody who is to be looked up. */
  get next(): WriterRef | undefined {
    return this.state.held.map(writerOf).find((ref) => ref && !this.find(ref));
  }

  /** Zoom does not say now who somebody is. */
  stuck(): void {
    this.state.isStuck = true;
  }

  /** The history of a channel is about to be read, of which webhooks may tell as well. */
  catchUp(): void {
    this.state.isCatchingUp = true;
  }

  /** It has been read, or cannot be: what was held goes on in the order in which it was written. */
  caughtUp(): void {
    delete this.state.isCatchingUp;
    this.state.held.sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity));
  }

  /** What need not wait any more, in order. */
  release(): HeldEvent[] {
    const { held, isStuck, isCatchingUp } = this.state;
    if (isCatchingUp) return [];
    const released: HeldEvent[] = [];
    const kept: HeldEvent[] = [];
    for (const event of held) {
      const ref = writerOf(event);
      const isOfKept =
        'messageId' in event && kept.some((one) => 'messageId' in one && one.messageId === event.messageId);
      const mustWait = isOfKept || (ref !== undefined && !this.find(ref)) || (kept.length > 0 && !isStuck);
      (mustWait ? kept : released).push(event);
    }
    this.state.held = kept;
    if (!this.isHolding) this.state.isStuck = false;
    return released;
  }

  /** Nobody has said who they are, and nobody will: what they wrote is for no visitor. */
  giveUp(): void {
    this.state.held = [];
    this.state.isStuck = false;
  }
}

/** Whose it is to say whether it counts; undefined for a deletion by whomever Zoom lets delete. */
function writerOf(event: HeldEvent): WriterRef | undefined {
  switch (event.kind) {
    case 'endPressed':
    case 'reopenPressed':
    case 'sendPressed':
      return { userId: event.user.id };
    case 'deleted':
      return event.by;
    default:
      return event;
  }
}

function keyOf({ userId, memberId = '' }: WriterRef): string {
  return userId === '' ? `member/${memberId}` : userId;
}
