import { vi } from 'vitest';
import {
  createRateLimiter,
  isZoomError,
  ZoomError,
  type CallGate,
  type DayBoard,
  type PostOfOther,
  type RateLabel,
  type ShareBoard,
  type Turn,
  type ZoomErrorFields,
  type ZoomPlan,
} from '../../../zoom/index.ts';

/** From 0 up to 1, the same each run. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** What the processes share, in memory: a write is seen by whoever reads after it, both take some time. */
export class MemoryBoard {
  readonly posts = new Map<string, Map<number, { holder: string; at: number } & PostOfOther>>();
  readonly days = new Map<string, string>();
  away = false;
  /** Processes that write and read no more. */
  readonly dead = new Set<string>();
  exchanges = 0;
  readonly #delayMs: number;

  constructor(delayMs = 3) {
    this.#delayMs = delayMs;
  }

  of(holder: string): ShareBoard & DayBoard {
    const travel = async () => {
      await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
      if (this.away || this.dead.has(holder)) throw new Error('The board is away.');
    };
    return {
      exchange: async (key, { place: wished, ...post }) => {
        this.exchanges += 1;
        await travel();
        const posts = this.posts.get(key) ?? new Map<number, { holder: string; at: number } & PostOfOther>();
        this.posts.set(key, posts);
        const alive = (at: number) => Date.now() - at < 6_000;
        let place = wished;
        if (place === undefined || posts.get(place)?.holder !== holder) {
          place = 0;
          for (let taken = posts.get(place); taken && alive(taken.at); taken = posts.get(place)) place += 1;
        }
        posts.set(place, { ...post, place, holder, at: Date.now() });
        await travel();
        return { place, others: [...posts.values()].filter((other) => other.holder !== holder && alive(other.at)) };
      },
      leave: async (key, place) => {
        await travel();
        this.posts.get(key)?.delete(place);
      },
      take: async ({ key, day, part }) => {
        await travel();
        const id = `${key}/${day}/${part}`;
        if (this.days.has(id)) return false;
        this.days.set(id, holder);
        return true;
      },
    };
  }
}

/** Zoom, counting by its own rule: a sliding second for each account. */
export class CountingZoom {
  readonly times: number[] = [];
  refused = 0;
  perSecond: number;
  /** How long a call takes, ms, and after what part of that Zoom counts it. */
  latency: () => number = () => 8;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  async call(random: () => number, refusal: Partial<ZoomErrorFields> = {}): Promise<void> {
    const latency = this.latency();
    const before = latency * random();
    await pause(before);
    const now = Date.now();
    const inLastSecond = this.times.filter((time) => time > now - 1_000).length;
    const ok = inLastSecond < this.perSecond;
    if (ok) this.times.push(now);
    else this.refused += 1;
    await pause(latency - before);
    if (!ok) throw zoomError({ kind: 'rateLimited', retryable: true, ...refusal });
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
export const zoomError = (fields: Partial<ZoomErrorFields>) =>
  new ZoomError({ kind: 'rateLimited', operation: 'bot.post', retryable: true, ambiguous: false, ...fields });

export interface Process {
  gate: CallGate;
  /** The turn of the next call that enters. */
  turn: Turn;
  random: () => number;
}

export const firstTime: Turn = { returning: false, continues: false, comesBack: true, patienceMs: 100 };
export const comingBack: Turn = { ...firstTime, returning: true };

export function startProcess(board: MemoryBoard, name: string, plan: ZoomPlan = 'pro', seed = 1): Process {
  const random = generator(seed);
  const process: Process = {
    gate: createRateLimiter({ plan, board: board.of(name), turn: () => process.turn, random }),
    turn: firstTime,
    random,
  };
  return process;
}

interface Entering {
  accountId?: string;
  label?: RateLabel;
  turn?: Turn;
  operation?: string;
}

/** Enter once; undefined when it was held back. */
export async function tryToEnter(
  process: Process,
  { accountId = 'account-1', label = 'medium', turn = firstTime, operation = 'bot.post' }: Entering = {},
) {
  process.turn = turn;
  try {
    return { leave: await process.gate.enter({ accountId, label, operation, write: true }) };
  } catch (error) {
    if (!isZoomError(error, 'heldBack')) throw error;
    return { waitMs: error.retryAfterMs ?? 0 };
  }
}

/** What became of one call. */
export interface Done {
  /** From the first try until it went through, ms. */
  waited: number;
  tries: number;
}

/** One call as an activity makes it: held back, it comes back after its delay, somewhat late, in any of the processes. */
export async function makeCall(
  processes: readonly Process[],
  zoom: CountingZoom,
  random: () => number,
  {
    accountId = 'account-1',
    lateMs = 20,
    refusal = {},
  }: { accountId?: string; lateMs?: number; refusal?: Partial<ZoomErrorFields> } = {},
): Promise<Done> {
  const begun = Date.now();
  for (let tries = 1; ; tries += 1) {
    const process = processes[Math.floor(random() * processes.length)] as Process;
    const entered = await tryToEnter(process, { accountId, turn: tries === 1 ? firstTime : comingBack });
    if (entered.leave === undefined) {
      await pause(entered.waitMs + random() * lateMs);
      continue;
    }
    try {
      await zoom.call(process.random, refusal);
      entered.leave();
      return { waited: Date.now() - begun, tries };
    } catch (error) {
      entered.leave(error as ZoomError);
      await pause(300 + random() * 300);
    }
  }
}

/** Run on fake time until all of `work` is done. */
export async function onFakeTime<T>(work: () => Promise<T>): Promise<T> {
  const state = { done: false };
  const running = work().finally(() => {
    state.done = true;
  });
  running.catch(() => undefined);
  while (!state.done) await vi.advanceTimersByTimeAsync(5);
  return running;
}
