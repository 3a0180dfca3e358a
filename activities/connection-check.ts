import { ApplicationFailure } from '@temporalio/activity';
import { channelRef, type CardRef, type ChannelRef } from '../domain/channel.ts';
import { makeCheckButtonValue } from '../domain/commands.ts';
import { failureTypes } from '../domain/failures.ts';
import type { MissingScope } from '../domain/missing-scope.ts';
import type { Store } from '../store/index.ts';
import {
  actions,
  button,
  card,
  isActive,
  isZoomError,
  link,
  message,
  missingScopes,
  type Card,
  type ZoomClient,
  type ZoomUserApi,
} from '../zoom/index.ts';
import { isRefusedForWho, type ActingUsers } from './acting-user.ts';
import { grantedInAccount } from './missing-scopes.ts';
import { findPosted, mayHaveActed, readBackWindow } from './read-back.ts';
import type { UserZoom } from './user-zoom.ts';
import { asZoomFailures } from './zoom-failures.ts';

export interface ConnectionCheckDependencies {
  store: Pick<Store, 'connectionChecks' | 'members' | 'tokenSets' | 'widgets'>;
  zoom: Pick<ZoomClient, 'bot'>;
  userZoom: UserZoom;
  acting: ActingUsers;
  /** Where the app's pages are. */
  publicUrl: string;
}

/** Longer than any check runs, ms. */
const longestCheckMs = 3 * 60 * 60_000;

interface InAccount {
  accountId: string;
}
interface OfCheck extends InAccount {
  checkId: string;
}
/** The private channel that a check has made, and in whose name. */
interface MadeChannel {
  channel: ChannelRef;
  ownerUserId: string;
}

/**
 * The steps of a connection check. Each does in Zoom what a chat does there, in the same names: members take over for
 * each other, the bot names a member where it has to.
 */
export function createConnectionCheckActivities(dependencies: ConnectionCheckDependencies) {
  const { store, zoom, userZoom, acting, publicUrl } = dependencies;
  const pageUrl = `${publicUrl}/connection-check`;

  return {
    /**
     * From now on what arrives in the inbound channel is passed on to the check. Fails with `AccountUnknown` while the
     * account has no inbound channel.
     */
    async openCheck({ accountId, checkId, word }: OfCheck & { word: string }): Promise<ChannelRef> {
      const [widget] = await store.widgets.ofAccount(accountId);
      const channel = widget?.inboundChannel;
      if (!channel) {
        throw ApplicationFailure.nonRetryable('There is no inbound channel yet.', failureTypes.accountUnknown);
      }
      const expiresAt = new Date(Date.now() + longestCheckMs);
      await store.connectionChecks.open({ _id: accountId, checkId, channelId: channel.id, word, expiresAt });
      return channel;
    },

    async closeCheck({ accountId, checkId }: OfCheck): Promise<void> {
      await store.connectionChecks.close(accountId, checkId);
    },

    /** Zoom takes this member's token, for an active user of this account. */
    async checkToken({ accountId, zoomUserId }: InAccount & { zoomUserId: string }): Promise<void> {
      await asZoomFailures(async () => {
        const user = await userZoom(zoomUserId, (api) => api.getMe());
        if (isActive(user) && user.accountId === accountId) return;
        const sentence = 'Zoom says that this user is not active in the account any more.';
        throw ApplicationFailure.nonRetryable(sentence, failureTypes.userGone);
      });
    },

    /** What no connected member has granted; `isKnown` is false when Zoom has not said what it granted. */
    async findMissingScopes({ accountId }: InAccount): Promise<{ isKnown: boolean; missing: MissingScope[] }> {
      const granted = await grantedInAccount(store, accountId);
      return { isKnown: granted.some((scopes) => scopes.length > 0), missing: missingScopes(...granted) };
    },

    /** Whether Zoom lists the inbound channel for a connected member. */
    async findInboundChannel(
      input: InAccount & { zoomUserId: string; channelId: string },
    ): Promise<{ isListed: boolean }> {
      const { accountId, zoomUserId, channelId } = input;
      const listed = async (api: ZoomUserApi) => (await api.allChannels()).find(({ id }) => id === channelId);
      return asZoomFailures(async () => {
        if (await acting.findAsAny(accountId, listed)) return { isListed: true };
        // Nobody could look, or it is not there: this one says which.
        return { isListed: (await userZoom(zoomUserId, listed)) !== undefined };
      });
    },

    /** @param input `firstTriedAt`: when an earlier activity tried this with an unknown outcome, ms. */
    async postCheckCard(input: OfCheck & { channel: ChannelRef; firstTriedAt?: number }): Promise<CardRef> {
      const { accountId, checkId, channel, firstTriedAt } = input;
      const about = { accountId, channelId: channel.id };
      return asZoomFailures(async () => {
        const posted = mayHaveActed(firstTriedAt)
          ? await acting.asUser(about, (api) =>
              api.listMessages({ channelId: channel.id, ...readBackWindow(firstTriedAt) }),
            )
          : [];
        const found = findPosted(posted, checkMark(checkId))?.id;
        const messageId = found ?? (await postAsBot(about, channel, checkCard(checkId, pageUrl)));
        return { messageId, channelId: channel.id, channelJid: channel.jid };
      }, firstTriedAt);
    },

    /** The card has no button any more. Repeating it is harmless. */
    async closeCheckCard({ accountId, checkId, card: ref }: OfCheck & { card: CardRef }): Promise<void> {
      await asZoomFailures(() =>
        acting.asBot({ accountId, channelId: ref.channelId }, (userJid) =>
          zoom.bot.updateMessage({ accountId, userJid, messageId: ref.messageId, content: closedCheckCard(checkId) }),
        ),
      );
    },

    /** A private channel, made as that of a chat is. One that an earlier try has made is taken up. */
    async createPrivateChannel({ accountId, checkId }: OfCheck): Promise<MadeChannel> {
      const name = `Connection check · ${checkId}`;
      const find = async () => {
        const made = await acting.findAsAny(accountId, async (api) =>
          (await api.allChannels()).find((channel) => channel.name === name),
        );
        return made && { channel: channelRef(made.found), ownerUserId: made.userId };
      };
      return asZoomFailures(async () => {
        const before = mayHaveActed() ? await find() : undefined;
        if (before) return before;
        try {
          return await acting.asUser({ accountId }, async (api, ownerUserId) => ({
            channel: channelRef(await api.createChannel({ name, type: 'privateInternal' })),
            ownerUserId,
          }));
        } catch (error) {
          const made = isZoomError(error, 'nameTaken') ? await find() : undefined;
          if (made) return made;
          throw error;
        }
      });
    },

    /** A post as the bot, or in the owner's name where Zoom does not let the bot in. */
    async postInPrivateChannel(input: OfCheck & MadeChannel): Promise<{ as: 'bot' | 'user' }> {
      const { accountId, checkId, channel, ownerUserId } = input;
      const about = { accountId, channelId: channel.id, ownerUserId };
      return asZoomFailures(async () => {
        try {
          await postAsBot(about, channel, privateCard(checkId));
          return { as: 'bot' };
        } catch (refused) {
          if (!isZoomError(refused, 'botNotAllowed')) throw refused;
          await acting
            .asUser(about, (api) => api.sendMessage({ channelId: channel.id, message: privateText(checkId) }))
            .catch((error: unknown) => {
              // That the bot may not post is what has to be put right.
              throw isRefusedForWho(error) ? refused : error;
            });
          return { as: 'user' };
        }
      });
    },

    /** Whether the post is in the channel's history. */
    async readPrivateChannel(input: OfCheck & MadeChannel): Promise<{ isFound: boolean }> {
      const { accountId, checkId, channel, ownerUserId } = input;
      const about = { accountId, channelId: channel.id, ownerUserId };
      // A minute for what a Retry has waited, and for the difference of the clocks.
      const range = { from: new Date(Date.now() - longestCheckMs), to: new Date(Date.now() + 60_000) };
      return asZoomFailures(async () => {
        const history = await acting.asUser(about, (api) => api.listMessages({ channelId: channel.id, ...range }));
        return { isFound: findPosted(history, checkMark(checkId)) !== undefined };
      });
    },

    /** `isRemoved` is false where the app has not the permission to delete a channel. Repeating it is harmless. */
    async removePrivateChannel({ accountId, channel, ownerUserId }: InAccount & MadeChannel): Promise<{
      isRemoved: boolean;
    }> {
      const { id: channelId } = channel;
      return asZoomFailures(async () => {
        try {
          await acting.asUser({ accountId, channelId, ownerUserId }, (api) => api.deleteChannel({ channelId }));
          return { isRemoved: true };
        } catch (error) {
          if (isZoomError(error, 'channelGone', 'notFound')) return { isRemoved: true };
          if (isZoomError(error, 'scopeMissing')) return { isRemoved: false };
          throw error;
        }
      });
    },
  };

  async function postAsBot(
    about: { accountId: string; channelId: string; ownerUserId?: string },
    { jid: toJid }: ChannelRef,
    content: Card,
  ): Promise<string> {
    const { accountId } = about;
    const { messageId } = await acting.asBot(about, (userJid) =>
      zoom.bot.postMessage({ accountId, userJid, toJid, content }),
    );
    return messageId;
  }
}
export type ConnectionCheckActivities = ReturnType<typeof createConnectionCheckActivities>;

/** By this the posts of a check are known. */
const checkMark = (checkId: string) => `Check ${checkId}`;

function checkCard(checkId: string, pageUrl: string): Card {
  return card({
    head: 'Connection check',
    subHead: checkMark(checkId),
    body: [
      message(
        'An administrator checks the connection between Zoom and Live Chat. The page of the check says what to do.',
      ),
      actions(button('Press me', makeCheckButtonValue(checkId), 'Primary')),
      link('Open the connection check', pageUrl),
    ],
  });
}

function closedCheckCard(checkId: string): Card {
  return card({ head: 'Connection check', subHead: checkMark(checkId), body: [message('The check is done.')] });
}

const privateWords = 'The connection check tries this channel, and removes it.';

function privateCard(checkId: string): Card {
  return card({ head: 'Connection check', subHead: checkMark(checkId), body: [message(privateWords)] });
}

/** The same as a text in a user's name. */
function privateText(checkId: string): string {
  return `Live Chat · ${checkMark(checkId)}\n${privateWords}`;
}
