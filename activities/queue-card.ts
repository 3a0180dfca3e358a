import type { CardRef } from '../domain/channel.ts';
import { queueCard } from './cards.ts';
import type { ChatZoomContext } from './chat-zoom-context.ts';
import { findPosted, mayHaveActed, readBackWindow } from './read-back.ts';
import { asZoomFailures } from './zoom-failures.ts';

interface QueueCardInput {
  accountId: string;
  /** By this the card is known again. */
  mark: string;
  /** Chats that wait for their own card. */
  count: number;
}

/** The one card in an inbound channel that stands for all chats whose own cards have to wait. */
export function createQueueCardActivities({ zoom, acting, oneAtATime }: ChatZoomContext) {
  return {
    /** @param input `firstTriedAt`: when an earlier activity tried this with an unknown outcome, ms. */
    async postQueueCard(
      input: QueueCardInput & { channel: { id: string; jid: string }; firstTriedAt?: number },
    ): Promise<CardRef> {
      const { accountId, mark, count, channel, firstTriedAt } = input;
      const { id: channelId, jid: channelJid } = channel;
      const post = async (): Promise<string> => {
        if (mayHaveActed(firstTriedAt)) {
          const window = readBackWindow(firstTriedAt);
          const history = await acting.asUser({ accountId, channelId }, (api) =>
            api.listMessages({ channelId, ...window }),
          );
          const found = findPosted(history, mark);
          if (found) return found.id;
        }
        const content = queueCard(mark, count);
        const { messageId } = await acting.asBot({ accountId, channelId }, (userJid) =>
          zoom.bot.postMessage({ accountId, userJid, toJid: channelJid, content }),
        );
        return messageId;
      };
      return asZoomFailures(async () => {
        const messageId = await oneAtATime.run(`queue ${channelId}`, post);
        return { messageId, channelId, channelJid };
      }, firstTriedAt);
    },

    /** Repeating it is harmless. Fails with `MessageGone` for a card that Zoom has no more. */
    async updateQueueCard({ accountId, mark, count, card }: QueueCardInput & { card: CardRef }): Promise<void> {
      const { messageId, channelId } = card;
      const content = queueCard(mark, count);
      await asZoomFailures(() =>
        acting.asBot({ accountId, channelId }, (userJid) =>
          zoom.bot.updateMessage({ accountId, userJid, messageId, content }),
        ),
      );
    },
  };
}
export type QueueCardActivities = ReturnType<typeof createQueueCardActivities>;
