import { z } from 'zod';
import { zoomDateTime } from '../clock.ts';
import { cardContent } from '../cards.ts';
import {
  canOpen,
  canSee,
  checkMayPost,
  deleteMessage,
  editMessage,
  findUser,
  membership,
  mustFindChannel,
  postAsUser,
  type Target,
} from '../chat.ts';
import { invalid, noPermission, noUser, ZoomError } from '../errors.ts';
import { displayName, dmOf } from '../events.ts';
import { localPart } from '../ids.ts';
import { bothLevels } from '../scopes.ts';
import type { Conversation, FileRef, Message, User } from '../state.ts';
import { botName, type World } from '../world.ts';
import { countMessage, flag, pageSize, read, type endpointsOn } from './api.ts';
import { launchUrl } from './channels.ts';
import { page } from './paging.ts';

/*
 * Messages in a person's name (developers.zoom.us/docs/api/team-chat/).
 */

/** Longest message, in characters. */
const messageLimit = 1024;
const historyMs = 183 * 86_400_000;

const where = { to_channel: z.string().min(1).optional(), to_contact: z.string().min(1).optional() };
const text = z.string().max(messageLimit, `A message must not be longer than ${messageLimit} characters.`);
const richText = z.array(
  z.looseObject({
    start_position: z.number().int().min(0),
    end_position: z.number().int().min(0),
    format_type: z.enum([
      'Bold',
      'Italic',
      'Strikethrough',
      'BulletedList',
      'NumberedList',
      'Underline',
      'FontSize',
      'FontColor',
      'BackgroundColor',
      'LeftIndent',
      'Paragraph',
      'Quote',
      'AddLink',
    ]),
    format_attr: z.string().optional(),
  }),
);
const atItems = z.array(
  z.looseObject({
    at_contact: z.string().optional(),
    at_type: z.union([z.literal(1), z.literal(2)]),
    start_position: z.number().int().min(0),
    end_position: z.number().int().min(0),
  }),
);
const interactiveCards = z.array(z.looseObject({ card_json: z.string() })).max(5);

const sendInput = z.object({
  ...where,
  message: text,
  reply_main_message_id: z.string().min(1).optional(),
  at_items: atItems.optional(),
  rich_text: richText.optional(),
  file_ids: z.array(z.string()).max(6).optional(),
  interactive_cards: interactiveCards.optional(),
  scheduled_time: z.iso.datetime().optional(),
});
const editInput = z.object({
  ...where,
  message: text,
  file_ids: z.array(z.string()).max(6).optional(),
  interactive_cards: interactiveCards.optional(),
});
const whereQuery = z.object(where);
const listQuery = z.object({
  ...where,
  date: z.union([z.iso.date(), z.iso.datetime()]).optional(),
  from: z.union([z.iso.date(), z.iso.datetime()]).optional(),
  to: z.union([z.iso.date(), z.iso.datetime()]).optional(),
  page_size: pageSize(10, 50),
  next_page_token: z.string().optional(),
  include_deleted_and_edited_message: flag,
  exclude_child_message: flag,
  search_type: z.enum(['message', 'file']).optional(),
  search_key: z.string().min(1).max(256).optional(),
  download_file_formats: z.string().optional(),
});

type Where = z.infer<typeof whereQuery>;

function exactlyOne(input: Where): void {
  if ((input.to_channel === undefined) === (input.to_contact === undefined)) {
    throw invalid([{ field: 'to_channel', message: 'Exactly one of to_channel and to_contact is required.' }]);
  }
}

function targetOf(world: World, input: Where): { target: Exclude<Target, { bot: true }>; channelId?: string } {
  exactlyOne(input);
  if (input.to_channel !== undefined) {
    const channel = mustFindChannel(world, input.to_channel);
    return { target: { channel }, channelId: channel.id };
  }
  const contact = findUser(world, input.to_contact ?? '');
  if (contact === undefined) throw noUser(input.to_contact ?? '');
  return { target: { contact } };
}

function conversationOf(world: World, user: User, input: Where): Conversation {
  const { target } = targetOf(world, input);
  if ('contact' in target) return dmOf(user.id, target.contact.id);
  if (membership(target.channel, user.id) === undefined) throw noPermission('You are not a member of this channel.');
  return `c:${target.channel.id}`;
}

/** A card given with a user's message must be readable, and one that Zoom could show (400/5405). */
function checkCards(cards: { card_json: string }[] | undefined): void {
  for (const card of cards ?? []) {
    let json: unknown;
    try {
      json = JSON.parse(card.card_json);
    } catch {
      json = undefined;
    }
    const content = z.union([cardContent, z.object({ content: cardContent })]).safeParse(json);
    if (!content.success) throw new ZoomError(400, 5405, 'The interactive card could not be created.');
  }
}

function filesOf(world: World, ids: string[] | undefined): FileRef[] {
  return (ids ?? []).map((id) => {
    const file = world.store.files.get(id);
    if (file === undefined) throw new ZoomError(400, 5404, 'The file does not exist.');
    return file;
  });
}

function messageType(message: Message): string {
  const file = message.files?.[0];
  if (file === undefined) return 'plain_text_message';
  if (message.text !== '') return 'file_and_text';
  const extension = file.name.split('.').at(-1)?.toLowerCase() ?? '';
  if (extension === 'png') return 'png_image_file';
  if (extension === 'jpg' || extension === 'jpeg') return 'jpg_image_file';
  if (extension === 'gif') return 'gif_file';
  return 'others';
}

function senderFields(world: World, message: Message, reader: User): object {
  if (message.userId === null) {
    const { jid, name } = message.otherBot ?? { jid: world.config.botJid, name: botName };
    return { sender: '', send_member_id: localPart(jid), sender_display_name: name };
  }
  const author = world.store.users.get(message.userId);
  return {
    sender: author?.accountId === reader.accountId ? author.email : '',
    send_member_id: author?.memberId ?? '',
    sender_display_name: author === undefined ? '' : displayName(author),
  };
}

/** A message as list and GET show it to `reader`. */
function messageJson(world: World, message: Message, reader: User, withStatus: boolean): object {
  const parent = message.replyTo === undefined ? undefined : world.store.messages.get(message.replyTo);
  const files = message.files?.map((file) => ({
    file_id: file.id,
    file_name: file.name,
    file_size: file.size,
    download_url: `${world.publicUrl()}/v2/chat/files/${file.id}/download`,
  }));
  const deleted = message.deletedAt !== undefined;
  return {
    id: message.id,
    message: deleted ? '' : message.text,
    message_type: messageType(message),
    ...senderFields(world, message, reader),
    date_time: zoomDateTime(message.timestamp),
    timestamp: message.timestamp,
    ...(message.replyTo === undefined
      ? {}
      : {
          reply_main_message_id: message.replyTo,
          reply_main_message_timestamp: parent?.timestamp ?? message.timestamp,
        }),
    ...(files === undefined ? {} : { ...files[0], files }),
    ...(message.richText === undefined ? {} : { rich_text: message.richText }),
    ...(message.atItems === undefined ? {} : { at_items: message.atItems }),
    reactions: [],
    ...(message.interactiveCards === undefined ? {} : { interactive_cards: message.interactiveCards }),
    ...(message.content === undefined || deleted ? {} : { bot_message: message.content }),
    ...(withStatus ? { status: deleted ? 'Deleted' : message.editedAt === undefined ? 'Normal' : 'Edited' } : {}),
  };
}

const dayMs = 86_400_000;
const startOfDay = (time: number): number => Math.floor(time / dayMs) * dayMs;

function rangeOf(world: World, query: z.infer<typeof listQuery>): { from: number; to: number; date: string } {
  const now = world.clock.now();
  const today = new Date(startOfDay(now)).toISOString().slice(0, 10);
  if (query.date === undefined && (query.from !== undefined || query.to !== undefined)) {
    const to = query.to === undefined ? now : Date.parse(query.to);
    const from = query.from === undefined ? startOfDay(to) : Date.parse(query.from);
    if (from < now - historyMs) throw invalid('Messages older than 6 months are not available.');
    if (from > to) throw invalid([{ field: 'from', message: 'from must not be after to.' }]);
    return { from, to, date: '' };
  }
  const date = query.date?.slice(0, 10) ?? today;
  const from = Date.parse(`${date}T00:00:00Z`);
  if (from < now - historyMs) throw invalid('Messages older than 6 months are not available.');
  return { from, to: from + dayMs - 1, date };
}

/** A repeatable disorder: the order of message ids, which are random. */
function shuffled(messages: Message[]): Message[] {
  return messages.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Message endpoints. */
export function messageEndpoints(world: World, add: ReturnType<typeof endpointsOn>): void {
  const readScopes = (granular: string) => ({
    classic: bothLevels('chat_message:read', 'chat_message:write'),
    granular: bothLevels(granular),
  });
  const writeScopes = (granular: string) => ({
    classic: bothLevels('chat_message:write'),
    granular: bothLevels(granular),
  });
  const list = '/chat/users/:u/messages';
  const one = '/chat/users/:u/messages/:m';

  add(
    'post',
    list,
    { label: 'MEDIUM', scopes: writeScopes('team_chat:write:user_message'), role: 'messages' },
    ({ body, user }) => {
      const input = read(sendInput, body);
      const { target, channelId } = targetOf(world, input);
      checkCards(input.interactive_cards);
      const files = filesOf(world, input.file_ids);
      if (input.message === '' && files.length === 0)
        throw invalid([{ field: 'message', message: 'A message is required.' }]);
      if (input.scheduled_time !== undefined)
        throw invalid([{ field: 'scheduled_time', message: 'Scheduled messages are not part of the sandbox.' }]);
      if ('channel' in target) checkMayPost(target.channel, user);
      if (channelId !== undefined) countMessage(world, channelId);
      const message = postAsUser(world, user, target, {
        text: input.message,
        replyTo: input.reply_main_message_id,
        atItems: input.at_items,
        richText: input.rich_text,
        interactiveCards: input.interactive_cards,
        files,
      });
      return { status: 201, json: { id: message.id } };
    },
  );

  add(
    'get',
    list,
    { label: 'MEDIUM', scopes: readScopes('team_chat:read:list_user_messages'), role: 'messages' },
    ({ req, user }) => {
      const query = read(listQuery, req.query);
      const conversation = conversationOf(world, user, query);
      const { from, to, date } = rangeOf(world, query);
      const withStatus = query.include_deleted_and_edited_message;
      const key = query.search_key?.toLowerCase();
      const rows = world.store.messagesOf(conversation).filter((message) => {
        if (message.timestamp < from || message.timestamp > to || !canSee(world, user, message)) return false;
        if (message.deletedAt !== undefined && !withStatus) return false;
        if (query.exclude_child_message && message.replyTo !== undefined) return false;
        if (query.search_type === 'file' && message.files === undefined) return false;
        return key === undefined || message.text.toLowerCase().includes(key);
      });
      const order = world.switches().messageListOrder;
      if (order === 'newest_first') rows.reverse();
      if (order === 'shuffled') shuffled(rows);
      const { next_page_token, ...rest } = query;
      const shown = { ...rest, to: query.to === undefined ? undefined : to };
      const result = page(
        world,
        rows,
        (message) => message.id,
        { ...shown, conversation, user: user.id },
        { page_size: query.page_size, next_page_token },
      );
      return {
        status: 200,
        json: {
          ...(date === '' ? {} : { date }),
          from: zoomDateTime(from),
          to: zoomDateTime(to),
          page_size: query.page_size,
          next_page_token: result.next,
          messages: result.rows.map((message) => messageJson(world, message, user, withStatus)),
        },
      };
    },
  );

  const found = (user: User, id: string | undefined, input: Where): Message => {
    const conversation = conversationOf(world, user, input);
    const message = world.store.messages.get(id ?? '');
    const there =
      message?.conversation === conversation && message.deletedAt === undefined && canSee(world, user, message);
    if (message === undefined || !there) throw invalid(`Message does not exist: ${id ?? ''}.`);
    return message;
  };

  add(
    'get',
    one,
    { label: 'MEDIUM', scopes: readScopes('team_chat:read:user_message'), role: 'messages' },
    ({ req, params, user }) => {
      const message = found(user, params['m'], read(whereQuery, req.query));
      const sid = message.conversation.startsWith('c:')
        ? `${message.conversation.slice(2)}@conference.xmpp.zoom.us`
        : user.jid;
      const url = launchUrl(world, sid, message.id);
      return { status: 200, json: { ...messageJson(world, message, user, false), message_url: url } };
    },
  );

  add(
    'put',
    one,
    { label: 'MEDIUM', scopes: writeScopes('team_chat:update:user_message'), role: 'messages' },
    ({ params, body, user }) => {
      const input = read(editInput, body);
      checkCards(input.interactive_cards);
      const message = found(user, params['m'], input);
      if (message.userId !== user.id) throw noPermission('Only the sender can edit a message.');
      if ((input.file_ids?.length ?? 0) > 0 && message.files === undefined) {
        throw invalid([{ field: 'file_ids', message: 'Files cannot be added to a text-only message.' }]);
      }
      editMessage(world, message, { text: input.message, interactiveCards: input.interactive_cards });
      return { status: 204 };
    },
  );

  add(
    'delete',
    one,
    { label: 'MEDIUM', scopes: writeScopes('team_chat:delete:user_message'), role: 'messages' },
    ({ req, params, user }) => {
      const message = found(user, params['m'], read(whereQuery, req.query));
      if (!canOpen(world, user, message.conversation) || message.userId !== user.id) {
        throw noPermission('Only the sender can delete a message.');
      }
      deleteMessage(world, message);
      return { status: 204 };
    },
  );
}
