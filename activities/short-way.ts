import type { VisitorDelivery, RouteOutcome, VisitorRoute } from '../domain/delivery.ts';
import type { TranscriptEntry } from '../domain/transcript.ts';
import type { Store } from '../store/index.ts';
import { isZoomError, labelOf, type ZoomClient } from '../zoom/index.ts';
import { createChannelPoster, type ChatPost, type Posted } from './channel-poster.ts';
import { recordStanding, type ChatStanding } from './chat.ts';
import { oneAtATime, turns } from './one-at-a-time.ts';
import type { People } from './people.ts';
import { nothingEarlier } from './posting.ts';
import type { UserZoom } from './user-zoom.ts';
import type { TurnGate } from './zoom-turns.ts';

/** Hands deliveries to api instances without a detour. */
export interface DirectLine {
  /** Never rejects: what is not reached says so. */
  deliver(route: VisitorRoute, delivery: VisitorDelivery): Promise<RouteOutcome>;
}

export interface ShortWayDependencies {
  store: Pick<Store, 'transcript' | 'chats' | 'postClaims'>;
  zoom: ZoomClient;
  userZoom: UserZoom;
  people: People;
  directLine: DirectLine;
  /** Where a post takes its turn; undefined when no rate is kept. */
  gate?: Pick<TurnGate, 'takeTurn'> | undefined;
  /** Told of what a visitor wrote once Zoom has it; for metrics. */
  relayed?: (entries: readonly TranscriptEntry[]) => void;
}

/** What one message of the visitor's came to: see {@link createShortWayActivities}. */
export type RelayOutcome =
  | ({ outcome: 'posted'; /** in the order of the input's routes */ routes: RouteOutcome[] } & Posted)
  /** The account is at its rate. Nothing was recorded or posted; it is this post's turn in so many ms. */
  | { outcome: 'heldBack'; tryAgainInMs: number }
  /** Zoom did not take it just now, and it is certain that nothing was posted. */
  | { outcome: 'notPosted' }
  /** It may have been posted: look before trying again. */
  | { outcome: 'unknown' };

/** A post whose turn is further off is left to an ordinary activity, where operators see it waiting, ms. */
const longestTurnMs = 20_000;

/**
 * What a worker does for a message within the workflow task that brought it, as local activities: no way through a task queue,
 * one event in the history. One attempt each. A local activity whose worker was killed runs anew from its beginning without
 * knowing so; see docs/decisions/0015-the-short-way.md for what makes that safe.
 */
export function createShortWayActivities(dependencies: ShortWayDependencies) {
  const { store, directLine, gate, relayed } = dependencies;
  const poster = createChannelPoster(dependencies);

  const deliver = ({ routes }: { routes: VisitorRoute[] }, delivery: VisitorDelivery): Promise<RouteOutcome[]> =>
    Promise.all(routes.map((route) => directLine.deliver(route, delivery)));

  /** The account's rate is asked first: a post that has to wait leaves no trace that would look like an attempt. */
  async function inItsTurn<T>(
    { accountId, cameBack = false }: { accountId: string; cameBack?: boolean },
    post: () => Promise<T>,
  ): Promise<T | Extract<RelayOutcome, { outcome: 'heldBack' | 'notPosted' }>> {
    let done: (() => void) | undefined;
    try {
      const operation = 'bot.post';
      const call = { accountId, operation, label: labelOf(operation), write: true };
      done = await gate?.takeTurn(call, cameBack);
    } catch (error) {
      if (!isZoomError(error, 'heldBack')) throw error;
      const tryAgainInMs = error.retryAfterMs ?? longestTurnMs;
      return tryAgainInMs > longestTurnMs ? { outcome: 'notPosted' } : { outcome: 'heldBack', tryAgainInMs };
    }
    try {
      return await post();
    } finally {
      done?.();
    }
  }

  return {
    /**
     * Record entries (and where the chat stands, if given), and show them to the visitor.
     * @returns what became of it, in the order of the routes; `repeated` if some of the entries were recorded before.
     */
    async tell(
      input: VisitorDelivery & { routes: VisitorRoute[]; standing?: ChatStanding },
    ): Promise<{ routes: RouteOutcome[]; repeated?: true }> {
      const { chatId, entries, lastSeq, deliveredSeq, standing } = input;
      // Recorded first: what a visitor has seen must still be there when he comes back.
      const [fresh] = await Promise.all([
        store.transcript.append(chatId, entries),
        standing ? recordStanding(store, chatId, standing) : undefined,
      ]);
      const routes = await deliver(input, { chatId, entries, lastSeq, deliveredSeq });
      return { routes, ...(fresh ? {} : { repeated: true }) };
    },

    /**
     * Post what the visitor wrote into the chat channel, once, as one message; record it, and show the visitor ✓✓.
     *
     * Recording comes first and tells whether this runs for the first time: an entry that is there already means that an
     * earlier run, of a worker that was killed, got at least as far as this. Where the first line is recorded already, because
     * it has waited for its turn, a claim of this attempt tells the same.
     */
    async relayNow(
      input: ChatPost & {
        entries: TranscriptEntry[];
        lastSeq: number;
        routes: VisitorRoute[];
        /** It was held back before, until now. */
        cameBack?: boolean;
        /** Its first line was recorded meanwhile: the number of this attempt, the next one once it was not held back. */
        claim?: number;
      },
    ): Promise<RelayOutcome> {
      const { chatId, entries, lastSeq, claim } = input;
      const first = async (): Promise<boolean> => {
        if (claim === undefined) return store.transcript.append(chatId, entries);
        if (!(await store.postClaims.claim(chatId, claim))) return false;
        await store.transcript.append(chatId, entries);
        return true;
      };
      const post = async (): Promise<Posted | { outcome: 'notPosted' | 'unknown' }> => {
        if (!(await first())) return { outcome: 'unknown' };
        try {
          return await poster.post(input, nothingEarlier);
        } catch (error) {
          return { outcome: isZoomError(error) && !error.ambiguous ? 'notPosted' : 'unknown' };
        }
      };
      // In turn with the ordinary activities, for a run that Temporal gives up while it waits for MongoDB or Zoom.
      const posted = await oneAtATime(turns.channelPosts(chatId), () => inItsTurn(input, post));
      if ('outcome' in posted) return posted;
      relayed?.(entries);
      const routes = await deliver(input, { chatId, entries, lastSeq, deliveredSeq: lastSeq });
      return { outcome: 'posted', routes, ...posted };
    },
  };
}
export type ShortWayActivities = ReturnType<typeof createShortWayActivities>;
