import { ZoomError } from '../errors.ts';
import type { GatedCall, Leave } from '../gate.ts';
import type { Daily } from './daily.ts';
import { Share, SOON_MS, type ShareOptions } from './share.ts';
import { Speed } from './speed.ts';

/** How a call takes its turn. */
export interface Turn {
  /** It was held back before and has come back: it goes before those that come for the first time. */
  readonly returning: boolean;
  /**
   * The same piece of work has made a call already: it goes before all others. Begun work that had to start over for want of
   * one more permit would use up, by starting over, those that it needs to finish.
   */
  readonly continues: boolean;
  /**
   * When it is held back it comes back by itself, so a place in the line is kept for it. Otherwise it may wait here though
   * others have a place before it.
   */
  readonly comesBack: boolean;
  /** How long it may wait here for a permit, ms; what would take longer is held back at once. */
  readonly patienceMs: number;
}

/** A permit is used until this long after the answer, ms: Zoom counted the call at some time before the answer. */
const permitMs = 1_000;
/** A place whose call has not come back so long after its time, ms, is given up: it may have gone to another process. */
const placeKeptMs = 1_500;
/** Who is due so soon goes before those that come for the first time, ms. */
const soonDueMs = 100;
const mostPlaces = 1_000;
/** Longest wait that a call is told, ms, but for a spent day: things may change for the better. */
const longestMs = 20_000;
/** What waits for the end of a day comes back within this time after it, ms. */
const morningMs = 120_000;

interface Waiter {
  readonly continues: boolean;
  readonly go: () => void;
  readonly giveUpAt: number;
  readonly giveUp: () => void;
}

export type LineOptions = Omit<ShareOptions, 'key'> & {
  readonly key: string;
  readonly daily: Daily;
  /** Told of every call that is held back, and for how long, ms. */
  readonly onHeldBack: (call: GatedCall, waitMs: number) => void;
};

/**
 * The calls of one Zoom account and label in this process: who may go now, and who comes back when.
 *
 * A call uses a permit from before it is sent until a second after its answer. Whatever two calls Zoom counts within one
 * second, both held their permits at one moment; so no more permits than Zoom allows calls in a second is all it takes,
 * however slow the network or Zoom is.
 *
 * Calls that may not go are given times to come back, one after the other at the pace at which permits come free. Who comes
 * back goes first; who is new goes only when nobody who is due is left out by it. A few may wait here for a moment, so that
 * no permit stays unused because somebody comes back a little late.
 */
export class Line {
  readonly #options: LineOptions;
  readonly #share: Share;
  readonly #speed: Speed;
  #inFlight = 0;
  /** When the permits of answered calls come free, ms, ascending. */
  readonly #backAt: number[] = [];
  /** When calls that were held back come back, ms, ascending. */
  readonly #places: number[] = [];
  /** The last place given, ms. */
  #tail = 0;
  readonly #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Infinity;
  #pausedUntil = 0;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#speed = new Speed(options.clock);
    this.#share = new Share(options, {
      used: () => this.#used(options.clock()),
      wants: () => this.#wants(options.clock()),
      speed: () => this.#speed.value,
      grown: () => this.#serve(),
    });
  }

  /** Whether there is nothing to remember but what Zoom would tell again. */
  get idle(): boolean {
    return this.#inFlight === 0 && this.#waiters.length === 0 && this.#share.idle;
  }

  /** @throws ZoomError `heldBack` */
  enter(call: GatedCall, turn: Turn): Leave | Promise<Leave> {
    const now = this.#options.clock();
    this.#forgetPlaces(now);
    const spentUntil = this.#options.daily.spentUntil;
    if (spentUntil !== undefined) {
      throw this.#heldBack(call, spentUntil - now + this.#options.random() * morningMs);
    }
    if (turn.returning && (this.#places[0] ?? Infinity) <= now + turn.patienceMs) this.#places.shift();
    const goesFirst = turn.returning || turn.continues;
    const due = goesFirst ? 0 : this.#dueBy(now + soonDueMs);
    const before = turn.continues ? this.#continuing : this.#waiters.length;
    const free = this.#free(now);
    // Of several, the last free one is taken: ask for a share before it is missed.
    if (this.#used(now) + 1 >= Math.max(2, this.#options.free)) this.#share.need();
    if (before === 0 && free > due) return this.#pass(call);

    this.#share.needMore();
    const soonest = this.#permitAt(now, before + due);
    // New ones that wait here would go before those that were told to come back.
    const mayWait = goesFirst || !turn.comesBack || this.#places.length === 0;
    if (mayWait && soonest <= now + turn.patienceMs && before < this.#mostWaiters(turn)) {
      return this.#wait(call, turn, now);
    }
    throw this.#heldBack(call, this.#comeBackIn(turn, now, soonest));
  }

  /** Permits that could be taken now. */
  #free(now: number): number {
    return now < this.#pausedUntil ? 0 : this.#share.permits - this.#used(now);
  }

  #used(now: number): number {
    while ((this.#backAt[0] ?? Infinity) <= now) this.#backAt.shift();
    return this.#inFlight + this.#backAt.length;
  }

  #wants(now: number): number {
    this.#forgetPlaces(now);
    return this.#used(now) + this.#places.length + this.#waiters.length;
  }

  /** As many may wait here as permits come free in half a second, or in the time that these wait. */
  #mostWaiters({ patienceMs }: Turn): number {
    return Math.max(2, Math.ceil((this.#share.prospect * Math.max(patienceMs, permitMs / 2)) / permitMs));
  }

  /** How many wait here to go on with what they have begun; they are the first. */
  get #continuing(): number {
    const index = this.#waiters.findIndex((waiter) => !waiter.continues);
    return index === -1 ? this.#waiters.length : index;
  }

  /** When about the permit after `ahead` others can be had, ms. */
  #permitAt(now: number, ahead: number): number {
    const permits = this.#share.permits;
    const missing = ahead - (permits - this.#used(now));
    const from = Math.max(now, this.#pausedUntil);
    if (missing < 0) return from;
    if (this.#share.growing) return from + SOON_MS;
    const known = this.#backAt[missing];
    if (known !== undefined) return Math.max(from, known);
    // Beyond what is known to come back: at the pace of the permits there are.
    const beyond = missing - this.#backAt.length + 1;
    return Math.max(from, this.#backAt.at(-1) ?? now) + (beyond * permitMs) / Math.max(this.#share.prospect, 0.5);
  }

  #pass(call: GatedCall): Leave {
    this.#inFlight += 1;
    this.#options.daily.made();
    let left = false;
    return (error) => {
      if (left) return;
      left = true;
      const now = this.#options.clock();
      this.#inFlight -= 1;
      this.#backAt.push(now + permitMs);
      if (error?.kind === 'rateLimited') this.#refused(call, error, now);
      this.#serveLater(now);
    };
  }

  /** What Zoom's refusal says about the account, or perhaps about one channel only. */
  #refused(call: GatedCall, error: ZoomError, now: number): void {
    if (error.limit === 'daily') {
      this.#options.daily.refused(now + (error.retryAfterMs ?? permitMs));
      return;
    }
    const perhapsTheChannel = error.limit === undefined && postsToChannels.has(call.operation);
    this.#speed.slowDown(perhapsTheChannel ? 0.9 : 0.7);
    if (perhapsTheChannel) return;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(error.retryAfterMs ?? permitMs, longestMs));
  }

  #wait(call: GatedCall, turn: Turn, now: number): Promise<Leave> {
    return new Promise((resolve, reject) => {
      const at = turn.continues ? this.#continuing : this.#waiters.length;
      this.#waiters.splice(at, 0, {
        continues: turn.continues,
        giveUpAt: now + turn.patienceMs,
        go: () => resolve(this.#pass(call)),
        giveUp: () => {
          const then = this.#options.clock();
          reject(this.#heldBack(call, this.#comeBackIn(turn, then, this.#permitAt(then, this.#waiters.length))));
        },
      });
      this.#serveLater(now);
    });
  }

  /** Let those go who wait here and may. */
  #serve(): void {
    clearTimeout(this.#timer);
    this.#wakesAt = Infinity;
    const now = this.#options.clock();
    while (this.#waiters.length > 0 && this.#free(now) > 0) this.#waiters.shift()?.go();
    for (let index = 0; index < this.#waiters.length;) {
      const waiter = this.#waiters[index];
      if (!waiter || waiter.giveUpAt > now) index += 1;
      else {
        this.#waiters.splice(index, 1);
        waiter.giveUp();
      }
    }
    this.#serveLater(now);
  }

  /** While somebody waits here, look again when the next permit comes free or a patience ends. */
  #serveLater(now: number): void {
    if (this.#waiters.length === 0) return;
    const patienceEnds = Math.min(...this.#waiters.map((waiter) => waiter.giveUpAt));
    const permit = Math.max(this.#backAt[0] ?? Infinity, this.#pausedUntil);
    const wakeAt = Math.min(patienceEnds, permit);
    if (wakeAt >= this.#wakesAt) return;
    clearTimeout(this.#timer);
    this.#wakesAt = wakeAt;
    this.#timer = setTimeout(() => this.#serve(), Math.max(1, wakeAt - now));
  }

  /** How long a call that is held back waits, ms; keeps a place for it. */
  #comeBackIn(turn: Turn, now: number, soonest: number): number {
    const gap = permitMs / Math.max(this.#share.prospect, 1);
    // A tenth further apart than permits come free, so that few come back in vain; what is left over by that goes to those
    // who are new. Who has waited already is about as near to the front as a permit or two.
    const at = turn.returning
      ? soonest + this.#options.random() * 2 * gap
      : Math.max(this.#tail, soonest) + gap * (0.6 + this.#options.random());
    const last = now + longestMs;
    // Nobody is told to wait longer; those beyond come back spread over a while.
    const place = at <= last ? at : last - this.#options.random() * (longestMs / 2);
    if (turn.comesBack && this.#places.length < mostPlaces) {
      if (!turn.returning) this.#tail = Math.max(this.#tail, Math.min(at, last));
      insert(this.#places, place);
    }
    return Math.max(1, place - now);
  }

  #dueBy(now: number): number {
    const index = this.#places.findIndex((at) => at > now);
    return index === -1 ? this.#places.length : index;
  }

  #forgetPlaces(now: number): void {
    while ((this.#places[0] ?? Infinity) < now - placeKeptMs) this.#places.shift();
  }

  #heldBack(call: GatedCall, waitMs: number): ZoomError {
    const retryAfterMs = Math.ceil(waitMs);
    this.#options.onHeldBack(call, retryAfterMs);
    const { operation } = call;
    return new ZoomError({ kind: 'heldBack', operation, retryable: true, ambiguous: false, retryAfterMs });
  }
}

/** Calls whose 429 can be that of a single channel. */
const postsToChannels: ReadonlySet<string> = new Set(['bot.post', 'messages.send']);

function insert(sorted: number[], value: number): void {
  let index = sorted.length;
  while (index > 0 && (sorted[index - 1] ?? 0) > value) index -= 1;
  sorted.splice(index, 0, value);
}
