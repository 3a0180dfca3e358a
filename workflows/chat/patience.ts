import {
  ActivityFailure,
  CancellationScope,
  isCancellation,
  patched,
  sleep,
  upsertSearchAttributes,
  type ActivityOptions,
} from '@temporalio/workflow';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { failureMessage, failureType, noAnswer, tryAgainInMs } from '../failures.ts';
import { legMs, patienceMs, pauseAfter, type LegEnd, type Wait } from './waits.ts';

/** One leg of tries, as the activity of it has to be called. */
export interface Leg {
  /** For `executeWithOptions`: how long this leg lasts. */
  options: ActivityOptions;
  /**
   * Empty in the first leg. Later ones look first: what an earlier one did is unknown, also when it was cut off in the
   * middle. `lookSinceMs`: when the first one began.
   */
  again: { lookFirst?: true; lookSinceMs?: number };
}

interface Entry extends Wait {
  scope?: CancellationScope;
  /** How often `retryNow` has been asked for. */
  asked: number;
}

/**
 * What a chat needs from Zoom to go on is waited for, for days if it must be. The tries go in legs, one activity each:
 * within a leg Temporal tries again, after it the chat knows what stands in the way, shows it to operators, and goes on.
 * An operator can have everything tried at once.
 */
export class Patience {
  readonly #entries = new Set<Entry>();
  readonly #changed: () => void;
  readonly #inLegs = patched('waits-in-legs');
  #shown: string | null = null;

  /** @param changed called when there is something else to show. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What waits now, longest first. */
  get waits(): Wait[] {
    return [...this.#entries].map(({ what, since, why, nextTryAt }) => ({
      what,
      since,
      ...(why === undefined ? {} : { why }),
      ...(nextTryAt === undefined ? {} : { nextTryAt }),
    }));
  }

  /**
   * Do one thing in Zoom, however long it takes.
   * @param what in words for an operator.
   * @throws what cannot succeed later, and what has not succeeded for two days.
   */
  forZoom<T>(what: string, attempt: (leg: Leg) => Promise<T>): Promise<T> {
    // Runs from before: one activity that waits for two days, and nothing between it and what follows.
    return this.#inLegs ? this.#legs(what, attempt) : attempt({ options: {}, again: {} });
  }

  async #legs<T>(what: string, attempt: (leg: Leg) => Promise<T>): Promise<T> {
    const begun = Date.now();
    const entry: Entry = { what, since: begun, asked: 0 };
    this.#entries.add(entry);
    try {
      let lasts: number = legMs.first;
      for (let again: Leg['again'] = {}; ; again = { lookFirst: true, lookSinceMs: begun }) {
        const { asked } = entry;
        const scope = new CancellationScope();
        entry.scope = scope;
        delete entry.nextTryAt;
        try {
          // An attempt that is told to stop is waited for: two at once could not see each other's post.
          const options = { scheduleToCloseTimeout: lasts, cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const;
          return await scope.run(() => attempt({ options, again }));
        } catch (error) {
          if (!cutShort(error)) {
            if (!mayStillSucceed(error) || Date.now() - begun > patienceMs) throw error;
            await this.#pause(entry, endOf(error));
          }
          lasts = entry.asked > asked ? legMs.askedFor : legMs.later;
        }
      }
    } finally {
      this.#entries.delete(entry);
      this.#show();
    }
  }

  /**
   * Have everything that waits tried at once. An attempt that is under way is asked to stop and waited for; the one that
   * follows looks first what has become of it.
   * @returns for each thing whether it has been settled since.
   */
  askNow(): { what: string; settled(): boolean }[] {
    return [...this.#entries].map((entry) => {
      entry.asked += 1;
      entry.scope?.cancel();
      return { what: entry.what, settled: () => !this.#entries.has(entry) };
    });
  }

  async #pause(entry: Entry, end: LegEnd): Promise<void> {
    const pause = pauseAfter(end);
    entry.why = { type: end.type, message: end.message, at: Date.now() };
    if (pause > 0) entry.nextTryAt = Date.now() + pause;
    this.#show();
    if (pause === 0) return;
    const scope = new CancellationScope();
    entry.scope = scope;
    await scope
      .run(() => sleep(pause, { summary: `Zoom asked to wait with ${entry.what}` }))
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
  }

  #show(): void {
    const value = [...this.#entries].find(({ why }) => why !== undefined)?.why?.type ?? null;
    if (value !== this.#shown) upsertSearchAttributes([{ key: searchAttributes.waitsFor, value }]);
    this.#shown = value;
    this.#changed();
  }
}

/** The leg was ended by `retryNow`. */
function cutShort(error: unknown): boolean {
  return isCancellation(error) || (error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED');
}

/** The leg's time was up, and nothing said that it is of no use to go on. */
function mayStillSucceed(error: unknown): boolean {
  return error instanceof ActivityFailure && error.retryState === 'TIMEOUT';
}

function endOf(error: unknown): LegEnd {
  const pause = tryAgainInMs(error);
  return {
    type: failureType(error) ?? noAnswer,
    message: failureType(error) === undefined ? 'No attempt came to an end in time.' : failureMessage(error),
    ...(pause === undefined ? {} : { tryAgainInMs: pause }),
  };
}
