import { setTimeout as delay } from 'node:timers/promises';
import { log } from '@temporalio/activity';
import type { Store } from '../store/index.ts';
import { isZoomError, type ZoomClient } from '../zoom/index.ts';
import { reconnectMessage } from './cards.ts';
import { sendDirectMessage } from './direct-messages.ts';
import { createNotices } from './notices.ts';
import { asZoomFailures } from './zoom-failures.ts';

/** What the activities of one user's grant work with. */
export interface GrantActivityDependencies {
  store: Pick<Store, 'accounts' | 'chats' | 'members' | 'notices' | 'sessions' | 'tokenSets'>;
  zoom: Pick<ZoomClient, 'oauth' | 'bot'>;
  publicUrl: string;
  /** Signal an open chat that something was repaired; that it has ended is no failure. */
  tryAgain: (chatId: string) => Promise<void>;
}

/** The activities of the grant workflow. Tokens go from Zoom to MongoDB in here and never leave. */
export function createGrantActivities({ store, zoom, publicUrl, tryAgain }: GrantActivityDependencies) {
  const notices = createNotices({ store, zoom, publicUrl });
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
      // Zoom would say the same again, and counts failing calls against an app.
      if (tokens.lost) return 'grantInvalid';
      return asZoomFailures(async () => {
        try {
          const renewed = await zoom.oauth.refresh({ refreshToken: tokens.refreshToken });
          // Zoom has ended the old tokens: if these are not kept, the grant is lost.
          const id = await untilStored(() => store.tokenSets.addRefreshed(zoomUserId, renewed, tokens));
          await store.tokenSets.forgetOlder(zoomUserId, id, tokens.grant);
          return 'renewed';
        } catch (error) {
          if (!isZoomError(error, 'grantInvalid')) throw error;
          await store.tokenSets.markLost(staleTokenSetId);
          // The user may have authorized again just now, which ends the older grant.
          const newest = await store.tokenSets.newest(zoomUserId);
          return newest && newest.id !== staleTokenSetId ? 'alreadyNewer' : 'grantInvalid';
        }
      });
    },

    /**
     * Record that the grant is lost.
     * @param input.lostTokenSetId the tokens that Zoom no longer accepts.
     * @returns `lost: false` when there are newer ones: the user has just added the app again.
     */
    async recordLost(input: { zoomUserId: string; lostTokenSetId: string }): Promise<{ lost: boolean }> {
      const { zoomUserId, lostTokenSetId } = input;
      const hasNewer = async () => {
        const newest = await store.tokenSets.newest(zoomUserId);
        return newest !== null && newest.id !== lostTokenSetId;
      };
      if (await hasNewer()) return { lost: false };
      await store.members.setGrantStatus(zoomUserId, 'needsReconnect');
      if (!(await hasNewer())) return { lost: true };
      // The user added the app again at this very moment: they were marked after that, and wrongly.
      await store.members.setGrantStatus(zoomUserId, 'connected');
      return { lost: false };
    },

    /**
     * Ask the user by the bot to connect Zoom again. A bot's direct messages cannot be read back, so an answer that
     * Zoom lost can make it appear twice.
     */
    async askToReconnect({ zoomUserId }: { zoomUserId: string }): Promise<void> {
      const member = await store.members.get(zoomUserId);
      if (!member) return;
      const content = reconnectMessage(`${publicUrl}/install`);
      await asZoomFailures(() => sendDirectMessage(zoom.bot, member, content));
    },

    /**
     * Tell the user by the bot which scopes Zoom has not granted of those that the app cannot do without; nothing if it
     * has granted them all. A message whose answer Zoom lost can appear twice.
     */
    async tellMissingScopes({ zoomUserId }: { zoomUserId: string }): Promise<void> {
      const member = await store.members.get(zoomUserId);
      if (member) await asZoomFailures(() => notices.granted(member));
    },

    /**
     * The user removed the app in Zoom: tokens granted before that (ms) are forgotten. Answers whether that was all.
     */
    async forgetGrant(input: { zoomUserId: string; grantedBefore: number }): Promise<{ removed: boolean }> {
      await store.tokenSets.forgetBefore(input.zoomUserId, new Date(input.grantedBefore));
      if (await store.tokenSets.newest(input.zoomUserId)) return { removed: false };
      await store.members.setRemoved(input.zoomUserId, new Date());
      // They do not come back to life when the user adds the app again.
      await store.sessions.endOf(input.zoomUserId);
      return { removed: true };
    },

    /**
     * A grant of the account works again: its chats try at once what they wait for, and look for what they may have
     * missed.
     */
    async wakeChats({ accountId }: { accountId: string }): Promise<void> {
      const chats = await store.chats.unfinished(accountId);
      for (const chatId of chats) await tryAgain(chatId);
      if (chats.length > 0)
        log.info('The account’s unfinished chats try again: a grant works.', { accountId, chats: chats.length });
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
