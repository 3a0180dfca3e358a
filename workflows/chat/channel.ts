import type { ChannelRef } from '../../domain/channel.ts';

export interface UnreadChannel {
  id: string;
  ownerUserId: string;
  /** From when on its history is to be read, ms. */
  sinceMs: number;
}

export interface ChatChannelState {
  ref?: ChannelRef;
  /** The Zoom user who owns it, and in whose name the app posts where the bot may not. */
  ownerUserId?: string;
  /** The first post is there: who this is about and how to answer. */
  greeted: boolean;
  /** The first card, as the bot posted it, and where it was last seen to say the chat stands, as JSON. */
  head?: { messageId: string; agentName: string; shown: string };
  /** It was deleted or archived in Zoom: nothing can be posted there any more. */
  isGone?: boolean;
  /** The closing note is there, or nobody can read it. */
  closed: boolean;
  /** How often it was closed. */
  closings: number;
  /** The chat is over for good, and nobody can write in it any more; or Zoom does not allow that. */
  isArchived?: true;
  /**
   * The channel that vanished before this one: its history is read once more, for what a lost webhook would have
   * said.
   */
  former?: UnreadChannel;
  /** How many chat channels have vanished in Zoom: the next one needs a name of its own. */
  lost: number;
  /** First word since the channel was last read back, ms; how often it was since anybody wrote; when it last was. */
  unreadSince?: number;
  readBacks: number;
  readBackAt?: number;
  /** Webhooks may have been lost until then, ms: it is read back at once. */
  readBackAskedAt?: number;
  /** How often reading it back has failed since it last succeeded, and when it is tried again, ms. */
  readBackFailures?: number;
  readBackAgainAt?: number;
}

/**
 * The channel is read back for what a lost webhook would have said: this long into a silence, ms, and in a lively chat
 * no later than so long after the first word that has not been checked so.
 */
const readBackIntoSilenceMs = [60_000, 6 * 60_000, 30 * 60_000];
const readBackAtLatestMs = 5 * 60_000;
/** The pause after a failure, ms: twice as long each time. */
const readBackPauseMs = { first: 10_000, longest: 30 * 60_000 };
/** How much later than written a message may appear in Zoom's history, our clocks' difference included, ms. */
const historyLagMs = 2 * 60_000;

/** The dedicated private channel in Zoom. */
export class ChatChannel {
  constructor(
    readonly state: ChatChannelState = { greeted: false, closed: false, closings: 0, lost: 0, readBacks: 0 },
  ) {}

  get ref(): ChannelRef | undefined {
    return this.state.ref;
  }

  /** What people were in together is gone, and there is nothing in its place. */
  get isGone(): boolean {
    return this.state.isGone === true || (this.state.lost > 0 && this.state.ref === undefined);
  }

  opened(ref: ChannelRef, ownerUserId: string): void {
    this.state.ref = ref;
    this.state.ownerUserId = ownerUserId;
  }

  /** @param head the first card; absent where it is a user's message, which cannot be edited. */
  greeted(head?: ChatChannelState['head']): void {
    this.state.greeted = true;
    if (head) this.state.head = head;
  }

  /** The first card is not edited any more, or says this. */
  headShows(shown?: string): void {
    if (shown === undefined) delete this.state.head;
    else if (this.state.head) this.state.head.shown = shown;
  }

  closed(): void {
    this.state.closed = true;
    this.state.closings += 1;
  }

  archived(): void {
    this.state.isArchived = true;
  }

  /** Nothing more is done in it. */
  giveUp(): void {
    this.closed();
    this.archived();
    delete this.state.head;
  }

  /** The chat goes on in it. */
  reopened(): void {
    this.state.closed = false;
    this.state.readBacks = 0;
  }

  gone(): void {
    this.state.isGone = true;
  }

  /** The chat goes on without it, in a new channel. */
  vanished(startedAt: number): void {
    const unread = this.unread(startedAt);
    if (unread) this.state.former = unread;
    const lost = this.state.lost + 1;
    Object.assign(this.state, { greeted: false, closed: false, lost, readBacks: 0 });
    delete this.state.ref;
    delete this.state.head;
    delete this.state.ownerUserId;
    delete this.state.readBackAt;
    delete this.state.unreadSince;
    delete this.state.readBackFailures;
    delete this.state.readBackAgainAt;
  }

  formerRead(): void {
    delete this.state.former;
  }

  /** Somebody wrote, on either side. */
  spoken(now: number): void {
    this.state.unreadSince ??= now;
    this.state.readBacks = 0;
  }

  /** Zoom may have sent no webhooks for a while. */
  askReadBack(now: number): void {
    this.state.readBackAskedAt ??= now;
    delete this.state.readBackAgainAt;
  }

  /** When the channel is to be read back, ms; undefined when that needs not be. */
  readBackDueAt(lastActivityAt: number): number | undefined {
    const { ref, former, readBacks, unreadSince, readBackAskedAt, readBackAgainAt = 0 } = this.state;
    // What was written in the channel before this one comes first.
    if (!ref || former) return undefined;
    const silence = readBackIntoSilenceMs[readBacks];
    const due = [
      ...(readBackAskedAt === undefined ? [] : [readBackAskedAt]),
      ...(silence === undefined ? [] : [lastActivityAt + silence]),
      ...(unreadSince === undefined ? [] : [unreadSince + readBackAtLatestMs]),
    ];
    return due.length === 0 ? undefined : Math.max(readBackAgainAt, Math.min(...due));
  }

  /**
   * What of the channel's history is to be read: what is older has been taken in before. Undefined without a
   * channel.
   */
  unread(startedAt: number): UnreadChannel | undefined {
    const { ref, ownerUserId, readBackAt = 0 } = this.state;
    if (!ref || ownerUserId === undefined) return undefined;
    return { id: ref.id, ownerUserId, sinceMs: Math.max(startedAt, readBackAt - historyLagMs) };
  }

  /** What the channel held at `begunAt` has been taken in. */
  readBack(begunAt: number): void {
    this.state.readBacks += 1;
    this.state.readBackAt = begunAt;
    delete this.state.unreadSince;
    delete this.state.readBackAskedAt;
    delete this.state.readBackFailures;
    delete this.state.readBackAgainAt;
  }

  /** The channel could not be read now: it is tried again after a pause. */
  readBackFailed(now: number): void {
    const failures = (this.state.readBackFailures ?? 0) + 1;
    const pause = Math.min(readBackPauseMs.first * 2 ** (failures - 1), readBackPauseMs.longest);
    Object.assign(this.state, { readBackFailures: failures, readBackAgainAt: now + pause });
  }
}
