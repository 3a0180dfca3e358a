import { z } from 'zod';
import type { BotTokenSource } from './bot-token.ts';
import { createRestCaller, type RestCaller } from './caller.ts';
import type { Card } from './cards.ts';
import type { ZoomAppOptions } from './config.ts';
import { path, type ZoomTransport } from './http.ts';
import { requiredText } from './shapes.ts';

/** What the bot says and to which account. */
interface BotContent {
  /** Zoom account that the message belongs to: one chatbot token serves all accounts. */
  readonly accountId: string;
  readonly content: Card;
  /**
   * JID of the user for whom the bot acts. User-managed apps have to give one; where it is given, the user must be
   * active and, for a post into a channel, still be in it.
   */
  readonly userJid?: string | undefined;
}

/** Calls made as the app's bot. Source: developers.zoom.us/docs/api/chatbot/ */
export interface BotApi {
  /**
   * Posts a card. Not repeatable: after an `ambiguous` error read the channel back first.
   *
   * @param toJid a channel's JID or a user's JID.
   * @returns the id by which the card is edited.
   * @throws ZoomError `botNotAllowed` when the bot may not post there (a private channel it was not added to) or not
   *   for this user; `channelGone`, `channelArchived`, `channelThrottled`, `contentRefused`.
   */
  postMessage(input: BotContent & { readonly toJid: string }): Promise<{ readonly messageId: string }>;
  /** Replaces a card that the bot posted. @throws ZoomError `messageGone`, `contentRefused`. */
  updateMessage(input: BotContent & { readonly messageId: string }): Promise<void>;
}

const postedAnswer = z.object({ message_id: requiredText }).transform((answer) => ({ messageId: answer.message_id }));

/** The bot's calls, with tokens from `tokens`; a call whose token is refused is made once more with a new one. */
export function botApi(
  options: Pick<ZoomAppOptions, 'apiUrl' | 'botJid'>,
  transport: ZoomTransport,
  tokens: BotTokenSource,
): BotApi {
  const asBot = <Result>(make: (call: RestCaller) => Promise<Result>) =>
    tokens.use((token) => make(createRestCaller(transport, options.apiUrl, token)));
  // Without `is_markdown_support` texts are literal, and Zoom refuses links beside it.
  const body = ({ accountId, content, userJid }: BotContent) => ({
    robot_jid: options.botJid,
    account_id: accountId,
    user_jid: userJid,
    content,
  });

  return {
    postMessage: ({ toJid, ...rest }) =>
      asBot((call) =>
        call(
          {
            operation: 'bot.post',
            method: 'POST',
            path: '/im/chat/messages',
            json: { ...body(rest), to_jid: toJid },
          },
          postedAnswer,
        ),
      ),
    updateMessage: ({ messageId, ...rest }) =>
      asBot((call) =>
        call({
          operation: 'bot.update',
          method: 'PUT',
          path: path`/im/chat/messages/${messageId}`,
          json: body(rest),
        }),
      ),
  };
}
