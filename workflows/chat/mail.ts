import type { MailOutcome, SeqRange } from '../../activities/mail.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';

export interface MailState {
  /** Where the visitor is mailed to. */
  address?: string;
  /** The visitor wants no mails about this chat. */
  isStopped?: true;
  /** The last message of an agent that is recorded, and when it was, ms. */
  lastSeq: number;
  lastAt: number;
  /** When the first of those was recorded that the visitor has not got, ms. */
  firstAt: number;
  /** The visitor has got everything up to here, in the widget. */
  seenSeq: number;
  /** What was pushed to the visitor's sockets lately, oldest first: up to which `seq`, and when, ms. */
  pushed: { seq: number; at: number }[];
  /** Everything up to here is settled: mailed, or given up. */
  mailedSeq: number;
  /** The last mail, and whether the mail server has said that it has it. */
  last?: { at: number; isConfirmed: boolean };
  /** A mail that was begun and has no known outcome: the next try is of the same messages. */
  sending?: SeqRange;
  /** How often in a row the server did not take it, and when the next try is due, ms. */
  failures: number;
  nextTryAt?: number;
  /** The mail server refuses to send to this address. */
  isRefused?: true;
}

/** An agent who writes several lines gets them into one mail: so long is waited after a line, and in all, ms. */
const quietMs = 10_000;
const longestQuietMs = 60_000;
/** From one mail about a chat to the next, ms. */
const apartMs = 5 * 60_000;
/**
 * It takes this long until it is noticed that a visitor's network has gone: what was pushed to them just before counts
 * as not seen. The api pings every 30 s, and waits as long for the answer.
 */
const unnoticedMs = 60_000;
/** Pauses between tries double from the first to the longest, ms. */
const firstPauseMs = 5 * 60_000;
const longestPauseMs = 2 * 3_600_000;

/**
 * What agents answer while the visitor is away, and what of it has gone out by e-mail. The words are not here: they are
 * read from the record when the mail is made.
 */
export class Mail {
  readonly state: MailState;
  readonly #afterMs: number | undefined;
  /** A mail is on its way, which may take minutes: no run ends meanwhile. */
  isUnderWay = false;

  /**
   * @param afterMs how long the visitor is away before they are mailed; undefined: never.
   * @param address the visitor's, as far as it is known from the start.
   */
  constructor(afterMs: number | undefined, address: string | undefined, carried?: MailState) {
    this.#afterMs = afterMs;
    this.state = carried ?? {
      ...(address === undefined ? {} : { address }),
      lastSeq: 0,
      lastAt: 0,
      firstAt: 0,
      seenSeq: 0,
      pushed: [],
      mailedSeq: 0,
      failures: 0,
    };
  }

  /** The visitor leaves an address, which replaces an earlier one. */
  addressGiven(address: string): void {
    if (address !== this.state.address) delete this.state.isRefused;
    this.state.address = address;
  }

  /** The visitor wants no mails about this chat. */
  stop(): void {
    this.state.isStopped = true;
  }

  /** The visitor is there: what is recorded is on their screen, or on the way to it. */
  seen(): void {
    this.state.seenSeq = this.state.lastSeq;
    this.state.pushed = [];
    delete this.state.sending;
  }

  /**
   * Entries were recorded, and pushed.
   * @param isReached the push came to a socket of the visitor.
   */
  published(entries: readonly TranscriptEntry[], isReached: boolean, now: number): void {
    const { state } = this;
    const last = entries.findLast(({ kind }) => kind === 'agentMessage');
    if (last) {
      if (state.lastSeq <= Math.max(state.seenSeq, state.mailedSeq)) state.firstAt = now;
      state.lastSeq = last.seq;
      state.lastAt = now;
    }
    if (!isReached || state.lastSeq === 0) return;
    // They are there still, or it would have been noticed.
    this.#seenBefore(now - unnoticedMs);
    if ((state.pushed.at(-1)?.seq ?? state.seenSeq) < state.lastSeq) {
      state.pushed.push({ seq: state.lastSeq, at: now });
    }
  }

  /**
   * When a mail is due, ms; undefined while none is.
   * @param awaySince since when the visitor is away, ms; undefined while they are there.
   */
  dueAt(awaySince: number | undefined): number | undefined {
    const { address, isStopped, isRefused, lastSeq, lastAt, firstAt, last, nextTryAt } = this.state;
    if (this.#afterMs === undefined || awaySince === undefined) return undefined;
    if (address === undefined || isStopped || isRefused) return undefined;
    if (lastSeq <= this.#settledSeq(awaySince)) return undefined;
    const quietAt = Math.min(lastAt + quietMs, firstAt + longestQuietMs);
    return Math.max(awaySince + this.#afterMs, quietAt, last ? last.at + apartMs : 0, nextTryAt ?? 0);
  }

  /** A mail is about to be sent. @returns whereto, and which messages are in it. */
  begin(awaySince: number): SeqRange & { to: string } {
    const { state } = this;
    state.sending ??= { firstSeq: this.#settledSeq(awaySince) + 1, lastSeq: state.lastSeq };
    return { to: state.address ?? '', ...state.sending };
  }

  /** It was sent, as far as the mail server says so, or there is no use in sending it. */
  settled({ lastSeq }: SeqRange, outcome: MailOutcome, now: number): void {
    this.#over(lastSeq);
    if (outcome === 'sent' || outcome === 'unconfirmed') {
      this.state.last = { at: now, isConfirmed: outcome === 'sent' };
    }
  }

  /** The mail server refuses it: nothing more goes to this address. */
  refused({ lastSeq }: SeqRange): void {
    this.#over(lastSeq);
    this.state.isRefused = true;
  }

  /**
   * It was not sent this time.
   * @param isCertain it is certain that it was not: the next try takes what has been written since along.
   */
  failed(isCertain: boolean, now: number): void {
    const { state } = this;
    state.failures += 1;
    state.nextTryAt = now + Math.min(firstPauseMs * 2 ** (state.failures - 1), longestPauseMs);
    if (isCertain) delete state.sending;
  }

  /** The chat ended long ago. */
  giveUp(): void {
    this.#over(this.state.lastSeq);
  }

  #over(seq: number): void {
    const { state } = this;
    state.mailedSeq = Math.max(state.mailedSeq, seq);
    state.failures = 0;
    delete state.sending;
    delete state.nextTryAt;
    if (state.lastSeq > state.mailedSeq) state.firstAt = state.lastAt;
  }

  /** Up to where the visitor has everything, on their screen or by mail. */
  #settledSeq(awaySince: number): number {
    const { seenSeq, mailedSeq, pushed } = this.state;
    const seen = pushed.findLast(({ at }) => at <= awaySince - unnoticedMs);
    return Math.max(seenSeq, mailedSeq, seen?.seq ?? 0);
  }

  #seenBefore(at: number): void {
    const { state } = this;
    const seen = state.pushed.findLast((push) => push.at <= at);
    if (!seen) return;
    state.seenSeq = Math.max(state.seenSeq, seen.seq);
    state.pushed = state.pushed.filter((push) => push.at > at);
  }
}
