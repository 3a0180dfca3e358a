import type { z } from 'zod';
import {
  channelShape,
  chatMessageShape,
  deauthorizedShape,
  envelopeShape,
  interactiveActionsShape,
  teamChatMessageShape,
  urlValidationShape,
} from './event-shapes.ts';
import { isAnyBot, isBot } from './jids.ts';
import type { ZoomFile } from './messages.ts';
import type {
  ChannelMessageDeletedEvent,
  ChannelMessageEditedEvent,
  ChannelMessageEvent,
  ChannelStateEvent,
  MemberGoneEvent,
  NormalizedEvent,
  ZoomEvent,
} from './event-types.ts';
import { issuePaths, millisOf } from './shapes.ts';

/**
 * Makes an event in our words of a verified webhook body.
 *
 * Both families of message events give the same result for the same message. Messages outside of channels are private
 * conversations and come out as `ignored`. Messages of channels that are not the app's come out whole: only the
 * caller knows which channels are, and has to drop the rest at once, before anything is stored.
 *
 * @param json the parsed body.
 * @param options.botJid the app's Bot JID: by it `fromBot` is known whatever form the JID has, and other apps that are
 *   added to channels are left out.
 */
export function normalizeEvent(json: unknown, options: { readonly botJid?: string | undefined } = {}): NormalizedEvent {
  const envelope = envelopeShape.safeParse(json);
  if (!envelope.success) return { ok: false, reason: 'notAnEvent', problem: `at ${issuePaths(envelope.error)}` };
  const { event } = envelope.data;
  const read = Object.hasOwn(READERS, event) ? READERS[event] : undefined;
  if (!read) return { ok: true, event: { kind: 'ignored', event } };
  try {
    return { ok: true, event: read(json, { event, botJid: options.botJid ?? '' }) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { ok: false, reason: 'malformed', event, problem: error.message };
  }
}

interface ReadContext {
  readonly event: string;
  readonly botJid: string;
}
type Reader = (json: unknown, context: ReadContext) => ZoomEvent;

class Unreadable extends Error {}

/** A reader from the shape of an event and what becomes of it. */
function reads<Shape>(shape: z.ZodType<Shape>, toEvent: (body: Shape, context: ReadContext) => ZoomEvent): Reader {
  return (json, context) => {
    const parsed = shape.safeParse(json);
    if (!parsed.success) throw new Unreadable(`at ${issuePaths(parsed.error)}`);
    return toEvent(parsed.data, context);
  };
}

const READERS: Readonly<Record<string, Reader>> = {
  'endpoint.url_validation': reads(urlValidationShape, ({ payload }) => ({
    kind: 'urlValidation',
    plainToken: payload.plainToken,
  })),

  interactive_message_actions: reads(interactiveActionsShape, ({ payload, event_ts: eventTs }) => ({
    kind: 'buttonPressed',
    accountId: payload.accountId,
    userId: payload.userId,
    userName: payload.userName,
    value: payload.actionItem.value,
    at: latest(eventTs, payload.timestamp),
  })),

  'chat_message.sent': chatMessage('channelMessage'),
  'chat_message.replied': chatMessage('channelMessage'),
  'chat_message.updated': chatMessage('channelMessageEdited'),
  'chat_message.deleted': chatMessage('channelMessageDeleted'),
  'team_chat.channel_message_posted': teamChatMessage('channelMessage'),
  'team_chat.channel_message_updated': teamChatMessage('channelMessageEdited'),
  'team_chat.channel_message_deleted': teamChatMessage('channelMessageDeleted'),

  'chat_channel.deleted': channelState('channelDeleted'),
  'team_chat.channel_archived': channelState('channelArchived'),
  'team_chat.channel_unarchived': channelState('channelUnarchived'),
  'chat_channel.member_left': memberGone('memberLeft'),
  'chat_channel.member_removed': memberGone('memberRemoved'),

  'team_chat.channel_app_added': reads(channelShape, botAdded),
  // Seen in sample code, documented nowhere; sent only about the app itself.
  'team_chat.app_invited': reads(channelShape, botAdded),

  app_deauthorized: reads(deauthorizedShape, ({ payload }) => {
    const at = millisOf(payload.deauthorization_time);
    return {
      kind: 'appDeauthorized',
      accountId: payload.account_id,
      userId: payload.user_id,
      clientId: payload.client_id,
      deauthorizedAt: at === undefined ? undefined : new Date(at),
    };
  }),
};

function latest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

type MessageKind = (ChannelMessageEvent | ChannelMessageEditedEvent | ChannelMessageDeletedEvent)['kind'];

/** Who acted, in Zoom's fields. */
interface Actor {
  readonly account_id?: string | undefined;
  readonly operator?: string | undefined;
  readonly operator_id?: string | undefined;
  readonly operator_member_id?: string | undefined;
  readonly by_external_user?: boolean | null | undefined;
}

/** A message's content and times, in Zoom's fields. */
interface MessageObject {
  readonly message?: string | undefined;
  readonly files?: readonly ZoomFile[] | null | undefined;
  readonly date_time?: string | undefined;
  readonly timestamp?: number | undefined;
  readonly isReply: boolean;
}

function chatMessage(kind: MessageKind): Reader {
  return reads(chatMessageShape, ({ payload, event_ts: eventTs }, context) => {
    const { object } = payload;
    // No channel: a private conversation between two people.
    if (object.channel_id === undefined || object.type === 'to_contact')
      return { kind: 'ignored', event: context.event };
    const ids = { accountId: payload.account_id, channelId: object.channel_id, messageId: object.id };
    const parentId = object.parent_msg_id;
    const isReply = context.event === 'chat_message.replied' || isOfThread(parentId, ids);
    return messageEvent(kind, context, ids, payload, { ...object, isReply }, eventTs);
  });
}

function isOfThread(parentId: string | undefined, { messageId }: { messageId: string }): boolean {
  return parentId !== undefined && parentId !== messageId;
}

function teamChatMessage(kind: MessageKind): Reader {
  return reads(teamChatMessageShape, ({ payload, event_ts: eventTs }, context) => {
    const { object } = payload;
    const ids = { accountId: payload.account_id, channelId: object.channel_id, messageId: object.message_id };
    const isReply = isOfThread(object.reply_main_message_id, ids);
    return messageEvent(kind, context, ids, payload, { ...object, isReply }, eventTs);
  });
}

function messageEvent(
  kind: MessageKind,
  { botJid }: ReadContext,
  ids: { accountId: string | undefined; channelId: string; messageId: string },
  actor: Actor,
  object: MessageObject,
  eventTs: number | undefined,
): ZoomEvent {
  const identities = [actor.operator_id, actor.operator_member_id, actor.operator];
  const saidAt = object.timestamp ?? millisOf(object.date_time);
  const common = {
    ...ids,
    operatorId: actor.operator_id,
    operatorMemberId: actor.operator_member_id,
    byOutsider: actor.by_external_user === true,
    fromBot: isBot(identities, botJid) || isAnyBot(identities),
    // No page says whether the time of a changed message is that of the change; the event's own time is not earlier.
    timestamp: (kind === 'channelMessage' ? (saidAt ?? eventTs) : latest(saidAt, eventTs)) ?? 0,
  };
  switch (kind) {
    case 'channelMessage':
      return { kind, ...common, text: object.message, files: object.files ?? [], isReply: object.isReply };
    case 'channelMessageEdited':
      return { kind, ...common, text: object.message };
    case 'channelMessageDeleted':
      return { kind, ...common };
  }
}

function channelState(kind: ChannelStateEvent['kind']): Reader {
  return reads(channelShape, ({ payload }) => ({
    kind,
    accountId: payload.account_id,
    operatorId: payload.operator_id,
    channelId: payload.object.channelId,
  }));
}

function memberGone(kind: MemberGoneEvent['kind']): Reader {
  return reads(channelShape, ({ payload, event_ts: eventTs }) => {
    const { object, operator_id: operatorId } = payload;
    // Who leaves by themselves is the operator; who is removed is in the list.
    const userIds = kind === 'memberLeft' ? [operatorId] : (object.members ?? []).map(({ id }) => id);
    return {
      kind,
      accountId: payload.account_id,
      operatorId,
      channelId: object.channelId,
      userIds: userIds.filter((id) => id !== undefined),
      timestamp: object.timestamp ?? eventTs,
    };
  });
}

function botAdded({ payload }: z.output<typeof channelShape>, { event, botJid }: ReadContext): ZoomEvent {
  const appIds = (payload.object.app_members ?? []).flatMap((app) => app.id ?? []);
  if (botJid !== '' && appIds.length > 0 && !isBot(appIds, botJid)) return { kind: 'ignored', event };
  return { kind: 'botAddedToChannel', accountId: payload.account_id, channelId: payload.object.channelId };
}
