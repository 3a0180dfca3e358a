import { activityInfo, asyncLocalStorage, heartbeat, type Context } from '@temporalio/activity';
import {
  createRateLimiter,
  type CallGate,
  type Leave,
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
/** A local activity keeps its workflow waiting, ms. */
const localPatienceMs = 25;
/** A person waits for a page, ms. */
const requestPatienceMs = 2_000;

/**
 * The turn of the running activity. One that Temporal runs again has waited already; a local one is tried once, and comes
 * back, if at all, as another activity.
 */
function turnNow(): Turn {
  const context = asyncLocalStorage.getStore();
  if (!context) return { returning: false, continues: false, comesBack: 'never', patienceMs: requestPatienceMs };
  const { attempt, isLocal } = context.info;
  const continues = begun.has(context);
  const comesBack = isLocal ? 'asAnother' : 'later';
  const patienceMs = continues ? begunPatienceMs : isLocal ? localPatienceMs : activityPatienceMs;
  return { returning: attempt > 1, continues, comesBack, patienceMs };
}

/** Activities whose present attempt has made a call. */
const begun = new WeakSet<Context>();
/** Activities whose present attempt has sent something that changes something in Zoom. */
const wrote = new WeakSet<Context>();

/** The rate limiter of this process: what every call to Zoom passes. Keep one. None for the plan `off`. */
export function zoomGate(
  store: Pick<Store, 'rateShares' | 'rateDays'>,
  { plan, onHeldBack }: Pick<RateLimiterOptions, 'onHeldBack'> & { plan: ZoomPlan | 'off' },
): CallGate | undefined {
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
export function notingCalls(gate: CallGate): CallGate {
  return {
    enter(call) {
      const leave = gate.enter(call);
      const context = asyncLocalStorage.getStore();
      if (!context) return leave;
      const note = (entered: Leave): Leave => {
        begun.add(context);
        if (call.write) wrote.add(context);
        return entered;
      };
      return leave instanceof Promise ? leave.then(note) : note(leave);
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
