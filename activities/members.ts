import { LRUCache } from 'lru-cache';
import type { Member, Store } from '../store/index.ts';

/** The members of accounts, as they were a few seconds ago. */
export interface Members {
  /**
   * In the order in which they added the app.
   * @param options.forceRefresh as they are now: whoever could do nothing with the members known so far asks so.
   */
  ofAccount(accountId: string, options?: { forceRefresh: boolean }): Promise<readonly Member[]>;
}

/** Most accounts whose members are kept in memory. */
const mostAccounts = 1_000;
/** Read again after so long, ms. What is wrong until then costs a refused call at most. */
const readAgainAfterMs = 5_000;

/** The {@link Members} of this process; keep one. */
export function cacheMembers(members: Pick<Store['members'], 'ofAccount'>): Members {
  const cache = new LRUCache<string, readonly Member[]>({
    max: mostAccounts,
    ttl: readAgainAfterMs,
    fetchMethod: (accountId) => members.ofAccount(accountId),
  });
  return {
    async ofAccount(accountId, options) {
      return (await cache.fetch(accountId, options)) ?? [];
    },
  };
}
