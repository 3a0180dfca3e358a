import type { ChatStatus, EndedBy } from '../../domain/transcript.ts';

export interface LifecycleState {
  status: ChatStatus;
  startedAt: number;
  /**
   * Since when the chat has been asking for an agent, ms; absent once the visitor has read that nobody joined in
   * time.
   */
  waitingSince?: number;
  /** Last time anybody wrote, ms. */
  lastActivityAt: number;
  endedBy?: EndedBy;
  endedAt?: number;
}

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

  active(): void {
    if (this.isEnded) return;
    this.state.status = 'active';
    delete this.state.waitingSince;
  }

  /** Nobody is being let in any more. */
  joinRefused(): void {
    if (this.state.status === 'joining')
      this.state.status = this.state.waitingSince === undefined ? 'missed' : 'waiting';
  }

  waitsAgain(now: number): void {
    this.state.status = 'waiting';
    this.state.waitingSince = now;
  }

  missed(): void {
    this.state.status = 'missed';
    delete this.state.waitingSince;
  }

  end(by: EndedBy, now: number): void {
    this.state.status = 'ended';
    this.state.endedBy = by;
    this.state.endedAt = now;
    delete this.state.waitingSince;
  }
}
