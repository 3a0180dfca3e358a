import { randomBytes } from 'node:crypto';
import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { channelRef, type ChannelRef } from '../domain/channel.ts';
import { failureTypes } from '../domain/failures.ts';
import { widgetSettingsSchema } from '../domain/widget.ts';
import type { Member, Store, Widget } from '../store/index.ts';
import { isZoomError, type ZoomClient, type ZoomUserApi } from '../zoom/index.ts';
import { requireAccount } from './acting-user.ts';
import { welcomeCard, welcomeMessage } from './cards.ts';
import { postNamingIfNeeded, sendDirectMessage } from './direct-messages.ts';
import { findPosted, mayHaveActed, readBackWindow } from './read-back.ts';
import type { UserZoom } from './user-zoom.ts';
import { asZoomFailures } from './zoom-failures.ts';

/** What the install activities work with. */
export interface InstallActivityDependencies {
  store: Pick<Store, 'accounts' | 'widgets' | 'members'>;
  zoom: Pick<ZoomClient, 'bot'>;
  userZoom: UserZoom;
  product: { trialDays: number; retentionDays: number; inboundChannelName: string };
  /** Where the app's pages are. */
  publicUrl: string;
}

const dayMs = 86_400_000;
/** What the widget that an install makes is called within its account. */
const firstWidgetName = 'Website';

/**
 * The steps of an install. Each looks first whether it was done before, so that an install can be run again at any
 * time.
 */
export function createInstallActivities({ store, zoom, userZoom, product, publicUrl }: InstallActivityDependencies) {
  const dashboardUrl = `${publicUrl}/dashboard`;
  const previewUrl = (widgetId: string) => `${publicUrl}/preview?widget=${encodeURIComponent(widgetId)}`;

  return {
    /** Name and e-mail of whoever added the app, from Zoom. */
    async fetchUser({ zoomUserId }: { zoomUserId: string }): Promise<{ name: string; email: string }> {
      return asZoomFailures(async () => {
        const user = await userZoom(zoomUserId, (api) => api.getMe());
        const email = user.email ?? '';
        await store.members.connect({
          _id: zoomUserId,
          accountId: user.accountId,
          name: user.displayName,
          email,
          jid: user.jid,
          role: user.role,
        });
        return { name: user.displayName, email };
      });
    },

    /** The account with its trial and its first widget, unless this Zoom account has one. `created` says which. */
    async provisionAccount(input: {
      accountId: string;
      zoomUserId: string;
      email: string;
    }): Promise<{ created: boolean; name: string }> {
      const { accountId, zoomUserId } = input;
      const now = Date.now();
      const created = await store.accounts.provision({
        _id: accountId,
        name: accountName(input.email),
        ownerUserId: zoomUserId,
        createdAt: new Date(now),
        trialEndsAt: new Date(now + product.trialDays * dayMs),
        retentionDays: product.retentionDays,
      });
      const { name } = await requireAccount(store, accountId);
      if ((await store.widgets.ofAccount(accountId)).length === 0) {
        await store.widgets.provision({
          _id: randomBytes(12).toString('base64url'),
          accountId,
          name: firstWidgetName,
          createdAt: new Date(now),
          settings: widgetSettingsSchema.parse({ teamName: name }),
        });
      }
      return { created, name };
    },

    /** The widget's inbound channel: the one it has, one of that name, or a new one. */
    async setUpInboundChannel(input: { accountId: string; zoomUserId: string }): Promise<ChannelRef> {
      const widget = await requireWidget(input.accountId);
      if (widget.inboundChannel) return widget.inboundChannel;
      return asZoomFailures(async () => {
        const channel = channelRef(
          await userZoom(input.zoomUserId, (api) => findOrCreate(api, product.inboundChannelName)),
        );
        await store.widgets.setInboundChannel(widget._id, channel);
        return channel;
      });
    },

    /** The welcome card in the inbound channel, once per account. */
    async postWelcomeCard(input: { accountId: string; zoomUserId: string }): Promise<{ detail: string }> {
      const { accountId, zoomUserId } = input;
      const account = await requireAccount(store, accountId);
      if (account.welcomeCard) return { detail: 'posted before' };
      const { channel, url } = await requireInbound(accountId);
      const installer = await requireMember(zoomUserId);
      const content = welcomeCard({ channelName: channel.name, previewUrl: url, dashboardUrl });
      return asZoomFailures(async () => {
        const earlier = mayHaveActed()
          ? await userZoom(zoomUserId, (api) => api.listMessages({ channelId: channel.id, ...readBackWindow() }))
          : [];
        const messageId =
          findPosted(earlier, url)?.id ??
          (await postNamingIfNeeded(zoom.bot, { accountId, toJid: channel.jid, content }, installer.jid)).messageId;
        await store.accounts.setWelcomeCard(accountId, { messageId, channelId: channel.id });
        return { detail: 'posted' };
      });
    },

    /**
     * The direct message to the installer, once per person. A bot's direct messages cannot be read back, so an answer
     * that Zoom lost can make it appear twice.
     */
    async sendWelcomeMessage(input: { accountId: string; zoomUserId: string }): Promise<void> {
      const { accountId, zoomUserId } = input;
      const installer = await requireMember(zoomUserId);
      if (installer.welcomeMessageId !== undefined) return;
      const { channel, url } = await requireInbound(accountId);
      const content = welcomeMessage({
        firstName: installer.name.split(' ')[0] ?? installer.name,
        channelName: channel.name,
        previewUrl: url,
        dashboardUrl,
      });
      await asZoomFailures(async () => {
        const { messageId } = await sendDirectMessage(zoom.bot, installer, content);
        await store.members.setWelcomeMessage(zoomUserId, messageId);
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
      `The Zoom user ${zoomUserId} has not added the app.`,
      failureTypes.needsReconnect,
    );
  }

  /** The widget that an install sets up: the account's oldest. */
  async function requireWidget(accountId: string): Promise<Widget> {
    const [widget] = await store.widgets.ofAccount(accountId);
    if (widget) return widget;
    throw ApplicationFailure.nonRetryable(
      `The Zoom account ${accountId} has no live chat account here.`,
      failureTypes.accountUnknown,
    );
  }

  async function requireInbound(accountId: string): Promise<{ channel: ChannelRef; url: string }> {
    const { _id, inboundChannel } = await requireWidget(accountId);
    if (inboundChannel) return { channel: inboundChannel, url: previewUrl(_id) };
    throw ApplicationFailure.nonRetryable('The widget has no inbound channel yet.', failureTypes.accountUnknown);
  }
}
export type InstallActivities = ReturnType<typeof createInstallActivities>;

/**
 * The user's channel of that name, or a new one: public within the account, where Zoom is known to let the bot post.
 */
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

/** Zoom does not give an account's name: the e-mail domain of its first installer is the best word for it. */
function accountName(email: string): string {
  return email.split('@')[1] ?? 'Zoom account';
}
