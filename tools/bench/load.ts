import { setTimeout as delay } from 'node:timers/promises';
import { TooLateError } from './waiting.ts';

/**
 * Sends the i-th message and resolves to how long it took, ms; rejects with {@link TooLateError} when it did not
 * arrive.
 */
export type Send = (index: number) => Promise<number>;

/** How a load of messages went. */
export interface Outcome {
  /** ms, of those that arrived. */
  latencies: number[];
  lost: number;
}

/** Offers messages at an even rate, whether or not earlier ones have arrived, and waits for all of them. */
export async function offer(rate: number, seconds: number, send: Send, signal: AbortSignal): Promise<Outcome> {
  const outcome: Outcome = { latencies: [], lost: 0 };
  const total = Math.max(1, Math.round(rate * seconds));
  const underWay: Promise<void>[] = [];
  const begun = performance.now();
  for (let index = 0; index < total; index += 1) {
    const early = begun + (index * 1_000) / rate - performance.now();
    if (early >= 1) await delay(early, undefined, { signal });
    underWay.push(take(outcome, send(index)));
  }
  await Promise.all(underWay);
  return outcome;
}

/**
 * Idle time between lone messages, ms. Temporal hands out tasks in at most 20 loads of their queue a second, and a
 * message takes up to three: closer together, messages would wait for each other.
 */
const idlePauseMs = 200;

/** Waits as long as lone messages should be apart. */
export async function idlePause(signal: AbortSignal): Promise<void> {
  await delay(idlePauseMs, undefined, { signal });
}

/** Keeps a number of messages under way. @returns how many arrive in a second */
export async function saturate(underWay: number, seconds: number, send: Send, signal: AbortSignal): Promise<number> {
  const outcome: Outcome = { latencies: [], lost: 0 };
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  let index = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < end) {
      signal.throwIfAborted();
      await take(outcome, send(index++));
    }
  };
  await Promise.all(Array.from({ length: underWay }, loop));
  return outcome.latencies.length / ((performance.now() - begun) / 1_000);
}

/** Of a sustained rate, this share of the messages arrives within a second of being sent. */
const shareInTime = 0.98;
const inTimeMs = 1_000;
const trials = 4;

/** The highest rate that held, with how it went. */
export interface Sustained {
  /** Messages a second; 0 when no step held. */
  rate: number;
  outcome: Outcome;
  /** What {@link saturate} had found, to which the steps were fitted. */
  saturated: number;
}

/**
 * Searches the highest rate that holds: at which 98 % of the messages arrive within a second of being sent. A short
 * saturation finds the order of magnitude; then steps halve the way between what held and what did not.
 */
export async function sustainedRate(
  options: { underWay: number; stepSeconds: number; settle?: () => Promise<void> },
  send: Send,
  signal: AbortSignal,
): Promise<Sustained> {
  const { underWay, stepSeconds, settle } = options;
  const saturated = await saturate(underWay, stepSeconds / 2, send, signal);
  const best: Sustained = { rate: 0, outcome: { latencies: [], lost: 0 }, saturated };
  let holds = 0;
  let breaks = saturated * 1.2;
  for (let trial = 0; trial < trials; trial += 1) {
    await settle?.();
    const rate = (holds + breaks) / 2;
    const outcome = await offer(rate, stepSeconds, send, signal);
    if (inTime(outcome)) {
      holds = rate;
      Object.assign(best, { rate, outcome });
    } else breaks = rate;
  }
  return best;
}

function inTime({ latencies, lost }: Outcome): boolean {
  const good = latencies.filter((ms) => ms <= inTimeMs).length;
  return good >= shareInTime * (latencies.length + lost);
}

async function take(outcome: Outcome, sent: Promise<number>): Promise<void> {
  try {
    outcome.latencies.push(await sent);
  } catch (error) {
    if (!(error instanceof TooLateError)) throw error;
    outcome.lost += 1;
  }
}
