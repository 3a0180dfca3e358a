import { setTimeout as delay } from 'node:timers/promises';
import { log } from '@temporalio/activity';
import type { Store } from '../store/index.ts';
import { isZoomError, type ZoomClient } from '../zoom/index.ts';
import { reconnectMessage } from './cards.ts';
import { asZoomFailures } from './zoom-failures.ts';

/** What the activities of one user's grant work with. */
export interface GrantActivityDependencies {
  store: Store;
  zoom: ZoomClient;
  publicUrl: string;
}

/** The activities of the grant workflow. Tokens go from Zoom to MongoDB in here and never leave. */
export function createGrantActivities({ store, zoom, publicUrl }: GrantActivityDependencies) {
  return {
    /**
     * Refresh, unless a newer token set than the stale one is there already.
     * `grantInvalid`: Zoom does not accept the grant any more; only the user can help, by adding the app again.
     */
    async renewTokens(input: {
      zoomUserId: string;
      staleTokenSetId: string;
    }): Promise<'renewed' | 'alreadyNewer' | 'grantInvalid'> {
      const { zoomUserId, staleTokenSetId } = input;
      const tokens = await store.tokenSets.newest(zoomUserId);
      if (!tokens) return 'grantInvalid';
      if (tokens.id !== staleTokenSetId) return 'alreadyNewer';
      // Zoom would say the same again, and holds many failing calls against an app.
      if (tokens.lost) return 'grantInvalid';
      try {
        const renewed = await zoom.oauth.refresh({ refreshToken: tokens.refreshToken });
        // Zoom has ended the old tokens: if these are not kept, the grant is lost.
        const id = await untilStored(() => store.tokenSets.addRefreshed(zoomUserId, renewed, tokens));
        await store.tokenSets.forgetOlder(zoomUserId, id, tokens.grant);
        return 'renewed';
      } catch (error) {
        if (!isZoomError(error, 'grantInvalid')) return asZoomFailures('answer', () => Promise.reject(error as Error));
        await store.tokenSets.markLost(staleTokenSetId);
        // The user may have authorized again just now, which ends the older grant.
        const newest = await store.tokenSets.newest(zoomUserId);
        return newest && newest.id !== staleTokenSetId ? 'alreadyNewer' : 'grantInvalid';
      }
    },

    /**
     * Mark the grant, and ask the user by the bot to connect Zoom again. A bot's direct messages cannot be read back, so an
     * answer that Zoom lost can make it appear twice.
     * @param input.lostTokenSetId the tokens that Zoom no longer accepts: with newer ones there, nothing is to be asked.
     * @returns whether the user is to connect Zoom again; false when he just did.
     */
    async askToReconnect(input: { zoomUserId: string; lostTokenSetId?: string }): Promise<{ needed: boolean }> {
      const { zoomUserId, lostTokenSetId } = input;
      const hasNewer = async () => {
        const newest = await store.tokenSets.newest(zoomUserId);
        return lostTokenSetId !== undefined && newest !== null && newest.id !== lostTokenSetId;
      };
      if (await hasNewer()) return { needed: false };
      await store.members.setStatus(zoomUserId, 'needsReconnect');
      if (await hasNewer()) {
        // The user added the app again at this very moment: he was marked after that, and wrongly.
        await store.members.setStatus(zoomUserId, 'connected');
        return { needed: false };
      }
      const person = await store.members.get(zoomUserId);
      if (!person) return { needed: false };
      try {
        await zoom.bot.postMessage({
          accountId: person.accountId,
          toJid: person.jid,
          content: reconnectMessage(`${publicUrl}/install`),
          userJid: person.jid,
        });
      } catch (error) {
        // What passes by itself is waited for: nobody might look at the dashboard, which says it too.
        if (isZoomError(error) && error.retryable) await asZoomFailures('answer', () => Promise.reject(error));
        log.warn('The administrator could not be asked to reconnect.', { error: String(error) });
      }
      return { needed: true };
    },

    /** The user removed the app in Zoom: tokens granted before that (ms) are forgotten. Answers whether that was all. */
    async forgetGrant(input: { zoomUserId: string; grantedBefore: number }): Promise<{ removed: boolean }> {
      await store.tokenSets.forgetBefore(input.zoomUserId, new Date(input.grantedBefore));
      if (await store.tokenSets.newest(input.zoomUserId)) return { removed: false };
      await store.members.setStatus(input.zoomUserId, 'removed');
      return { removed: true };
    },
  };
}
export type GrantActivities = ReturnType<typeof createGrantActivities>;

/** How long a write is tried again, ms: within the activity's time limit. */
const storePatienceMs = 20_000;

/** Try a write again until it succeeds, for a while. */
async function untilStored<T>(write: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + storePatienceMs;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(500);
    }
  }
}
