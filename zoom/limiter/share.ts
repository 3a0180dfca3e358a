import { fairShare } from './fair-share.ts';

/** What a process tells the others about its part of one account's rate. */
export interface Post {
  /** Permits that it uses and nobody else may. */
  readonly claim: number;
  /** Permits that it could use. */
  readonly wants: number;
  /** What it has learned from refusals: the part of the documented rate that Zoom really gives, 0 to 1. */
  readonly speed: number;
}

/** A post of another process. */
export type PostOfOther = Post & { readonly place: number };

/**
 * Where processes tell each other their claims. An exchange writes before it reads, so of two that claim at the same time at
 * least one sees the other.
 */
export interface ShareBoard {
  /**
   * Write this process's post and read the others'.
   * @param place where the process wrote last; it keeps that place unless it was taken for dead.
   * @returns its place, undefined when all are taken (nothing is written then), and what the others, as far as they are
   *   alive, have posted.
   */
  exchange(
    key: string,
    post: Post & { readonly place?: number | undefined },
  ): Promise<{ place: number | undefined; others: readonly PostOfOther[] }>;
  /** Take the post away. */
  leave(key: string, place: number): Promise<void>;
}

/** What a share is reckoned from, by the line that it belongs to. */
export interface ShareSource {
  /** Permits in use. */
  used(): number;
  /** Permits that could be used: those in use, and what waits for one. */
  wants(): number;
  /** Part of the documented rate that Zoom gives, as far as this process knows, 0 to 1. */
  speed(): number;
  /** There is more to be had than before. */
  grown(): void;
}

export interface ShareOptions {
  /** Names the account's rate to the other processes. */
  readonly key: string;
  readonly board: ShareBoard;
  /** Permits that all processes may claim together at full speed. */
  readonly pool: number;
  /** Permits that a process may use without a claim. */
  readonly free: number;
  readonly clock: () => number;
  readonly random: () => number;
}

/** Claims are brought up to date this often while there is need, ms. */
const refreshMs = 500;
/** … and this soon when more is needed and can be had, ms. */
const soonMs = 40;
/** Until what is asked for soon is there, ms, with a board that answers as it should. */
export const SOON_MS = soonMs + 30;
/** Over-claimed at the same moment as another: the next try comes after this much and as much again by chance, ms. */
const clashMs = 60;
/** A claim that could not be confirmed for so long is no longer used, ms. The others take it for dead after twice that. */
export const CLAIM_TRUSTED_MS = 3_000;
/** A process that needs no share for so long gives its own back, ms. */
const idleMs = 2_000;
/** The longest window in which Zoom counts, ms. */
const windowMs = 1_000;

/**
 * The part of one account's rate that this process may use, agreed with all other processes.
 *
 * A few permits are free: an account that is not busy is served without asking anybody. Who needs more claims it on the
 * board. A claim is raised only after it was written and the sum of all claims was read and fits; it is lowered as others
 * want their fair part, and what was posted never falls below the permits still in use. So the sum of what is used stays
 * within the pool at any time, and the free permits of processes that have just begun within what the pool leaves over.
 */
export class Share {
  readonly #options: ShareOptions;
  readonly #source: ShareSource;
  #others: readonly PostOfOther[] = [];
  #place: number | undefined;
  #usable = 0;
  /** When the claim was last confirmed, ms; undefined while there is none. */
  #confirmedAt: number | undefined;
  /** Since when this process has been on the board, ms. */
  #postedSince = 0;
  #neededAt = 0;
  #refreshedAt = 0;
  #refreshing = false;
  #timer: NodeJS.Timeout | undefined;
  #nextAt = 0;

  constructor(options: ShareOptions, source: ShareSource) {
    this.#options = options;
    this.#source = source;
  }

  /** Permits that this process may have in use at once now. */
  get permits(): number {
    return this.#claiming ? this.#usable : this.#options.free;
  }

  /** Whether nothing is claimed, asked or waited for. */
  get idle(): boolean {
    return this.#confirmedAt === undefined && !this.#refreshing && this.#timer === undefined;
  }

  /** Whether more than there is now is on its way from the board, within {@link SOON_MS}. */
  get growing(): boolean {
    if (!this.#claiming) return this.#refreshing;
    // What others have to give up first comes with a later refresh.
    return this.#usable < Math.min(this.#fairPart, this.#pool - claimed(this.#others));
  }

  /** Permits that this process will have if it goes on to need them, as far as is known. */
  get prospect(): number {
    return Math.max(this.permits, this.#fairPart);
  }

  /** There will be need of a claim: see that there is one, behind whatever is under way. */
  need(): void {
    this.#neededAt = this.#options.clock();
    if (!this.#refreshing && this.#timer === undefined) void this.#refresh();
  }

  /** More is needed than there is now: if more can be had, do not wait for the next time. */
  needMore(): void {
    this.need();
    if (this.#refreshing || !this.growing) return;
    const since = this.#options.clock() - this.#refreshedAt;
    if (since >= soonMs) void this.#refresh();
    else if (this.#nextAt > this.#refreshedAt + soonMs) this.#schedule(soonMs - since);
  }

  /** What is a fair part for a process that needs all it can get. */
  get #fairPart(): number {
    const pool = this.#pool;
    const fair = fairShare(pool, { place: this.#place ?? Infinity, wants: pool }, this.#others);
    // Until the others have had the time to show up, half of it is enough.
    const settled = this.#place !== undefined && this.#options.clock() - this.#postedSince >= windowMs;
    return this.#others.length === 0 && !settled ? Math.min(fair, Math.ceil(pool / 2)) : fair;
  }

  get #claiming(): boolean {
    return this.#confirmedAt !== undefined && this.#options.clock() - this.#confirmedAt < CLAIM_TRUSTED_MS;
  }

  get #pool(): number {
    const speed = Math.min(this.#source.speed(), ...this.#others.map((other) => other.speed));
    return Math.max(1, Math.floor(this.#options.pool * speed));
  }

  async #refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#refreshing = true;
    this.#refreshedAt = this.#options.clock();
    let again = refreshMs;
    try {
      if (this.#options.clock() - this.#neededAt > idleMs && this.#source.wants() === 0) {
        await this.#giveBack();
        return;
      }
      if (!(await this.#claim())) again = clashMs * (1 + this.#options.random());
    } catch {
      // The board is away. The claim is trusted for a while, then only the free permits are used.
    } finally {
      this.#refreshing = false;
      if (this.#place !== undefined || this.#options.clock() - this.#neededAt <= idleMs) this.#schedule(again);
    }
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#nextAt = this.#options.clock() + delayMs;
    this.#timer = setTimeout(() => void this.#refresh(), delayMs);
    // A claim that is not given back is taken for dead: it must not keep a process alive.
    this.#timer.unref();
  }

  /** @returns false when others claimed at the same moment and it is worth trying again soon. */
  async #claim(): Promise<boolean> {
    // Not confirmed for long, others may have taken it by now.
    if (!this.#claiming) this.#usable = 0;
    const pool = this.#pool;
    // With room to grow: what is asked for now is more by the time it is there.
    const wants = Math.min(Math.max(2 * this.#source.wants(), Math.ceil(pool / 4)), pool);
    const target = Math.min(this.#fairPart, fairShare(pool, { place: this.#place ?? Infinity, wants }, this.#others));
    // Less counts at once; what is in use stays posted until it has come back.
    this.#usable = Math.min(this.#usable, target);
    const wished = Math.max(this.#usable, Math.min(target, pool - claimed(this.#others)));
    await this.#post(wished, wants);
    const room = this.#pool - claimed(this.#others);
    // What was claimed before is ours whatever others post; unless it was lost on the way, see below.
    if (wished <= room || wished <= this.#usable) {
      this.#grantedUpTo(wished);
      return true;
    }
    // Somebody claimed at the same moment. Nothing beyond the old claim was used: take back what does not fit.
    const fits = Math.max(this.#usable, room, 0);
    await this.#post(fits, wants);
    if (fits <= this.#pool - claimed(this.#others)) this.#grantedUpTo(fits);
    return false;
  }

  #grantedUpTo(permits: number): void {
    const grown = permits > this.#usable;
    this.#usable = permits;
    if (grown) this.#source.grown();
  }

  async #post(claim: number, wants: number): Promise<void> {
    const { board, key, clock } = this.#options;
    const asked = clock();
    const answer = await board.exchange(key, {
      place: this.#place,
      claim: Math.max(claim, this.#source.used()),
      wants,
      speed: this.#source.speed(),
    });
    if (this.#place === undefined || answer.place !== this.#place) {
      // A new place: nothing of an earlier claim is left.
      this.#usable = 0;
      this.#postedSince = asked;
    }
    this.#place = answer.place;
    this.#others = answer.others;
    this.#confirmedAt = answer.place === undefined ? undefined : asked;
  }

  async #giveBack(): Promise<void> {
    const place = this.#place;
    this.#place = undefined;
    this.#confirmedAt = undefined;
    this.#usable = 0;
    this.#others = [];
    if (place !== undefined) await this.#options.board.leave(this.#options.key, place);
  }
}

function claimed(others: readonly PostOfOther[]): number {
  return others.reduce((sum, other) => sum + other.claim, 0);
}
