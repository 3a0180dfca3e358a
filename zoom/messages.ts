import { z } from 'zod';
import type { RestCaller } from './caller.ts';
import { path } from './http.ts';
import { collect, eachItem } from './paging.ts';
import { millisOf, optionalMillis, optionalText, requiredText } from './shapes.ts';

/** Longest `message` of a send or an edit, in characters; see `splitMessage`. Cards of the bot have another limit. */
export const MAX_MESSAGE_LENGTH = 1024;

const PAGE_SIZE = 50;

/** A file of a message. */
export interface ZoomFile {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  /** Size in bytes. */
  readonly size?: number | undefined;
  /** Zoom's word for the kind: `file`, `image`, `audio`, `code snippet` and others. */
  readonly type?: string | undefined;
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
  readonly senderName?: string | undefined;
  /** Id of the thread's first message, when this is a reply. */
  readonly replyTo?: string | undefined;
  readonly files: readonly ZoomFile[];
  /** Whether a chatbot posted it. */
  readonly fromBot: boolean;
  /** What the chatbot posted, as Zoom gives it; `cardTexts` reads the words out of it. */
  readonly botMessage?: unknown;
}

/** Where a message is: a channel, or the one-to-one chat with a contact (e-mail address, user id or member id). */
export type MessagePlace =
  | { readonly toChannel: string; readonly toContact?: undefined }
  | { readonly toContact: string; readonly toChannel?: undefined };

/**
 * Messages read and written as a user. What is written appears in Zoom as that user's own words and comes back as a message
 * event. Source: developers.zoom.us/docs/api/team-chat/
 */
export interface MessagesApi {
  /**
   * Sends as `userId` (default `me`). Not repeatable: after an `ambiguous` error read the channel back first. One channel takes
   * 10 messages in 1 s, 30 in 10 s, 60 in 100 s and 450 in 1,000 s, and then blocks for 10 s to 5 minutes.
   *
   * @param message at most MAX_MESSAGE_LENGTH characters.
   * @param replyTo id of a thread's first message; Zoom refuses a reply to a reply.
   * @throws ZoomError `channelArchived`, `channelGone`, `forbidden`, `refused` (perhaps the channel's limit), `scopeMissing`.
   */
  sendMessage(
    input: MessagePlace & {
      readonly userId?: string | undefined;
      readonly message: string;
      readonly replyTo?: string | undefined;
    },
  ): Promise<{ readonly id: string }>;
  /**
   * What was written between two times, oldest first, over all pages. Zoom keeps 6 months for this call. Both times are
   * widened to whole seconds, so that nothing on the edge is missed.
   *
   * @param newest keep only this many, the newest.
   * @param maxPages default 200, of 50 messages each.
   */
  listMessages(
    input: MessagePlace & {
      readonly userId?: string | undefined;
      readonly from: Date;
      readonly to: Date;
      readonly newest?: number | undefined;
      readonly maxPages?: number | undefined;
    },
  ): Promise<ZoomMessage[]>;
  /** Replaces the text of a message that this user sent. @throws ZoomError `forbidden`, `invalidRequest` (unknown message). */
  editMessage(
    input: MessagePlace & {
      readonly userId?: string | undefined;
      readonly messageId: string;
      readonly message: string;
    },
  ): Promise<void>;
  /** Deletes a message that this user sent. */
  deleteMessage(
    input: MessagePlace & { readonly userId?: string | undefined; readonly messageId: string },
  ): Promise<void>;
}

/** One file, in the shape that history and events share. */
export const fileShape = z
  .object({
    file_id: optionalText,
    file_name: optionalText,
    file_size: optionalMillis,
    file_message_type: optionalText,
  })
  .transform((file): ZoomFile => ({
    id: file.file_id,
    name: file.file_name,
    size: file.file_size,
    type: file.file_message_type,
  }));

/** A message of a history. Older messages carry their first file in fields of their own instead of a list. */
const messageShape = z
  .object({
    id: requiredText,
    message: optionalText,
    date_time: optionalText,
    timestamp: optionalMillis,
    sender: optionalText,
    send_member_id: optionalText,
    sender_display_name: optionalText,
    reply_main_message_id: optionalText,
    files: z.array(fileShape).nullish(),
    file_id: optionalText,
    file_name: optionalText,
    file_size: optionalMillis,
    bot_message: z.unknown().optional(),
  })
  .transform((message): ZoomMessage => {
    const single: ZoomFile[] =
      message.file_id === undefined ? [] : [{ id: message.file_id, name: message.file_name, size: message.file_size }];
    return {
      id: message.id,
      text: message.message,
      timestamp: message.timestamp ?? millisOf(message.date_time) ?? 0,
      senderEmail: message.sender,
      senderMemberId: message.send_member_id,
      senderName: message.sender_display_name,
      // A message that names itself as its thread's first is that first message, not a reply.
      replyTo: message.reply_main_message_id === message.id ? undefined : message.reply_main_message_id,
      files: message.files?.length ? message.files : single,
      fromBot: hasContent(message.bot_message),
      botMessage: hasContent(message.bot_message) ? message.bot_message : undefined,
    };
  });

const messagesAnswer = z
  .object({ messages: z.array(messageShape), next_page_token: optionalText })
  .transform((answer) => ({ items: answer.messages, nextPageToken: answer.next_page_token }));

const sentAnswer = z.object({ id: requiredText });

/** The calls of MessagesApi made with `call`. */
export function messagesApi(call: RestCaller): MessagesApi {
  return {
    sendMessage: ({ userId = 'me', message, replyTo, ...place }) =>
      call(
        {
          operation: 'messages.send',
          method: 'POST',
          path: path`/chat/users/${userId}/messages`,
          json: { message, reply_main_message_id: replyTo, ...wirePlace(place) },
        },
        sentAnswer,
      ),
    async listMessages({ userId = 'me', from, to, newest, maxPages = 200, ...place }) {
      // Never `date`: it wins over from and to, and left out together with them it means today.
      const range = { from: wholeSecond(Math.floor, from), to: wholeSecond(Math.ceil, to) };
      const messages = await collect(
        eachItem('messages.list', maxPages, (pageToken) =>
          call(
            {
              operation: 'messages.list',
              method: 'GET',
              path: path`/chat/users/${userId}/messages`,
              query: { ...wirePlace(place), ...range, page_size: PAGE_SIZE, next_page_token: pageToken },
            },
            messagesAnswer,
          ),
        ),
      );
      // Zoom promises no order, within a page or across pages, and pages shift while people write.
      const unique = [...new Map(messages.map((message) => [message.id, message])).values()];
      unique.sort((a, b) => a.timestamp - b.timestamp);
      return newest === undefined ? unique : unique.slice(Math.max(0, unique.length - newest));
    },
    editMessage: ({ userId = 'me', messageId, message, ...place }) =>
      call({
        operation: 'messages.edit',
        method: 'PUT',
        path: path`/chat/users/${userId}/messages/${messageId}`,
        json: { message, ...wirePlace(place) },
      }),
    deleteMessage: ({ userId = 'me', messageId, ...place }) =>
      call({
        operation: 'messages.delete',
        method: 'DELETE',
        path: path`/chat/users/${userId}/messages/${messageId}`,
        query: wirePlace(place),
      }),
  };
}

function wirePlace(place: MessagePlace): { to_channel: string | undefined; to_contact: string | undefined } {
  return { to_channel: place.toChannel, to_contact: place.toContact };
}

/** Zoom's form `yyyy-MM-dd'T'HH:mm:ss'Z'` has no milliseconds. */
function wholeSecond(round: (value: number) => number, date: Date): string {
  return `${new Date(round(date.getTime() / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

function hasContent(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return typeof value === 'string' && value !== '';
}
