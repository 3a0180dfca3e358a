import { createHash } from 'node:crypto';
import type { z } from 'zod';
import {
  botInstalledShape,
  botNotificationShape,
  channelShape,
  chatMessageShape,
  deauthorizedShape,
  envelopeShape,
  interactiveActionsShape,
  teamChatMessageShape,
  urlValidationShape,
} from './event-shapes.ts';
import { channelIdFromJid, isBot, userJid } from './jids.ts';
import type { ZoomFile } from './messages.ts';
import type {
  ButtonPressedEvent,
  ChannelClosedEvent,
  ChannelMessageDeletedEvent,
  ChannelMessageEditedEvent,
  ChannelMessageEvent,
  MemberGoneEvent,
  NormalizedEvent,
  Operator,
  ZoomEvent,
} from './event-types.ts';
import { issuePaths, millisOf } from './shapes.ts';

/**
 * Turns a verified webhook body into an event in our words.
 *
 * Both families of message events give the same result for the same message. Messages outside of channels are private
 * conversations and come out as `ignored`. Messages of channels that are not the app's come out whole: only the caller knows
 * which channels are, and has to drop the rest at once, before anything is stored.
 *
 * @param json the parsed body.
 * @param options.botJid the app's Bot JID: sets `fromBot`, and leaves out other apps being added to channels.
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

  interactive_message_actions: reads(interactiveActionsShape, buttonPressed),

  bot_installed: reads(botInstalledShape, ({ payload: { accountId, userId, userJid, userName, timestamp } }) => ({
    kind: 'botInstalled',
    ...{ accountId, userId, userJid, userName, timestamp },
    dedupeKey: key('botInstalled', accountId, userId ?? userJid, timestamp),
  })),

  bot_notification: reads(botNotificationShape, ({ payload }) => {
    const { accountId, userId, userJid, userName, timestamp, toJid, channelName } = payload;
    return {
      kind: 'botCommand',
      ...{ accountId, userId, userJid, userName, timestamp, toJid, channelName },
      text: payload.cmd,
      channelId: toJid && channelIdFromJid(toJid),
      dedupeKey: key('botCommand', accountId, userId ?? userJid, timestamp, payload.triggerId, digest(payload.cmd)),
    };
  }),

  'chat_message.sent': chatMessage('channelMessage'),
  'chat_message.replied': chatMessage('channelMessage'),
  'chat_message.updated': chatMessage('channelMessageEdited'),
  'chat_message.deleted': chatMessage('channelMessageDeleted'),
  'team_chat.channel_message_posted': teamChatMessage('channelMessage'),
  'team_chat.channel_message_updated': teamChatMessage('channelMessageEdited'),
  'team_chat.channel_message_deleted': teamChatMessage('channelMessageDeleted'),

  'chat_channel.deleted': channelClosed('channelDeleted'),
  'team_chat.channel_archived': channelClosed('channelArchived'),
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
      // Zoom's `signature` is an id of this one removal; a later removal of the same app has another.
      dedupeKey: key('deauthorized', payload.account_id, payload.user_id, at ?? payload.signature),
    };
  }),
};

function buttonPressed(body: z.output<typeof interactiveActionsShape>): ButtonPressedEvent {
  const { payload } = body;
  const channelId = payload.toJid && channelIdFromJid(payload.toJid);
  const timestamp = payload.timestamp ?? body.event_ts;
  return {
    kind: 'buttonPressed',
    accountId: payload.accountId,
    userId: payload.userId,
    userJid: payload.userJid ?? userJid(payload.userId),
    userName: payload.userName,
    value: payload.actionItem.value,
    messageId: payload.messageId,
    toJid: payload.toJid,
    channelJid: channelId === undefined ? undefined : payload.toJid,
    channelId,
    channelName: payload.channelName,
    callbackUrl: body.callback_url,
    callbackToken: body.callback_token,
    timestamp,
    // With its time: a button stays pressable, and someone who left may press it again.
    dedupeKey: key('pressed', payload.messageId, payload.userId, payload.actionItem.value, timestamp),
  };
}

type MessageKind = (ChannelMessageEvent | ChannelMessageEditedEvent | ChannelMessageDeletedEvent)['kind'];

/** Who acted, in Zoom's fields. */
interface Actor {
  readonly operator?: string | undefined;
  readonly operator_id?: string | undefined;
  readonly operator_member_id?: string | undefined;
  readonly by_external_user?: boolean | null | undefined;
}

/** A message of either family, in one shape. */
interface MessageFacts {
  readonly actor: Actor;
  readonly accountId: string | undefined;
  readonly channelId: string;
  readonly messageId: string;
  readonly parentId: string | undefined;
  readonly text: string | undefined;
  readonly files: readonly ZoomFile[];
  readonly timestamp: number;
  readonly eventTs: number | undefined;
}

function chatMessage(kind: MessageKind): Reader {
  return reads(chatMessageShape, ({ payload, event_ts: eventTs }, context) => {
    const { object } = payload;
    // No channel: a private conversation between two people.
    if (object.channel_id === undefined || object.type === 'to_contact')
      return { kind: 'ignored', event: context.event };
    return messageEvent(kind, context, {
      actor: payload,
      accountId: payload.account_id,
      channelId: object.channel_id,
      messageId: object.id,
      parentId: object.parent_msg_id ?? object.reply_main_message_id,
      text: object.message,
      files: object.files ?? [],
      timestamp: object.timestamp ?? millisOf(object.date_time) ?? eventTs ?? 0,
      eventTs,
    });
  });
}

function teamChatMessage(kind: MessageKind): Reader {
  return reads(teamChatMessageShape, ({ payload, event_ts: eventTs }, context) => {
    const { object } = payload;
    return messageEvent(kind, context, {
      actor: payload,
      accountId: payload.account_id ?? object.channel_owner_account_id,
      channelId: object.channel_id,
      messageId: object.message_id,
      parentId: object.reply_main_message_id,
      text: object.message,
      files: object.files ?? [],
      timestamp: object.timestamp ?? millisOf(object.date_time) ?? eventTs ?? 0,
      eventTs,
    });
  });
}

function messageEvent(kind: MessageKind, { botJid }: ReadContext, facts: MessageFacts): ZoomEvent {
  const { actor, accountId, channelId, messageId, parentId, text, files, timestamp, eventTs } = facts;
  const operator = operatorOf(actor);
  const common = {
    ...operator,
    accountId,
    channelId,
    messageId,
    external: actor.by_external_user ?? false,
    fromBot: isBot([operator.operatorId, operator.operatorMemberId, operator.operatorEmail], botJid),
    timestamp,
  };
  switch (kind) {
    case 'channelMessage': {
      // A message of its own thread is sent with its own id as the parent.
      const replyTo = parentId === messageId ? undefined : parentId;
      return { kind, ...common, text, files, replyTo, dedupeKey: key('message', messageId) };
    }
    case 'channelMessageEdited':
      // One message is edited many times, back to an earlier text even: the event's own time tells edits apart.
      return {
        kind,
        ...common,
        text,
        files,
        dedupeKey: key('edited', messageId, eventTs ?? timestamp, digest(text ?? '')),
      };
    case 'channelMessageDeleted':
      return { kind, ...common, dedupeKey: key('deleted', messageId) };
  }
}

function channelClosed(kind: ChannelClosedEvent['kind']): Reader {
  return reads(channelShape, ({ payload, event_ts: eventTs }) => {
    const { channelId, channelName } = payload.object;
    const timestamp = payload.object.timestamp ?? eventTs;
    return {
      kind,
      ...operatorOf(payload),
      accountId: payload.account_id,
      channelId,
      channelName,
      timestamp,
      // Deleted happens once; archived can happen again after an unarchive.
      dedupeKey: key(kind, channelId, kind === 'channelDeleted' ? undefined : timestamp),
    };
  });
}

function memberGone(kind: MemberGoneEvent['kind']): Reader {
  return reads(channelShape, ({ payload, event_ts: eventTs }) => {
    const operator = operatorOf(payload);
    const timestamp = payload.object.timestamp ?? eventTs;
    const members =
      kind === 'memberLeft'
        ? [{ id: operator.operatorId, memberId: operator.operatorMemberId, email: operator.operatorEmail }]
        : (payload.object.members ?? []).map((member) => ({
            id: member.id,
            memberId: member.member_id,
            name: member.display_name,
          }));
    return {
      kind,
      ...operator,
      accountId: payload.account_id,
      channelId: payload.object.channelId,
      channelName: payload.object.channelName,
      members,
      timestamp,
      dedupeKey: key(
        kind,
        payload.object.channelId,
        ...members.map((member) => member.id ?? member.memberId),
        timestamp,
      ),
    };
  });
}

function botAdded(body: z.output<typeof channelShape>, { event, botJid }: ReadContext): ZoomEvent {
  const { object, account_id: accountId } = body.payload;
  const appIds = (object.app_members ?? []).flatMap((app) => app.id ?? []);
  if (botJid !== '' && appIds.length > 0 && !isBot(appIds, botJid)) return { kind: 'ignored', event };
  const timestamp = object.timestamp ?? body.event_ts;
  return {
    kind: 'botAddedToChannel',
    ...operatorOf(body.payload),
    accountId,
    channelId: object.channelId,
    channelName: object.channelName,
    appIds,
    timestamp,
    dedupeKey: key('botAdded', object.channelId, timestamp),
  };
}

function operatorOf(actor: Actor): Operator {
  return {
    operatorId: actor.operator_id,
    operatorEmail: actor.operator,
    operatorMemberId: actor.operator_member_id,
  };
}

function key(...parts: readonly (string | number | undefined)[]): string {
  return parts.map((part) => part ?? '').join('/');
}

/** Tells two texts apart without showing them. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
