import type { ChannelRef } from '../domain/channel.ts';
import type { Store } from '../store/index.ts';
import type { RouteChangeInput } from '../workflows/route-change/messages.ts';
import { card, link, message, type ZoomClient } from '../zoom/index.ts';
import type { ActingUsers } from './acting-user.ts';
import { asZoomFailures } from './zoom-failures.ts';

export interface RouteChangeDependencies {
  store: Pick<Store, 'members'>;
  zoom: Pick<ZoomClient, 'bot'>;
  acting: ActingUsers;
  publicUrl: string;
}

/** What is told when new chats are routed to another channel. */
export function createRouteChangeActivities({ store, zoom, acting, publicUrl }: RouteChangeDependencies) {
  return {
    /** Post in one of the channels where new chats go now, and by whom. A lost answer can make it appear twice. */
    async tellRouteChange(input: RouteChangeInput & { channel: ChannelRef }): Promise<void> {
      const { accountId, zoomUserId, to, channel } = input;
      const by = (await store.members.get(zoomUserId))?.name ?? 'An administrator';
      const isHere = channel.id === to.id;
      const content = card({
        head: isHere ? 'New chats appear here now' : 'New chats appear in another channel now',
        body: [
          message(
            isHere
              ? `${by} has routed new chats from your website to this channel.`
              : `${by} has routed new chats from your website to “${to.name}”. Chats that began here go on.`,
          ),
          link('Open the settings', `${publicUrl}/settings`),
        ],
      });
      await asZoomFailures(() =>
        acting.asBot({ accountId, channelId: channel.id }, (userJid) =>
          zoom.bot.postMessage({
            accountId,
            toJid: channel.jid,
            content,
            ...(userJid === undefined ? {} : { userJid }),
          }),
        ),
      );
    },
  };
}
export type RouteChangeActivities = ReturnType<typeof createRouteChangeActivities>;
