import { activityInfo, asyncLocalStorage, heartbeat, type Context } from '@temporalio/activity';
import {
  createRateLimiter,
  type CallGate,
  type GatedCall,
  type Leave,
  type RateLabel,
  type RateLimiterOptions,
  type Turn,
  type ZoomPlan,
} from '../zoom/index.ts';
import type { Store } from '../store/index.ts';

/**
 * How calls take their turn at the rate limiter, from what Temporal knows of the activity that makes them; and what an
 * attempt that was held back leaves behind for the next one.
 */

/** A wait so short holds no slot of a worker for long, and spares the way back to the server, ms. */
const activityPatienceMs = 100;
/** Work that has begun is let finish: waiting holds a slot, but only for as many as permits there are, ms. */
const begunPatienceMs = 5_000;
/** A local activity keeps its workflow waiting; one that has come back in its time is not sent away for a moment, ms. */
const localPatienceMs = 25;
/** A person waits for a page, ms. */
const requestPatienceMs = 2_000;

/** The turn of the running activity. One that Temporal runs again has waited already; of a local one its workflow knows. */
function turnNow(): Turn {
  const context = asyncLocalStorage.getStore();
  if (!context) return { returning: false, continues: false, comesBack: false, patienceMs: requestPatienceMs };
  const { attempt, isLocal } = context.info;
  const continues = begun.has(context);
  const returning = attempt > 1 || sentBefore.has(context);
  const patienceMs = continues ? begunPatienceMs : isLocal && !returning ? localPatienceMs : activityPatienceMs;
  return { returning, continues, comesBack: true, patienceMs };
}

/** Local activities whose workflow was told before to come back at this time. */
const sentBefore = new WeakSet<Context>();

/** Activities whose present attempt has made a call. */
const begun = new WeakSet<Context>();
/** Activities whose present attempt has sent something that changes something in Zoom. */
const wrote = new WeakSet<Context>();

/** A gate at which the running activity can take the turn of its next call ahead of the call. */
export interface TurnGate extends CallGate {
  /**
   * @param cameBack its workflow was told before to come back now.
   * @returns to be called when the activity ends: gives back a turn that no call has used.
   * @throws ZoomError `heldBack`, with `retryAfterMs`: nothing was done.
   */
  takeTurn(call: GatedCall, cameBack: boolean): Promise<() => void>;
}

/** The rate limiter of this process: what every call to Zoom passes. Keep one. None for the plan `off`. */
export function zoomGate(
  store: Pick<Store, 'rateShares' | 'rateDays'>,
  { plan, onHeldBack }: Pick<RateLimiterOptions, 'onHeldBack'> & { plan: ZoomPlan | 'off' },
): TurnGate | undefined {
  if (plan === 'off') return undefined;
  const { rateShares, rateDays } = store;
  const board: RateLimiterOptions['board'] = {
    exchange: (key, post) => rateShares.exchange(key, post),
    leave: (key, place) => rateShares.leave(key, place),
    take: (part) => rateDays.take(part),
  };
  return notingCalls(createRateLimiter({ plan, onHeldBack, board, turn: turnNow }));
}

/** A gate that notes which activities have gone through, and which of them to write. */
export function notingCalls(gate: CallGate): TurnGate {
  /** Turns that were taken ahead, and for which calls. */
  const taken = new WeakMap<Context, { accountId: string; label: RateLabel; leave: Leave }>();
  const use = (context: Context, { accountId, label }: GatedCall): Leave | undefined => {
    const turn = taken.get(context);
    if (turn?.accountId !== accountId || turn.label !== label) return undefined;
    taken.delete(context);
    return turn.leave;
  };
  return {
    enter(call) {
      const context = asyncLocalStorage.getStore();
      if (!context) return gate.enter(call);
      const note = (entered: Leave): Leave => {
        begun.add(context);
        if (call.write) wrote.add(context);
        return entered;
      };
      const leave = use(context, call) ?? gate.enter(call);
      return leave instanceof Promise ? leave.then(note) : note(leave);
    },
    async takeTurn(call, cameBack) {
      const context = asyncLocalStorage.getStore();
      if (!context) return () => undefined;
      if (cameBack) sentBefore.add(context);
      const { accountId, label } = call;
      const leave = await gate.enter(call);
      taken.set(context, { accountId, label, leave });
      return () => {
        if (taken.delete(context)) leave();
      };
    },
  };
}

/** Kept with the activity from one attempt to the next. */
interface Untouched {
  /** Attempts up to this one have changed nothing in Zoom. */
  untouchedUpTo: number;
}

/** The present attempt was held back: whether it changed nothing in Zoom before that. If so the next attempt is told. */
export function noteHeldBack(): boolean {
  const context = asyncLocalStorage.getStore();
  if (!context || wrote.has(context)) return false;
  const { attempt, isLocal } = context.info;
  if (!isLocal && !earlierAttemptsActed()) heartbeat({ untouchedUpTo: attempt } satisfies Untouched);
  return true;
}

/** A first attempt is scheduled with its activity; one after a reset later than that by at least the time of the first, ms. */
const resetNoticedMs = 1;

/**
 * Whether earlier attempts of the running activity may have changed something in Zoom: there were some, and not all of them
 * are known to have been held back before they did. Temporal's own count begins anew when somebody resets the activity in
 * Temporal UI; the time it was scheduled at does not.
 */
export function earlierAttemptsActed(): boolean {
  const info = activityInfo();
  if (info.attempt === 1) return info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs >= resetNoticedMs;
  const left = info.heartbeatDetails as Partial<Untouched> | undefined;
  return left?.untouchedUpTo !== info.attempt - 1;
}
