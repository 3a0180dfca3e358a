import type { CallGate, GatedCall } from '../gate.ts';
import { RATES, type ZoomPlan } from '../rates.ts';
import { Daily, type DayBoard } from './daily.ts';
import { Line, type Turn } from './line.ts';
import type { ShareBoard } from './share.ts';

export interface RateLimiterOptions {
  /** The plan of the accounts that use the app: the smallest, if they differ. */
  readonly plan: ZoomPlan;
  /** Where processes agree on their parts. */
  readonly board: ShareBoard & DayBoard;
  /** How the call that is just being made takes its turn. Default: it waits up to two seconds and does not come back. */
  readonly turn?: (() => Turn) | undefined;
  /** The time now, ms since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
  /** From 0 up to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Told of every call that is held back, and for how long, ms: for metrics. */
  readonly onHeldBack?: ((call: GatedCall, waitMs: number) => void) | undefined;
}

/** Somebody waits for a page, not for a message: better a moment late than refused. */
const patient: Turn = { returning: false, continues: false, comesBack: false, patienceMs: 2_000 };

/** Part of an account's rate that processes claim; the rest is for their free permits. */
const claimable = 0.85;
/** Part of an account's rate, for each process, that it may use without asking. */
const freePart = 0.1;
/** Accounts and labels that are remembered. */
const mostLines = 2_000;

/** Keeps the rates of all accounts in this process, together with all other processes: see docs/rate-limits.md. */
export function createRateLimiter(options: RateLimiterOptions): CallGate {
  const { plan, board, turn = () => patient, clock = Date.now, random = Math.random, onHeldBack } = options;
  const lines = new Map<string, Line>();

  function lineOf(call: GatedCall): Line {
    const key = `${call.accountId}/${call.label}`;
    let line = lines.get(key);
    if (line) {
      // The one used last is the last to be forgotten.
      lines.delete(key);
    } else {
      if (lines.size >= mostLines) forgetOne();
      const { perSecond, perDay } = RATES[plan][call.label];
      line = new Line({
        key,
        board,
        pool: Math.max(1, Math.round(perSecond * claimable)),
        free: Math.max(1, Math.floor(perSecond * freePart)),
        daily: new Daily({ key, perDay, board, clock }),
        clock,
        random,
        onHeldBack: onHeldBack ?? (() => undefined),
      });
    }
    lines.set(key, line);
    return line;
  }

  function forgetOne(): void {
    for (const [key, line] of lines) {
      if (!line.idle) continue;
      lines.delete(key);
      return;
    }
  }

  return { enter: (call) => lineOf(call).enter(call, turn()) };
}
