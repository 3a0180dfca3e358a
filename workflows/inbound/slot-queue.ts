import type { CardRef } from '../../domain/channel.ts';
import { delayBeforePost, longestWindowMs } from '../pacing.ts';
import type { InboundEvent } from './messages.ts';

/** The card that says how many chats wait, from the first try to post it. */
export interface QueueCard {
  /** By this it is found again if the answer of a post was lost. */
  mark: string;
  /** When its post was first tried with an unknown outcome, ms. */
  firstTriedAt?: number;
  /** Present once Zoom has it; `count` is what it says. */
  shown?: { ref: CardRef; count: number };
}

export interface SlotQueueState {
  /** Chats without a slot, and since when each has been asking for an agent, ms: the longest first. */
  waiting: { chatId: string; since: number }[];
  /** Times of recent posts into the channel, ms. */
  postTimes: number[];
  /** When a chat last asked, or something was posted, ms. */
  lastUsedAt: number;
  card?: QueueCard;
  /** The team is to be reminded: since when, ms, and by what the post is found again if its answer was lost. */
  reminder?: { askedAt: number; mark: string; firstTriedAt?: number };
  /** When the team was last reminded, ms. */
  remindedAt?: number;
}

/** Visitors who have waited equally long are in one reminder; and one follows another no sooner than this, ms. */
const gatherRemindersMs = 5_000;
const betweenRemindersMs = 60_000;

/** Which chat may post its card next: the one that waits longest, as often as Zoom's limits on one channel allow. */
export class SlotQueue {
  readonly state: SlotQueueState;

  constructor(now: number, carried?: SlotQueueState) {
    this.state = carried ?? { waiting: [], postTimes: [], lastUsedAt: now };
  }

  get isEmpty(): boolean {
    return this.state.waiting.length === 0;
  }

  get count(): number {
    return this.state.waiting.length;
  }

  onEvent(event: InboundEvent, now: number): void {
    if (event.kind === 'remind') {
      this.state.reminder ??= { askedAt: now, mark: `Reminder ${now.toString(36)}` };
      this.state.lastUsedAt = now;
      return;
    }
    const others = this.state.waiting.filter(({ chatId }) => chatId !== event.chatId);
    if (event.kind === 'asked') {
      const { chatId, since } = event;
      const place = others.findIndex((other) => other.since > since);
      others.splice(place === -1 ? others.length : place, 0, { chatId, since });
      this.state.lastUsedAt = now;
    }
    this.state.waiting = others;
  }

  /** ms until the next slot. */
  delay(now: number): number {
    return delayBeforePost(this.state.postTimes, now);
  }

  /** Take every slot that there is now. @returns the chats that get one, in order. */
  take(now: number): string[] {
    const chatIds: string[] = [];
    while (this.delay(now) === 0) {
      const next = this.state.waiting.shift();
      if (!next) break;
      chatIds.push(next.chatId);
      this.posted(now);
    }
    return chatIds;
  }

  /** Something is posted into the channel. */
  posted(now: number): void {
    this.state.postTimes = [...this.state.postTimes.filter((time) => time > now - longestWindowMs), now];
    this.state.lastUsedAt = now;
  }

  /** A slot that was taken at `time` is not used. */
  givenBack(time: number): void {
    const index = this.state.postTimes.indexOf(time);
    if (index !== -1) this.state.postTimes.splice(index, 1);
  }

  /** The card does not say how many chats wait, or there is none and the pace of the cards is used up. */
  cardIsDue(now: number): boolean {
    const { card } = this.state;
    if (card?.shown) return card.shown.count !== this.count;
    return card !== undefined || (!this.isEmpty && this.delay(now) > 0);
  }

  /** ms until the team is to be reminded; undefined when it is not. */
  reminderIn(now: number): number | undefined {
    const { reminder, remindedAt = -Infinity } = this.state;
    if (!reminder) return undefined;
    return Math.max(0, Math.max(reminder.askedAt + gatherRemindersMs, remindedAt + betweenRemindersMs) - now);
  }

  reminded(now: number): void {
    delete this.state.reminder;
    this.state.remindedAt = now;
  }

  /** Nobody has asked for as long as Zoom counts posts: nothing need be remembered. */
  isIdle(now: number): boolean {
    const { card, reminder } = this.state;
    return this.isEmpty && card === undefined && reminder === undefined && this.idleInMs(now) === 0;
  }

  /** ms until it may be idle, if nobody asks until then. */
  idleInMs(now: number): number {
    return Math.max(0, this.state.lastUsedAt + longestWindowMs - now);
  }
}
