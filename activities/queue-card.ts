import type { CardRef } from '../domain/channel.ts';
import { queueCard, reminderCard } from './cards.ts';
import type { ChatZoomContext } from './chat-zoom-context.ts';
import { findPosted, mayHaveActed, readBackWindow } from './read-back.ts';
import type { Card } from '../zoom/index.ts';
import { asZoomFailures } from './zoom-failures.ts';

interface QueueCardInput {
  accountId: string;
  /** By this the card is known again. */
  mark: string;
  /** Chats that wait for their own card. */
  count: number;
}

/** The one card in an inbound channel that stands for all chats whose own cards have to wait. */
export function createQueueCardActivities({ store, zoom, acting, oneAtATime }: ChatZoomContext) {
  /** Post a card, unless an earlier try has. @returns its id. */
  async function postOnce(input: {
    accountId: string;
    channel: { id: string; jid: string };
    mark: string;
    content: Card;
    firstTriedAt?: number;
  }): Promise<string> {
    const { accountId, mark, content, firstTriedAt } = input;
    const { id: channelId, jid: toJid } = input.channel;
    return oneAtATime.run(`queue ${channelId}`, async () => {
      if (mayHaveActed(firstTriedAt)) {
        const window = readBackWindow(firstTriedAt);
        const history = await acting.asUser({ accountId, channelId }, (api) =>
          api.listMessages({ channelId, ...window }),
        );
        const found = findPosted(history, mark);
        if (found) return found.id;
      }
      const { messageId } = await acting.asBot({ accountId, channelId }, (userJid) =>
        zoom.bot.postMessage({ accountId, userJid, toJid, content }),
      );
      return messageId;
    });
  }

  return {
    /** @param input `firstTriedAt`: when an earlier activity tried this with an unknown outcome, ms. */
    async postQueueCard(
      input: QueueCardInput & { channel: { id: string; jid: string }; firstTriedAt?: number },
    ): Promise<CardRef> {
      const { mark, count, channel, firstTriedAt, ...rest } = input;
      return asZoomFailures(async () => {
        const tried = firstTriedAt === undefined ? {} : { firstTriedAt };
        const messageId = await postOnce({ ...rest, channel, mark, content: queueCard(mark, count), ...tried });
        return { messageId, channelId: channel.id, channelJid: channel.jid };
      }, firstTriedAt);
    },

    /**
     * Remind the team, in a post of its own, of the visitors who wait in an inbound channel.
     * @returns how many there are; for none nothing is posted.
     */
    async postReminder(input: {
      accountId: string;
      channel: { id: string; jid: string };
      mark: string;
      firstTriedAt?: number;
    }): Promise<{ count: number }> {
      const { accountId, channel, mark, firstTriedAt } = input;
      const widgets = await store.widgets.ofAccount(accountId);
      const here = widgets.filter(({ inboundChannel }) => inboundChannel?.id === channel.id).map(({ _id }) => _id);
      const asking = await store.chats.askingForAgent(accountId, here);
      if (asking.length === 0) return { count: 0 };
      const longestMs = Date.now() - Math.min(...asking.map(({ since }) => since.getTime()));
      const content = reminderCard(mark, asking.length, longestMs);
      const tried = firstTriedAt === undefined ? {} : { firstTriedAt };
      await asZoomFailures(() => postOnce({ accountId, channel, mark, content, ...tried }), firstTriedAt);
      return { count: asking.length };
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
