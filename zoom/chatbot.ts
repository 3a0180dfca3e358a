import { z } from 'zod';
import type { BotTokenSource } from './bot-token.ts';
import { createRestCaller, type RestCall } from './caller.ts';
import type { Card } from './cards.ts';
import type { ZoomAppOptions } from './config.ts';
import { ZoomError } from './errors.ts';
import { path, type ZoomTransport } from './http.ts';
import { millisOf, optionalText, requiredText } from './shapes.ts';

/** What the bot says and to which account. */
interface BotContent {
  /** Zoom account that the message belongs to: one chatbot token serves all accounts. */
  readonly accountId: string;
  readonly content: Card;
  /** JID of the user for whom the bot acts (installer or agent). Zoom's page requires it; some apps do without. */
  readonly userJid?: string | undefined;
  /** Whether texts of the card are markdown. Default false: literal. */
  readonly markdown?: boolean | undefined;
}

/** A message that the bot has posted. */
export interface PostedMessage {
  /** Needed to edit or delete it, and to recognize presses on its buttons. */
  readonly messageId: string;
  /** When Zoom says it was sent. */
  readonly sentAt?: Date | undefined;
}

/** Calls made as the app's bot. Source: developers.zoom.us/docs/api/chatbot/ */
export interface BotApi {
  /**
   * Posts a card. Not repeatable: after an `ambiguous` error read the channel back first.
   *
   * @param toJid a channel's JID, a user's JID, or `{userJid}/robot_{botJid}` as the bot's events have it.
   * @param replyTo id of the message whose thread this belongs to.
   * @param visibleToUser id of the only user who shall see it in the channel.
   * @throws ZoomError `botNotAllowed` when the bot may not post there (a private channel it was not added to).
   */
  postMessage(
    input: BotContent & {
      readonly toJid: string;
      readonly replyTo?: string | undefined;
      readonly visibleToUser?: string | undefined;
    },
  ): Promise<PostedMessage>;
  /** Replaces a card that the bot posted. @throws ZoomError `messageGone`. */
  updateMessage(input: BotContent & { readonly messageId: string }): Promise<void>;
  /** Deletes a card that the bot posted. @throws ZoomError `messageGone`. */
  deleteMessage(input: {
    readonly messageId: string;
    readonly accountId: string;
    readonly userJid?: string | undefined;
  }): Promise<void>;
  /**
   * Answers a button press without a token of our own: once, within 30 minutes. The address from the event serves only for its
   * id; the call goes to the configured API, so that an event cannot send it elsewhere.
   *
   * @throws ZoomError `invalidRequest` for an address without a callback id; `unauthorized` for a used or old token.
   */
  answerCallback(input: {
    readonly callbackUrl: string;
    readonly callbackToken: string;
    readonly content: Card;
    readonly replyTo?: string | undefined;
    readonly visibleToUser?: string | undefined;
    readonly markdown?: boolean | undefined;
  }): Promise<void>;
}

/** The answer to a post. `sent_time` is UTC, `2019-10-17 01:40:24` with or without ` +0000`. */
const postedAnswer = z
  .object({ message_id: requiredText, sent_time: optionalText })
  .transform((answer): PostedMessage => ({
    messageId: answer.message_id,
    sentAt: sentTime(answer.sent_time),
  }));

function sentTime(text: string | undefined): Date | undefined {
  const parts = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})/.exec(text ?? '');
  const millis = parts ? millisOf(`${parts[1] ?? ''}T${parts[2] ?? ''}Z`) : millisOf(text);
  return millis === undefined ? undefined : new Date(millis);
}

/** The bot's calls, with tokens from `tokens`; a call whose token is refused is made once more with a new one. */
export function botApi(
  options: Pick<ZoomAppOptions, 'apiUrl' | 'botJid'>,
  transport: ZoomTransport,
  tokens: BotTokenSource,
): BotApi {
  const robot_jid = options.botJid;
  const send = (token: string, call: RestCall, accountId?: string) =>
    createRestCaller(transport, options.apiUrl, token, accountId)(call);

  return {
    postMessage: ({ accountId, toJid, content, userJid, replyTo, visibleToUser, markdown = false }) =>
      tokens.use((token) =>
        createRestCaller(
          transport,
          options.apiUrl,
          token,
          accountId,
        )(
          {
            operation: 'bot.post',
            method: 'POST',
            path: '/im/chat/messages',
            json: {
              robot_jid,
              to_jid: toJid,
              account_id: accountId,
              user_jid: userJid,
              reply_to: replyTo,
              visible_to_user: visibleToUser,
              is_markdown_support: markdown,
              content,
            },
          },
          postedAnswer,
        ),
      ),
    async updateMessage({ messageId, accountId, content, userJid, markdown = false }) {
      await tokens.use((token) =>
        send(
          token,
          {
            operation: 'bot.update',
            method: 'PUT',
            path: path`/im/chat/messages/${messageId}`,
            json: { robot_jid, account_id: accountId, user_jid: userJid, is_markdown_support: markdown, content },
          },
          accountId,
        ),
      );
    },
    async deleteMessage({ messageId, accountId, userJid }) {
      await tokens.use((token) =>
        send(
          token,
          {
            operation: 'bot.delete',
            method: 'DELETE',
            path: path`/im/chat/messages/${messageId}`,
            query: { account_id: accountId, robot_jid, user_jid: userJid },
          },
          accountId,
        ),
      );
    },
    async answerCallback({ callbackUrl, callbackToken, content, replyTo, visibleToUser, markdown = false }) {
      const operation = 'bot.answerCallback';
      const id = /\/im\/chat\/callback\/([\w-]{1,200})$/.exec(callbackUrl)?.[1];
      if (id === undefined) {
        const detail = 'the callback address has no id';
        throw new ZoomError({ kind: 'invalidRequest', operation, retryable: false, ambiguous: false, detail });
      }
      await send(callbackToken, {
        operation,
        method: 'POST',
        path: path`/im/chat/callback/${id}`,
        json: { content, reply_to: replyTo, visible_to_user: visibleToUser, is_markdown_support: markdown },
      });
    },
  };
}
