import { ApplicationFailure } from '@temporalio/common';
import { LRUCache } from 'lru-cache';
import { failureTypes } from '../domain/failures.ts';
import type { TokenSet } from '../store/index.ts';
import { isZoomError, type ZoomClient, type ZoomUserApi } from '../zoom/index.ts';

/** A token set that ends within this time, ms, is renewed before it is used. */
const renewAheadMs = 60_000;

/** The user's grant no longer works and no renewal can help: they have to add the app again. Never worth a retry. */
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
  store: { tokenSets: { newest(zoomUserId: string): Promise<TokenSet | null> } };
  zoom: Pick<ZoomClient, 'asUser'>;
  renew: RenewTokens;
  /** The time now, ms since 1970. */
  clock: () => number;
}

/**
 * Make calls to Zoom in the name of one user, with tokens that work: a set that is about to end is renewed first, and
 * one that Zoom refuses as unauthorized is renewed and `fn` run once more (what was refused for its token took no
 * effect). So it is with one that lacks a scope, if there is a newer grant.
 *
 * @throws {NeedsReconnectError} when the user has no usable grant.
 * @throws {RenewalUnavailableError} when a renewal is needed and nobody can do it now.
 */
export type UserZoom = <T>(zoomUserId: string, fn: (api: ZoomUserApi) => Promise<T>) => Promise<T>;

/** Most users whose tokens are kept in memory. */
const mostUsers = 1_000;

/**
 * A renewal that brought something, though not to us: the set that we hold was the newer one. So often it is asked
 * again.
 */
const mostRenewals = 2;

/**
 * The {@link UserZoom} of this process; keep one. Tokens are read from the store once and used until they are about
 * to end or Zoom refuses them; then the store is read again, since another process may have renewed them, or the user
 * have added the app again. At most one renewal per user is in flight; all callers share it.
 */
export function createUserZoom({ store, zoom, renew, clock }: UserZoomDependencies): UserZoom {
  /** Renewals under way, by user: all callers share one. */
  const renewals = new Map<string, { staleId: string; done: Promise<boolean> }>();
  const known = new LRUCache<string, TokenSet>({ max: mostUsers });
  /** By user the token set whose grant is gone for good: it is not tried again. */
  const lost = new LRUCache<string, string>({ max: mostUsers });

  function renewalOf(zoomUserId: string, staleId: string) {
    const done = renew(zoomUserId, staleId).finally(() => renewals.delete(zoomUserId));
    const renewal = { staleId, done };
    renewals.set(zoomUserId, renewal);
    return renewal;
  }

  async function newest(zoomUserId: string): Promise<TokenSet> {
    const tokens = await store.tokenSets.newest(zoomUserId);
    known.delete(zoomUserId);
    if (!tokens || lost.get(zoomUserId) === tokens.id) throw new NeedsReconnectError();
    lost.delete(zoomUserId);
    known.set(zoomUserId, tokens);
    return tokens;
  }

  async function newerThan(zoomUserId: string, stale: TokenSet): Promise<TokenSet> {
    for (let asked = 0; ;) {
      // Another process, or the user by authorizing again, may have been faster.
      const current = await newest(zoomUserId);
      if (current.id !== stale.id) return current;
      const running = renewals.get(zoomUserId);
      if (running && running.staleId !== stale.id) {
        // A renewal of an older set: once it is through, look again whether ours is still the newest.
        await running.done.catch(() => false);
        continue;
      }
      // Asked as often as allowed, and Zoom's answer is no: nobody but the user can help.
      if (asked === mostRenewals) throw new NeedsReconnectError();
      asked += 1;
      if (!(await (running ?? renewalOf(zoomUserId, stale.id)).done)) {
        const after = await newest(zoomUserId);
        if (after.id !== stale.id) return after;
        known.delete(zoomUserId);
        lost.set(zoomUserId, stale.id);
        throw new NeedsReconnectError();
      }
    }
  }

  return async (zoomUserId, fn) => {
    const current = known.get(zoomUserId) ?? (await newest(zoomUserId));
    const endsSoon = current.expiresAt.getTime() - clock() < renewAheadMs;
    const tokens = endsSoon ? await newerThan(zoomUserId, current) : current;
    const call = ({ accessToken, apiUrl, scopes }: TokenSet) =>
      fn(zoom.asUser(accessToken, { userId: zoomUserId, scopes, apiUrl }));
    try {
      return await call(tokens);
    } catch (error) {
      if (isZoomError(error, 'scopeMissing')) {
        // The user may have granted it since, by adding the app again.
        const granted = await newest(zoomUserId);
        if (granted.id === tokens.id) throw error;
        return call(granted);
      }
      // The second means that the whole grant is gone. The renewal finds that out for everybody, and asks the user.
      if (!isZoomError(error, 'unauthorized', 'grantInvalid')) throw error;
      const newer = await newerThan(zoomUserId, tokens);
      try {
        return await call(newer);
      } catch (second) {
        if (isZoomError(second, 'grantInvalid')) throw new NeedsReconnectError();
        throw second;
      }
    }
  };
}
