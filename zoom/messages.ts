import { z } from 'zod';
import type { RestCaller } from './caller.ts';
import { path } from './http.ts';
import { allItems } from './paging.ts';
import { millisOf, optionalMillis, optionalText, requiredText } from './shapes.ts';

const PAGE_SIZE = 50;

/** A file of a message. */
export interface ZoomFile {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/** A message as a channel's history has it. History names no sender id, only an e-mail address and a member id. */
export interface ZoomMessage {
  readonly id: string;
  /** Plain text; absent when the message is only files or a card. */
  readonly text?: string | undefined;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly senderEmail?: string | undefined;
  readonly senderMemberId?: string | undefined;
  readonly files: readonly ZoomFile[];
  /** Whether it answers another message, in a thread. */
  readonly isReply: boolean;
  /** Whether a chatbot posted it. */
  readonly fromBot: boolean;
  /** What the chatbot posted, as Zoom gives it; see `cardMarks`. */
  readonly botMessage?: unknown;
}

/**
 * Messages of channels, read and written as a user. What is written appears in Zoom as that user's own words and
 * comes back as a message event. Source: developers.zoom.us/docs/api/team-chat/
 */
export interface MessagesApi {
  /**
   * Sends a message. Not repeatable: after an `ambiguous` error read the channel back first. One channel takes 10
   * messages in 1 s, 30 in 10 s, 60 in 100 s and 450 in 1,000 s, and then blocks for 10 s to 5 minutes.
   *
   * @param message at most 1,024 characters.
   * @throws ZoomError `channelArchived`, `channelGone`, `channelThrottled`, `contentRefused`, `forbidden`,
   *   `scopeMissing`.
   */
  sendMessage(input: { readonly channelId: string; readonly message: string }): Promise<{ readonly id: string }>;
  /**
   * What was written between two times, oldest first, over all pages. Zoom keeps 6 months for this call. Both times are
   * widened to whole seconds, so that nothing on the edge is missed.
   */
  listMessages(input: { readonly channelId: string; readonly from: Date; readonly to: Date }): Promise<ZoomMessage[]>;
}

/** One file, in the shape that history and events share. */
export const fileShape = z
  .object({ file_id: optionalText, file_name: optionalText })
  .transform((file): ZoomFile => ({ id: file.file_id, name: file.file_name }));

/** A message of a history. Older messages carry their first file in fields of their own instead of a list. */
const messageShape = z
  .object({
    id: requiredText,
    message: optionalText,
    date_time: optionalText,
    timestamp: optionalMillis,
    sender: optionalText,
    send_member_id: optionalText,
    files: z.array(fileShape).nullish(),
    file_id: optionalText,
    file_name: optionalText,
    reply_main_message_id: optionalText,
    bot_message: z.unknown().optional(),
  })
  .transform((message): ZoomMessage => {
    const single: ZoomFile[] = message.file_id === undefined ? [] : [{ id: message.file_id, name: message.file_name }];
    const fromBot = hasContent(message.bot_message);
    return {
      id: message.id,
      text: message.message,
      timestamp: message.timestamp ?? millisOf(message.date_time) ?? 0,
      senderEmail: message.sender,
      senderMemberId: message.send_member_id,
      files: message.files?.length ? message.files : single,
      isReply: message.reply_main_message_id !== undefined && message.reply_main_message_id !== message.id,
      fromBot,
      botMessage: fromBot ? message.bot_message : undefined,
    };
  });

const messagesAnswer = z
  .object({ messages: z.array(messageShape), next_page_token: optionalText })
  .transform((answer) => ({ items: answer.messages, nextPageToken: answer.next_page_token }));

const sentAnswer = z.object({ id: requiredText });

/**
 * The calls of MessagesApi made with `call`.
 * @param user id of the user whose token it is, or `me`.
 */
export function messagesApi(call: RestCaller, user: string): MessagesApi {
  const messagesPath = path`/chat/users/${user}/messages`;
  return {
    sendMessage: ({ channelId, message }) =>
      call(
        {
          operation: 'messages.send',
          method: 'POST',
          path: messagesPath,
          json: { message, to_channel: channelId },
        },
        sentAnswer,
      ),
    async listMessages({ channelId, from, to }) {
      // Never `date`: it wins over from and to, and left out together with them it means today.
      const range = { from: wholeSecond(Math.floor, from), to: wholeSecond(Math.ceil, to) };
      const messages = await allItems('messages.list', (pageToken) =>
        call(
          {
            operation: 'messages.list',
            method: 'GET',
            path: messagesPath,
            query: { to_channel: channelId, ...range, page_size: PAGE_SIZE, next_page_token: pageToken },
          },
          messagesAnswer,
        ),
      );
      // Zoom promises no order, within a page or across pages, and pages shift while people write.
      const unique = [...new Map(messages.map((message) => [message.id, message])).values()];
      return unique.sort((a, b) => a.timestamp - b.timestamp);
    },
  };
}

/** Zoom's form `yyyy-MM-dd'T'HH:mm:ss'Z'` has no milliseconds. */
function wholeSecond(round: (value: number) => number, date: Date): string {
  return `${new Date(round(date.getTime() / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

function hasContent(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return typeof value === 'string' && value !== '';
}
