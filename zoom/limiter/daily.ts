const DAY_MS = 86_400_000;

/** Where processes take parts of an account's day. */
export interface DayBoard {
  /** Take this part of the day; false when another has it. */
  take(part: DayPart): Promise<boolean>;
}

/** A part of the calls of one day. `day` counts from 1970 in UTC, `part` from 0. */
export interface DayPart {
  readonly key: string;
  readonly day: number;
  readonly part: number;
}

export interface DailyOptions {
  /** Names the account's calls of one label to the other processes. */
  readonly key: string;
  /** Calls until 00:00 UTC; undefined when there is no cap to keep. */
  readonly perDay: number | undefined;
  readonly board: DayBoard;
  readonly clock: () => number;
}

/** A little is left for calls that are made before a part is taken. */
const kept = 0.95;
const parts = 100;
/** A process takes its first part after so many calls: one that starts over and over must not use a day up. */
const untilFirst = 5;

/**
 * An account's cap on the calls of a day, shared by all processes: each takes parts of the day as it needs them, ahead of
 * need and behind the calls. What it has learned from Zoom itself counts more.
 */
export class Daily {
  readonly #options: DailyOptions;
  readonly #partSize: number;
  #day = -1;
  #made = 0;
  #taken = 0;
  #next = 0;
  #taking = false;
  #spentUntil = 0;

  constructor(options: DailyOptions) {
    this.#options = options;
    this.#partSize = Math.max(1, Math.floor(((options.perDay ?? 0) * kept) / parts));
  }

  /** When calls may be made again, ms since 1970; undefined while they may. */
  get spentUntil(): number | undefined {
    const now = this.#options.clock();
    if (now < this.#spentUntil) return this.#spentUntil;
    this.#turnPage(now);
    const noMore = this.#next >= parts && this.#made >= this.#taken;
    return this.#options.perDay !== undefined && noMore ? (this.#day + 1) * DAY_MS : undefined;
  }

  /** A call was let through. */
  made(): void {
    if (this.#options.perDay === undefined) return;
    this.#turnPage(this.#options.clock());
    this.#made += 1;
    const low = this.#taken === 0 ? this.#made >= untilFirst : this.#made >= this.#taken - this.#partSize / 2;
    if (low && !this.#taking) void this.#take();
  }

  /** Zoom says that the day's calls are used up, by whichever app. */
  refused(until: number): void {
    this.#spentUntil = until;
  }

  /** A new day begins at 00:00 UTC. */
  #turnPage(now: number): void {
    const day = Math.floor(now / DAY_MS);
    if (day === this.#day) return;
    this.#day = day;
    this.#made = 0;
    this.#taken = 0;
    this.#next = 0;
  }

  async #take(): Promise<void> {
    const { key, board } = this.#options;
    this.#taking = true;
    const day = this.#day;
    try {
      while (this.#next < parts && day === this.#day) {
        const part = this.#next;
        const ours = await board.take({ key, day, part });
        if (day !== this.#day) return;
        this.#next = part + 1;
        if (!ours) continue;
        this.#taken += this.#partSize;
        if (this.#made < this.#taken) return;
      }
    } catch {
      // The board is away: calls go on, and the next one asks again.
    } finally {
      this.#taking = false;
    }
  }
}
