import { randomBytes, randomUUID } from 'node:crypto';
import { zoomDateTime } from './clock.ts';
import { localPart, newId, newToken } from './ids.ts';
import { coversEvent } from './scopes.ts';
import { botName, slashCommand, type World } from './world.ts';
import type { Channel, Conversation, Message, User } from './state.ts';

/*
 * Builds the events' payloads: chatbot events (developers.zoom.us/docs/api/chatbot/events/), Team Chat events
 * (developers.zoom.us/docs/api/team-chat/events/) and app events (developers.zoom.us/docs/api/marketplace/events).
 */

/** Life of a press's callback (developers.zoom.us/docs/api/chatbot/events/). */
const callbackLifeMs = 30 * 60_000;

/** Someone who did something: a person, or a bot by its JID. */
type Operator = User | { botJid: string };

/** Whether somebody of the account has the app installed. */
export function isInstalled(world: World, accountId: string): boolean {
  return world.store.grants.all().some((grant) => grant.accountId === accountId);
}

/** Whether somebody of the account has granted a scope that lets this event through. */
function isCovered(world: World, event: string, accountId: string): boolean {
  return world.store.grants.all().some((grant) => grant.accountId === accountId && coversEvent(grant.scopes, event));
}

/** The accounts that have the app and a part in a channel. */
function audience(world: World, channel: Channel): string[] {
  const accounts = new Set([channel.accountId]);
  for (const member of channel.members) {
    const user = world.store.users.get(member.userId);
    if (user !== undefined) accounts.add(user.accountId);
  }
  return [...accounts].filter((accountId) => isInstalled(world, accountId));
}

function operatorFields(operator: Operator): { operator: string; operator_id: string; operator_member_id: string } {
  if ('botJid' in operator) {
    const id = localPart(operator.botJid);
    return { operator: operator.botJid, operator_id: id, operator_member_id: id };
  }
  return { operator: operator.email, operator_id: operator.id, operator_member_id: operator.memberId };
}

function send(
  world: World,
  event: string,
  accountId: string,
  object: object,
  operator: Operator,
  orderKey: string,
  { memberId = false, inSettings = true } = {},
): void {
  if (!isCovered(world, event, accountId)) return;
  const { operator_member_id, ...named } = operatorFields(operator);
  const external = 'accountId' in operator && operator.accountId !== accountId;
  const who = external ? { operator: '', operator_id: '' } : named;
  world.webhooks.emit({
    to: 'events',
    event,
    inSettings,
    orderKey,
    body: {
      event,
      event_ts: world.clock.now(),
      payload: {
        // Of somebody outside the account a team_chat event says no account.
        account_id: external && memberId ? '' : accountId,
        ...who,
        ...(memberId ? { operator_member_id, by_external_user: external } : {}),
        object,
      },
    },
  });
}

type Family = 'chat_message' | 'team_chat';

/** The families in which a message raises events, and whether the app's settings have subscribed to them. */
function families(world: World, message: Message): { family: Family; inSettings: boolean }[] {
  const { eventFamily, botEcho } = world.switches();
  const ofBot = message.userId === null;
  if (ofBot && botEcho === 'none') return [];
  const subscribed = ofBot && botEcho !== 'subscribed' ? botEcho : eventFamily;
  return (['chat_message', 'team_chat'] as const).map((family) => ({
    family,
    inSettings: subscribed === 'both' || subscribed === family,
  }));
}

type Change = 'posted' | 'updated' | 'deleted';

const chatMessageNames: Record<Change, string> = { posted: 'sent', updated: 'updated', deleted: 'deleted' };

function chatMessageObject(world: World, message: Message, where: Location, change: Change, isReply: boolean): object {
  const at = change === 'posted' ? message.timestamp : world.clock.now();
  const parent = isReply
    ? message.replyTo
    : // As captured: a message that is no reply names itself.
      change === 'posted'
      ? message.id
      : undefined;
  return {
    id: message.id,
    type: where.channel === undefined ? 'to_contact' : 'to_channel',
    date_time: zoomDateTime(at),
    timestamp: at,
    session_id: where.sessionId,
    contact_email: where.contact?.email ?? '',
    contact_id: where.contact?.id ?? '',
    channel_id: where.channel?.id ?? '',
    channel_name: where.channel?.name ?? '',
    ...(message.text === '' ? {} : { message: message.text }),
    ...(parent === undefined ? {} : { parent_msg_id: parent }),
  };
}

/** The other side of a one-to-one conversation: somebody outside the account is named by member id only. */
function contactFields(contact: User | undefined, accountId: string): object {
  const external = contact?.accountId !== accountId;
  return {
    contact_email: external ? '' : contact.email,
    contact_id: external ? '' : contact.id,
    contact_account_id: external ? '' : contact.accountId,
    contact_member_id: contact?.memberId ?? '',
  };
}

function teamChatObject(world: World, message: Message, where: Location, change: Change, accountId: string): object {
  const at = change === 'posted' ? message.timestamp : world.clock.now();
  const files = message.files?.map((file) => ({
    file_id: file.id,
    file_name: file.name,
    file_size: file.size,
    OS_file_type: (file.name.split('.').at(-1) ?? '').toUpperCase(),
    file_message_type: file.kind,
  }));
  return {
    message_id: message.id,
    ...(message.replyTo === undefined ? {} : { reply_main_message_id: message.replyTo }),
    ...(change === 'deleted' ? {} : { session_id: where.sessionId }),
    date_time: zoomDateTime(at),
    timestamp: at,
    ...(where.channel === undefined
      ? contactFields(where.contact, accountId)
      : {
          channel_id: where.channel.id,
          channel_owner_account_id: where.channel.accountId,
          channel_name: where.channel.name,
        }),
    ...(change === 'deleted' || message.text === '' ? {} : { message: message.text }),
    ...(change === 'deleted' || files === undefined ? {} : { files }),
    ...(change === 'deleted' || message.richText === undefined ? {} : { rich_text: message.richText }),
    ...(change === 'deleted' || message.atItems === undefined ? {} : { at_items: message.atItems }),
  };
}

interface Location {
  channel?: Channel;
  contact?: User;
  sessionId: string;
}

function locationOf(world: World, message: Message): Location | undefined {
  const [kind, first, second] = message.conversation.split(':');
  if (kind === 'c') {
    const channel = world.store.channels.get(first ?? '');
    return channel === undefined ? undefined : { channel, sessionId: channel.id };
  }
  // What is said between a person and the bot reaches the app by the bot's own endpoint.
  if (kind === 'b') return undefined;
  const contact = world.store.users.get((first === message.userId ? second : first) ?? '');
  return contact === undefined
    ? undefined
    : { contact, sessionId: Buffer.from(message.conversation).toString('base64url') };
}

/** Sends the events of a message that was posted, edited or deleted. */
export function messageEvent(world: World, message: Message, change: Change): void {
  const where = locationOf(world, message);
  if (where === undefined) return;
  const author = message.userId === null ? undefined : world.store.users.get(message.userId);
  const operator: Operator = author ?? { botJid: message.otherBot?.jid ?? world.config.botJid };
  const accounts =
    where.channel === undefined
      ? [message.accountId].filter((accountId) => isInstalled(world, accountId))
      : audience(world, where.channel);
  for (const accountId of accounts) {
    const outsider = author !== undefined && author.accountId !== accountId;
    for (const { family, inSettings } of families(world, message)) {
      if (family === 'chat_message') {
        if (outsider && !world.switches().outsiderChatMessages) continue;
        const isReply = message.replyTo !== undefined;
        // Replies in a one-to-one thread are reported to raise no event.
        if (change === 'posted' && isReply && where.channel === undefined) continue;
        const name = change === 'posted' && isReply ? 'replied' : chatMessageNames[change];
        const object = chatMessageObject(world, message, where, change, isReply);
        send(world, `chat_message.${name}`, accountId, object, operator, message.conversation, { inSettings });
      } else {
        const kind = where.channel === undefined ? 'dm_message' : 'channel_message';
        const object = teamChatObject(world, message, where, change, accountId);
        const as = { memberId: true, inSettings };
        send(world, `team_chat.${kind}_${change}`, accountId, object, operator, message.conversation, as);
      }
    }
  }
}

/** Sends the events of a channel that was created, changed or deleted, or whose members changed. */
export function channelEvent(
  world: World,
  event: 'created' | 'updated' | 'deleted' | 'member_invited' | 'member_removed' | 'member_joined' | 'member_left',
  channel: Channel,
  operator: User,
  members?: User[],
): void {
  const now = world.clock.now();
  for (const accountId of new Set([
    ...audience(world, channel),
    ...(isInstalled(world, operator.accountId) ? [operator.accountId] : []),
  ])) {
    const object = {
      id: channel.id,
      name: channel.name,
      type: channel.type,
      date_time: zoomDateTime(now),
      timestamp: now,
      ...(members === undefined
        ? {}
        : {
            members: members.map((user) => ({
              id: user.accountId === accountId ? user.id : '',
              display_name: displayName(user),
            })),
          }),
    };
    send(world, `chat_channel.${event}`, accountId, object, operator, `c:${channel.id}`);
  }
}

/** Sends the events of a channel that was archived or brought back: with `id` and `name`, as Zoom's OpenAPI has it. */
export function archiveEvent(world: World, archived: boolean, channel: Channel, operator: User): void {
  const now = world.clock.now();
  const event = archived ? 'team_chat.channel_archived' : 'team_chat.channel_unarchived';
  const object = {
    id: channel.id,
    name: channel.name,
    type: channel.type,
    date_time: zoomDateTime(now),
    timestamp: now,
  };
  for (const accountId of audience(world, channel))
    send(world, event, accountId, object, operator, `c:${channel.id}`, { memberId: true });
}

/** Sends the events of a member who added the app to a channel, or took it out. */
export function appMembershipEvent(world: World, added: boolean, channel: Channel, operator: User): void {
  const now = world.clock.now();
  const object = {
    channel_name: channel.name,
    channel_id: channel.id,
    type: channel.type,
    date_time: zoomDateTime(now),
    timestamp: now,
    app_members: [{ id: localPart(world.config.botJid), display_name: botName }],
  };
  const event = added ? 'team_chat.channel_app_added' : 'team_chat.channel_app_removed';
  for (const accountId of audience(world, channel))
    send(world, event, accountId, object, operator, `c:${channel.id}`, { memberId: true });
}

/** `bot_installed`: the app sends its own welcome. */
export function installedEvent(world: World, user: User): void {
  world.webhooks.emit({
    to: 'bot',
    event: 'bot_installed',
    orderKey: `b:${user.id}`,
    body: {
      event: 'bot_installed',
      payload: {
        accountId: user.accountId,
        robotJid: world.config.botJid,
        timestamp: world.clock.now(),
        userId: user.id,
        userJid: user.jid,
        userName: displayName(user),
      },
    },
  });
}

/**
 * `bot_notification`: a slash command, or text typed to the bot. The address is that of the channel, of the person's
 * conversation with the bot, or of both person and channel for a command in a group chat.
 */
export function botNotification(world: World, user: User, cmd: string, channel?: Channel, replyTo?: string): void {
  if (!isInstalled(world, user.accountId)) return;
  const inGroupChat = channel?.type === 4;
  world.webhooks.emit({
    to: 'bot',
    event: 'bot_notification',
    orderKey: channel === undefined ? `b:${user.id}` : `c:${channel.id}`,
    body: {
      event: 'bot_notification',
      event_ts: world.clock.now(),
      payload: {
        accountId: user.accountId,
        channelName: channel?.name ?? botName,
        cmd,
        name: slashCommand.slice(1),
        ...(replyTo === undefined ? {} : { replyMainMessageId: replyTo }),
        robotJid: world.config.botJid,
        timestamp: world.clock.now(),
        toJid: inGroupChat ? `${user.jid}/${channel.jid}` : (channel?.jid ?? botDmJid(world, user)),
        triggerId: newId(),
        userId: user.id,
        userJid: user.jid,
        userMemberId: user.memberId,
        userName: displayName(user),
        userStatus: 'authorized',
      },
    },
  });
}

/** `team_chat.app_mention`: the bot was named in a channel that it was added to. */
export function appMention(world: World, user: User, message: Message, channel: Channel): void {
  if (!isInstalled(world, user.accountId)) return;
  world.webhooks.emit({
    to: 'bot',
    event: 'team_chat.app_mention',
    orderKey: `c:${channel.id}`,
    body: {
      event: 'team_chat.app_mention',
      event_ts: world.clock.now(),
      payload: {
        account_id: user.accountId,
        ...operatorFields(user),
        operator_jid: user.jid,
        by_external_user: user.accountId !== channel.accountId,
        object: {
          message_id: message.id,
          type: 'to_channel',
          channel_id: channel.id,
          channel_name: channel.name,
          to_jid: channel.jid,
          robot_name: botName,
          message: message.text,
          ...(message.replyTo === undefined ? {} : { reply_main_message_id: message.replyTo }),
          date_time: zoomDateTime(message.timestamp),
          timestamp: message.timestamp,
        },
      },
    },
  });
}

/** `interactive_message_actions` or `interactive_message_select`: somebody used a card. Returns the event's body. */
export function pressEvent(
  world: World,
  user: User,
  message: Message,
  used:
    { kind: 'button'; text: string; value: string } | { kind: 'select'; options: { text: string; value: string }[] },
  channel?: Channel,
): object {
  const now = world.clock.now();
  const event = used.kind === 'button' ? 'interactive_message_actions' : 'interactive_message_select';
  const toJid = channel?.jid ?? botDmJid(world, user);
  const callback = newCallback(world, message, toJid);
  const body = {
    event,
    event_ts: now,
    callback_url: `${world.publicUrl()}/v2/im/chat/callback/${callback.id}`,
    callback_token: callback.token,
    payload: {
      accountId: message.accountId,
      ...(used.kind === 'button'
        ? { actionItem: { text: used.text, value: used.value } }
        : { selectedItems: used.options }),
      channelName: channel?.name ?? botName,
      messageId: world.switches().pressMessageId === 'same' ? message.id : otherIdForm(message),
      original: message.content,
      robotJid: world.config.botJid,
      timestamp: now,
      toJid,
      userId: user.id,
      userJid: user.jid,
      userName: displayName(user),
    },
  };
  world.webhooks.emit({ to: 'bot', event, orderKey: message.conversation, body });
  return body;
}

/** `app_deauthorized` (developers.zoom.us/docs/api/marketplace/events). */
export function deauthorizedEvent(world: World, user: User): void {
  const now = world.clock.now();
  world.webhooks.emit({
    to: 'events',
    event: 'app_deauthorized',
    orderKey: `uninstall ${user.id}`,
    body: {
      event: 'app_deauthorized',
      payload: {
        account_id: user.accountId,
        user_id: user.id,
        signature: randomBytes(32).toString('hex'),
        deauthorization_time: new Date(now).toISOString(),
        client_id: world.config.clientId,
        event_ts: zoomDateTime(now).replace('T', ' ').replace('Z', ''),
      },
    },
  });
}

/** `{userJid}/robot_{botJid}`: the one-to-one conversation of a person with the bot. */
export function botDmJid(world: World, user: User): string {
  return `${user.jid}/robot_${world.config.botJid}`;
}

/** First and last name. */
export function displayName(user: User): string {
  return `${user.firstName} ${user.lastName}`;
}

/** The conversation of two people, the same from both sides. */
export function dmOf(a: string, b: string): Conversation {
  return a < b ? `d:${a}:${b}` : `d:${b}:${a}`;
}

function newCallback(world: World, message: Message, toJid: string): { id: string; token: string } {
  const callback = {
    id: newId(),
    token: newToken('callback'),
    expiresAt: world.clock.now() + callbackLifeMs,
    used: false,
    conversation: message.conversation,
    accountId: message.accountId,
    toJid,
  };
  world.store.callbacks.put(callback);
  return callback;
}

/** An id in the form of Zoom's own sample of a press, which differs from the form of a POST's answer. */
function otherIdForm(message: Message): string {
  const digits = new Date(message.timestamp).toISOString().replace(/\D/g, '');
  return `${digits}_${randomUUID().slice(0, 7)}_aw1`;
}
