import { log } from '@temporalio/activity';
import type { Store } from '../store/index.ts';
import type { Card, ZoomClient } from '../zoom/index.ts';
import type { ActingUsers } from './acting-user.ts';
import { botNotAllowedMessage, botNotInChatChannelsMessage, inboundChannelGoneMessage } from './cards.ts';

/** What keeps the app from working in an account until an administrator does something in Zoom. */
export type Trouble =
  | { cause: 'botNotAllowed'; channel: { id: string; name: string } }
  | { cause: 'channelGone'; channel: { id: string; name: string } }
  | { cause: 'botNotInChatChannels' };

/** Chat channels are one thing to an administrator: the key of what is wrong with all of them. */
const chatChannels = 'chat-channels';

/**
 * Direct messages of the bot to an administrator: one for each account, channel and cause, however many chats meet
 * it, and again only after it has worked in between.
 */
export function createNotices({
  store,
  zoom,
  acting,
  publicUrl,
}: {
  store: Pick<Store, 'notices'>;
  zoom: Pick<ZoomClient, 'bot'>;
  acting: ActingUsers;
  publicUrl: string;
}) {
  return {
    /** Ask for help, unless that was done. Never fails: what waits is on the dashboard too. */
    async ask(accountId: string, trouble: Trouble): Promise<void> {
      const channelId = 'channel' in trouble ? trouble.channel.id : chatChannels;
      const notice = { accountId, channelId, cause: trouble.cause };
      try {
        if (!(await store.notices.begin(notice))) return;
        await acting
          .asBot({ accountId }, (userJid) =>
            zoom.bot.postMessage({ accountId, toJid: userJid, userJid, content: words(trouble, publicUrl) }),
          )
          .catch(async (error: unknown) => {
            await store.notices.forget(notice);
            throw error;
          });
      } catch (error) {
        log.warn('No administrator could be asked for help.', {
          accountId,
          cause: trouble.cause,
          error: String(error),
        });
      }
    },

    /** It works again in that channel, or, without one, in the chat channels. */
    async settled(accountId: string, channelId: string = chatChannels): Promise<void> {
      await store.notices.forget({ accountId, channelId });
    },
  };
}
export type Notices = ReturnType<typeof createNotices>;

function words(trouble: Trouble, publicUrl: string): Card {
  switch (trouble.cause) {
    case 'botNotAllowed':
      return botNotAllowedMessage(trouble.channel.name);
    case 'channelGone':
      return inboundChannelGoneMessage(trouble.channel.name, `${publicUrl}/settings`);
    case 'botNotInChatChannels':
      return botNotInChatChannelsMessage();
  }
}
