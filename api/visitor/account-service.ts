import { LRUCache } from 'lru-cache';
import type { Store } from '../../store/index.ts';

/**
 * What visitors of an account's widgets may do. `all`: somebody of the account has a grant that works. `openChats`: no
 * grant works, and somebody has been asked to connect Zoom again: what is written in chats that have begun waits, new
 * ones do not begin. `nothing`: nobody of the account has the app any more.
 */
export type AccountService = 'all' | 'openChats' | 'nothing';

/** @throws the driver's error when MongoDB does not answer and the answer is not known. */
export type FindService = (accountId: string) => Promise<AccountService>;

/** How long an answer is used again, ms. */
const knownMs = 5_000;

/** Looks up what visitors of an account may do, with a short memory that outlives an outage of MongoDB. */
export function accountServices(members: Pick<Store['members'], 'ofAccount'>, clock: () => number): FindService {
  const cache = new LRUCache<string, AccountService>({
    max: 5_000,
    ttl: knownMs,
    perf: { now: clock },
    allowStaleOnFetchRejection: true,
    noDeleteOnFetchRejection: true,
    fetchMethod: async (accountId) => {
      const states = (await members.ofAccount(accountId)).map(({ grantStatus }) => grantStatus);
      if (states.includes('connected')) return 'all';
      return states.includes('needsReconnect') ? 'openChats' : 'nothing';
    },
  });
  return (accountId) => cache.forceFetch(accountId);
}
