import type { ChatStatus, EndedBy } from '../../domain/transcript.ts';

export interface LifecycleState {
  status: ChatStatus;
  startedAt: number;
  /** Since when the chat has been asking for an agent, ms; absent while one is in, and once it has ended. */
  waitingSince?: number;
  /** The visitor has read that nobody joined in time. */
  wasMissed?: true;
  /** How often the team was reminded since the chat has been asking. */
  reminders?: number;
  /** Last time anybody wrote, ms. */
  lastActivityAt: number;
  endedBy?: EndedBy;
  endedAt?: number;
  /** Until then an ended chat can go on, ms; absent once it is over for good. */
  reopenUntil?: number;
  /** When the chat was over and later went on, ms. */
  pauses?: { from: number; to: number }[];
}

/** Most pauses that are remembered. */
const mostPauses = 20;

/** Where the chat is in its life: waiting, missed, joining, active, ended. */
export class Lifecycle {
  constructor(readonly state: LifecycleState) {}

  static begin(now: number): Lifecycle {
    return new Lifecycle({ status: 'waiting', startedAt: now, waitingSince: now, lastActivityAt: now });
  }

  get status(): ChatStatus {
    return this.state.status;
  }

  get isEnded(): boolean {
    return this.state.status === 'ended';
  }

  spoken(now: number): void {
    this.state.lastActivityAt = now;
  }

  /** Somebody is being let in, and nobody is in yet. */
  joining(): void {
    if (!this.isEnded) this.state.status = 'joining';
  }

  /** Somebody is in. */
  active(): void {
    if (this.isEnded) return;
    this.state.status = 'active';
    this.#waitsNoMore();
  }

  /** Nobody is being let in any more. */
  joinRefused(): void {
    if (this.state.status === 'joining') this.state.status = this.statusBeforeJoin;
  }

  /** What a chat is that somebody is being let into. */
  get statusBeforeJoin(): 'waiting' | 'missed' {
    return this.state.wasMissed ? 'missed' : 'waiting';
  }

  waitsAgain(now: number): void {
    this.#waitsNoMore();
    this.state.status = 'waiting';
    this.state.waitingSince = now;
  }

  missed(): void {
    this.state.status = 'missed';
    this.state.wasMissed = true;
  }

  /** When the team is to be reminded next, ms; undefined when it is not. */
  reminderAt(afterMs: readonly number[]): number | undefined {
    const { status, waitingSince, reminders = 0 } = this.state;
    const next = afterMs[reminders];
    const isAsking = status === 'waiting' || status === 'missed';
    return isAsking && waitingSince !== undefined && next !== undefined ? waitingSince + next : undefined;
  }

  reminded(): void {
    this.state.reminders = (this.state.reminders ?? 0) + 1;
  }

  #waitsNoMore(): void {
    delete this.state.waitingSince;
    delete this.state.wasMissed;
    delete this.state.reminders;
  }

  /** @param reopenUntil until when the chat can go on, ms; undefined when it cannot. */
  end(by: EndedBy, now: number, reopenUntil?: number): void {
    this.state.status = 'ended';
    this.state.endedBy = by;
    this.state.endedAt = now;
    if (reopenUntil !== undefined) this.state.reopenUntil = reopenUntil;
    this.#waitsNoMore();
  }

  /** The chat has ended, and can go on. */
  get mayReopen(): boolean {
    return this.isEnded && this.state.reopenUntil !== undefined;
  }

  /** An ended chat goes on, and waits for an agent until somebody is in. */
  reopen(now: number): void {
    const { endedAt = now, pauses = [] } = this.state;
    this.state.pauses = [...pauses, { from: endedAt, to: now }].slice(-mostPauses);
    delete this.state.endedAt;
    delete this.state.endedBy;
    delete this.state.reopenUntil;
    this.state.lastActivityAt = now;
    this.waitsAgain(now);
  }

  /** It is too late to go on. */
  closeForGood(): void {
    delete this.state.reopenUntil;
  }

  /** Whether the chat was over at that time: what was written then is for no visitor. */
  wasOverAt(at: number): boolean {
    const { endedAt = Infinity, pauses = [] } = this.state;
    return at > endedAt || pauses.some(({ from, to }) => at > from && at <= to);
  }
}
