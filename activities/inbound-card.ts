import { ApplicationFailure, log } from '@temporalio/activity';
import type { CardRef, ChannelRef } from '../domain/channel.ts';
import { failureTypes } from '../domain/failures.ts';
import type { InboundCardContent } from '../domain/inbound-card.ts';
import type { PushOutcome, PushTarget } from '../domain/push.ts';
import { isZoomError } from '../zoom/index.ts';
import { isRefusedForWho } from './acting-user.ts';
import { inboundCard, inboundCardMark, withoutVisitorWords } from './cards.ts';
import type { ChatZoomContext } from './chat-zoom-context.ts';
import { inboundChannelOf } from './inbound-channel.ts';
import { orWithoutVisitorWords, pushDelivered } from './posting.ts';
import { findPosted, mayHaveActed, mayPostUnseen, readBackWindow } from './read-back.ts';
import { asZoomFailures } from './zoom-failures.ts';

export interface PostInboundCardInput {
  chatId: string;
  accountId: string;
  widgetId: string;
  content: InboundCardContent;
  /** The card shows all visitor messages up to this `seq`. */
  deliveredSeq: number;
  targets: PushTarget[];
  /** When an earlier activity first tried this, ms. */
  firstTriedAt?: number;
}

/** The chat's card in the inbound channel of its widget. */
export function createInboundCardActivities(context: ChatZoomContext) {
  const { store, zoom, acting, notices, oneAtATime } = context;

  return {
    /** Post the card with Join Chat, into the inbound channel that the widget's settings name now. */
    async postInboundCard(input: PostInboundCardInput): Promise<{ card: CardRef; outcomes: PushOutcome[] }> {
      const { chatId, deliveredSeq, firstTriedAt } = input;
      return asZoomFailures(
        () =>
          oneAtATime.run(`card ${chatId}`, async () => {
            const channel = await inboundChannelOf(store, input.widgetId);
            const card = (await postedBefore(input, channel)) ?? (await postCard(input, channel));
            await store.chats.set(chatId, { card, deliveredSeq });
            return { card, outcomes: await pushDelivered(context.push, input) };
          }),
        firstTriedAt,
      );
    },

    /**
     * Make the card say where the chat stands now. Repeating it is harmless. Fails with `MessageGone` for a card that
     * cannot come back: Zoom has it no more, or its channel is gone and chats go to another one by now.
     */
    async updateInboundCard(input: {
      chatId: string;
      accountId: string;
      widgetId: string;
      card: CardRef;
      content: InboundCardContent;
      deliveredSeq: number;
      targets: PushTarget[];
    }): Promise<{ outcomes: PushOutcome[] }> {
      const { chatId, accountId, widgetId, card, content, deliveredSeq } = input;
      return asZoomFailures(async () => {
        await orCardGone(widgetId, card, () =>
          orWithoutVisitorWords((all) =>
            acting.asBot({ accountId, channelId: card.channelId }, (userJid) =>
              zoom.bot.updateMessage({
                accountId,
                userJid,
                messageId: card.messageId,
                content: inboundCard(chatId, all ? content : withoutVisitorWords(content)),
              }),
            ),
          ),
        );
        await store.chats.set(chatId, { deliveredSeq });
        return { outcomes: await pushDelivered(context.push, input) };
      });
    },
  };

  async function orCardGone<T>(widgetId: string, card: CardRef, edit: () => Promise<T>): Promise<T> {
    try {
      return await edit();
    } catch (error) {
      if (!isZoomError(error, 'channelGone', 'channelArchived')) throw error;
      if ((await inboundChannelOf(store, widgetId)).id === card.channelId) throw error;
      throw ApplicationFailure.nonRetryable('The card went with its channel.', failureTypes.messageGone);
    }
  }

  /** The card that an earlier try has posted: into this channel, or into the one that the settings named then. */
  async function postedBefore(
    { chatId, accountId, content, firstTriedAt }: PostInboundCardInput,
    channel: ChannelRef,
  ): Promise<CardRef | undefined> {
    if (!mayHaveActed(firstTriedAt)) return undefined;
    const before = (await store.chats.get(chatId))?.cardPostedTo;
    const channels = before && before.id !== channel.id ? [before, channel] : [channel];
    for (const { id: channelId, jid: channelJid } of channels) {
      try {
        const window = readBackWindow(firstTriedAt);
        const history = await acting.asUser({ accountId, channelId }, (api) =>
          api.listMessages({ channelId, ...window }),
        );
        const found = findPosted(history, inboundCardMark(chatId, content.number));
        if (found) return { messageId: found.id, channelId, channelJid };
      } catch (error) {
        // A card that was posted there is seen by nobody any more.
        if (isZoomError(error, 'channelGone', 'channelArchived')) continue;
        if (!isRefusedForWho(error) || !mayPostUnseen(firstTriedAt)) throw error;
        log.warn('Nobody can look whether this card is in an inbound channel.', { chatId, channelId });
      }
    }
    return undefined;
  }

  async function postCard({ chatId, accountId, content }: PostInboundCardInput, channel: ChannelRef): Promise<CardRef> {
    await store.chats.set(chatId, { cardPostedTo: channel });
    try {
      const { messageId } = await orWithoutVisitorWords((all) =>
        acting.asBot({ accountId, channelId: channel.id }, (userJid) =>
          zoom.bot.postMessage({
            accountId,
            userJid,
            toJid: channel.jid,
            content: inboundCard(chatId, all ? content : withoutVisitorWords(content)),
          }),
        ),
      );
      await notices.settled(accountId, channel.id);
      return { messageId, channelId: channel.id, channelJid: channel.jid };
    } catch (error) {
      // The card needs its button, so nobody can post it in the bot's stead: an administrator has to do something in
      // Zoom.
      if (isZoomError(error, 'botNotAllowed')) await notices.ask(accountId, { cause: 'botNotAllowed', channel });
      if (isZoomError(error, 'channelGone', 'channelArchived'))
        await notices.ask(accountId, { cause: 'channelGone', channel });
      throw error;
    }
  }
}
