import { ApplicationFailure } from '@temporalio/common';
import { failureTypes } from '../domain/failures.ts';
import type { Store, TokenSet } from '../store/index.ts';
import { isZoomError, type ZoomClient, type ZoomUserApi } from '../zoom/index.ts';

/** A token set that ends within this time, ms, is renewed before it is used. */
const renewAheadMs = 60_000;

/** The user's grant no longer works and no renewal can help: he has to add the app again. Never worth a retry. */
export class NeedsReconnectError extends ApplicationFailure {
  constructor() {
    super('This user’s authorization in Zoom no longer works: add the app again.', failureTypes.needsReconnect, true);
  }
}

/** Nobody could renew the tokens just now (no worker, or Temporal is away). A later try can succeed. */
export class RenewalUnavailableError extends ApplicationFailure {
  constructor(cause?: unknown) {
    super(
      'The Zoom tokens could not be renewed just now.',
      failureTypes.zoomUnavailable,
      false,
      undefined,
      cause instanceof Error ? cause : undefined,
    );
  }
}

/** Ask for a newer token set than `staleTokenSetId`; answers whether there is one now. See `createRenewTokens`. */
export type RenewTokens = (zoomUserId: string, staleTokenSetId: string) => Promise<boolean>;

export interface UserZoomDependencies {
  store: { tokenSets: Pick<Store['tokenSets'], 'newest'> };
  zoom: Pick<ZoomClient, 'asUser'>;
  renew: RenewTokens;
  /** The time now, ms since 1970. */
  clock: () => number;
}

/**
 * Make calls to Zoom in the name of one user, with tokens that work: a set that is about to end is renewed first, and one
 * that Zoom refuses as unauthorized is renewed and `fn` run once more (what was refused for its token took no effect).
 *
 * @throws {NeedsReconnectError} when the user has no usable grant.
 * @throws {RenewalUnavailableError} when a renewal is needed and nobody can do it now.
 */
export type UserZoom = <T>(zoomUserId: string, fn: (api: ZoomUserApi) => Promise<T>) => Promise<T>;

/** The {@link UserZoom} of this process; keep one. At most one renewal per user is in flight; all callers share it. */
export function createUserZoom({ store, zoom, renew, clock }: UserZoomDependencies): UserZoom {
  const flights = new Map<string, { staleId: string; done: Promise<boolean> }>();

  function renewalOf(zoomUserId: string, staleId: string) {
    const done = renew(zoomUserId, staleId).finally(() => flights.delete(zoomUserId));
    const flight = { staleId, done };
    flights.set(zoomUserId, flight);
    return flight;
  }

  async function newest(zoomUserId: string): Promise<TokenSet> {
    const tokens = await store.tokenSets.newest(zoomUserId);
    if (!tokens) throw new NeedsReconnectError();
    return tokens;
  }

  async function newerThan(zoomUserId: string, stale: TokenSet): Promise<TokenSet> {
    for (;;) {
      // Another process, or the user himself by authorizing again, may have been faster.
      const known = await newest(zoomUserId);
      if (known.id !== stale.id) return known;
      const running = flights.get(zoomUserId);
      if (running && running.staleId !== stale.id) {
        // A renewal of an older set: once it is through, look again whether ours is still the newest.
        await running.done.catch(() => false);
        continue;
      }
      await (running ?? renewalOf(zoomUserId, stale.id)).done;
      const renewed = await newest(zoomUserId);
      if (renewed.id === stale.id) throw new NeedsReconnectError();
      return renewed;
    }
  }

  return async (zoomUserId, fn) => {
    const stored = await newest(zoomUserId);
    const endsSoon = stored.expiresAt.getTime() - clock() < renewAheadMs;
    const tokens = endsSoon ? await newerThan(zoomUserId, stored) : stored;
    const call = async (using: TokenSet) => {
      try {
        return await fn(zoom.asUser(using.accessToken, { apiUrl: using.apiUrl }));
      } catch (error) {
        if (isZoomError(error, 'grantInvalid')) throw new NeedsReconnectError();
        throw error;
      }
    };
    try {
      return await call(tokens);
    } catch (error) {
      if (!isZoomError(error, 'unauthorized')) throw error;
      return await call(await newerThan(zoomUserId, tokens));
    }
  };
}
