import { randomBytes } from 'node:crypto';
import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { failureTypes } from '../domain/failures.ts';
import type { ChannelRef, Member, Store } from '../store/index.ts';
import { isZoomError, type ZoomClient, type ZoomUserApi } from '../zoom/index.ts';
import { requireAccount } from './acting-user.ts';
import { welcomeCard, welcomeMessage } from './cards.ts';
import { botSaid, readBackForRetry } from './posting.ts';
import type { UserZoom } from './user-zoom.ts';
import { asZoomFailures } from './zoom-failures.ts';

/** What the install activities work with. */
export interface InstallActivityDependencies {
  store: Store;
  zoom: ZoomClient;
  userZoom: UserZoom;
  product: { trialDays: number; inboundChannelName: string };
  /** Where the app's pages are. */
  publicUrl: string;
}

const dayMs = 86_400_000;

/** The steps of an install. Each looks first whether it was done before, so that an install can be run again at any time. */
export function createInstallActivities({ store, zoom, userZoom, product, publicUrl }: InstallActivityDependencies) {
  const dashboardUrl = `${publicUrl}/dashboard`;
  const previewUrl = (widgetId: string) => `${publicUrl}/preview?widget=${encodeURIComponent(widgetId)}`;

  return {
    /** Name and e-mail of whoever added the app, from Zoom. */
    async fetchUser({ zoomUserId }: { zoomUserId: string }): Promise<{ name: string; email: string }> {
      return asZoomFailures('answer', async () => {
        const user = await userZoom(zoomUserId, (api) => api.getMe());
        const email = user.email ?? '';
        await store.members.connect({
          _id: zoomUserId,
          accountId: user.accountId,
          name: user.displayName,
          email,
          jid: user.jid,
        });
        return { name: user.displayName, email };
      });
    },

    /** The account with its trial, unless this Zoom account has one. `created` tells which. */
    async provisionAccount(input: {
      accountId: string;
      zoomUserId: string;
      email: string;
    }): Promise<{ created: boolean; name: string }> {
      const now = Date.now();
      const name = accountName(input.email);
      const created = await store.accounts.provision({
        _id: input.accountId,
        name,
        ownerUserId: input.zoomUserId,
        widgetId: randomBytes(12).toString('base64url'),
        createdAt: new Date(now),
        trialEndsAt: new Date(now + product.trialDays * dayMs),
      });
      return { created, name: created ? name : (await requireAccount(store, input.accountId)).name };
    },

    /** The account's inbound channel: the one it has, one of that name, or a new one. */
    async setUpInboundChannel(input: { accountId: string; zoomUserId: string }): Promise<ChannelRef> {
      return asZoomFailures('answer', async () => {
        const account = await requireAccount(store, input.accountId);
        if (account.channel) return account.channel;
        const { id, jid, name, url } = await userZoom(input.zoomUserId, (api) =>
          findOrCreate(api, product.inboundChannelName),
        );
        const channel = { id, jid, name, url };
        await store.accounts.setChannel(input.accountId, channel);
        return channel;
      });
    },

    /** The welcome card in the inbound channel, once per account. */
    async postWelcomeCard(input: { accountId: string; zoomUserId: string }): Promise<{ detail: string }> {
      return asZoomFailures('answer', async () => {
        const account = await requireAccount(store, input.accountId);
        if (account.welcomeCard) return { detail: 'posted before' };
        const channel = requireChannel(account.channel);
        const installer = await requireMember(input.zoomUserId);
        const url = previewUrl(account.widgetId);
        const asInstaller = <T>(fn: (api: ZoomUserApi) => Promise<T>) => userZoom(input.zoomUserId, fn);
        const earlier = await readBackForRetry(asInstaller, channel.id, []);
        const found = earlier.find(botSaid(url))?.id;
        const messageId =
          found ??
          (
            await zoom.bot.postMessage({
              accountId: input.accountId,
              toJid: channel.jid,
              content: welcomeCard({ channelName: channel.name, previewUrl: url, dashboardUrl }),
              userJid: installer.jid,
            })
          ).messageId;
        await store.accounts.setWelcomeCard(input.accountId, { messageId, channelId: channel.id });
        return { detail: 'posted' };
      });
    },

    /**
     * The direct message to the installer, once per person. A bot's direct messages cannot be read back, so an answer that
     * Zoom lost can make it appear twice.
     */
    async sendWelcomeMessage(input: { accountId: string; zoomUserId: string }): Promise<void> {
      await asZoomFailures('answer', async () => {
        const installer = await requireMember(input.zoomUserId);
        if (installer.welcomeMessageId !== undefined) return;
        const account = await requireAccount(store, input.accountId);
        const channel = requireChannel(account.channel);
        const { messageId } = await zoom.bot.postMessage({
          accountId: input.accountId,
          toJid: installer.jid,
          content: welcomeMessage({
            firstName: installer.name.split(' ')[0] ?? installer.name,
            channelName: channel.name,
            previewUrl: previewUrl(account.widgetId),
            dashboardUrl,
          }),
          userJid: installer.jid,
        });
        await store.members.setWelcomeMessage(input.zoomUserId, messageId);
      });
    },

    async recordOnboarded({ zoomUserId, at }: { zoomUserId: string; at: number }): Promise<void> {
      await store.members.setOnboarded(zoomUserId, new Date(at));
    },
  };

  async function requireMember(zoomUserId: string): Promise<Member> {
    const found = await store.members.get(zoomUserId);
    if (found) return found;
    throw ApplicationFailure.nonRetryable(
      `No installation of the Zoom user ${zoomUserId}.`,
      failureTypes.needsReconnect,
    );
  }
}
export type InstallActivities = ReturnType<typeof createInstallActivities>;

/** The user's channel of that name, or a new one: public within the account, where Zoom is known to let the bot post. */
async function findOrCreate(api: ZoomUserApi, name: string) {
  const find = async (wanted: string) => (await api.allChannels()).find((channel) => channel.name === wanted);
  const found = await find(name);
  if (found) return found;
  try {
    return await api.createChannel({ name, type: 'public' });
  } catch (error) {
    if (!isZoomError(error, 'nameTaken')) throw error;
    // Somebody else's channel has the name, one that this user is not in: a name with a unique part is free.
    const unique = `${name} ${activityInfo().workflowExecution?.runId.slice(0, 4) ?? ''}`.trim();
    return (await find(unique)) ?? (await api.createChannel({ name: unique, type: 'public' }));
  }
}

function requireChannel(channel: ChannelRef | undefined): ChannelRef {
  if (channel) return channel;
  throw ApplicationFailure.nonRetryable('The account has no inbound channel yet.', failureTypes.accountUnknown);
}

/** Zoom does not tell an account's name: the e-mail domain of its first installer is the best word for it. */
function accountName(email: string): string {
  return email.split('@')[1] ?? 'Zoom account';
}
