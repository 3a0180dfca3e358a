import type { CardContent } from './cards.ts';
import { zoomDateTime } from './clock.ts';
import { canSee, liveChannels, membership } from './chat.ts';
import { displayName, isInstalled } from './events.ts';
import { appScopes } from './scopes.ts';
import type { Channel, Conversation, Delivery, FileRef, Message, User } from './state.ts';
import { botName, type World } from './world.ts';

/** A message as drivers and the page see it. */
export interface MessageView {
  id: string;
  /** Display name of the author. */
  from: string;
  /** User id, or the bot's JID. */
  from_id: string;
  from_email: string;
  bot: boolean;
  text: string;
  /** The card of a chatbot message. */
  content?: CardContent;
  markdown: boolean;
  /** Milliseconds since 1970. */
  timestamp: number;
  date_time: string;
  /** Message that this one replies to. */
  reply_to?: string;
  edited: boolean;
  deleted: boolean;
  /** User id of the only person who sees it. */
  visible_to?: string;
  files?: FileRef[];
}

/** A person in short. */
export interface PersonView {
  id: string;
  name: string;
  email: string;
  account_id: string;
  account_name: string;
  jid: string;
  role: string;
  status: string;
}

/** A channel's member. */
export interface MemberView extends PersonView {
  channel_role: 'owner' | 'admin' | 'member';
  external: boolean;
}

/** A channel with its members. */
export interface ChannelView {
  id: string;
  jid: string;
  name: string;
  type: number;
  archived: boolean;
  app_added: boolean;
  account_id: string;
  posting_permissions: number;
  members: MemberView[];
  /** Outsiders who were invited and have not accepted. */
  pending: PersonView[];
}

/** One line of a person's list: a channel, the app's bot, or another person. */
export interface ConversationView {
  /** `c:<channel id>`, `b:<user id>` or `d:<user id>:<user id>`. */
  id: Conversation;
  kind: 'channel' | 'bot' | 'dm';
  name: string;
  unread: number;
  last_text: string;
  last_at: number;
  channel?: ChannelView;
  with?: PersonView;
  messages?: MessageView[];
}

/** Everything one person can see. */
export interface UserView {
  user: PersonView;
  app: { name: string; bot_jid: string; installed_by_me: boolean; installed_in_account: boolean };
  channels: ConversationView[];
  bot: ConversationView | null;
  dms: ConversationView[];
  /** Public channels of the account and open invitations, which the person could join. */
  joinable: { id: string; name: string; type: number; invited: boolean }[];
  /** Everybody the person could write to or add. */
  people: PersonView[];
  /** Number of the latest happening when this was read. */
  seq: number;
}

/** A message for drivers and pages. */
export function messageView(world: World, message: Message): MessageView {
  const author = message.userId === null ? undefined : world.store.users.get(message.userId);
  const bot = message.otherBot ?? { jid: world.config.botJid, name: botName };
  const deleted = message.deletedAt !== undefined;
  return {
    id: message.id,
    from: message.userId === null ? bot.name : author === undefined ? 'Former user' : displayName(author),
    from_id: message.userId ?? bot.jid,
    from_email: author?.email ?? '',
    bot: message.userId === null,
    text: deleted ? '' : message.text,
    ...(message.content === undefined || deleted ? {} : { content: message.content }),
    markdown: message.markdown,
    timestamp: message.timestamp,
    date_time: zoomDateTime(message.timestamp),
    ...(message.replyTo === undefined ? {} : { reply_to: message.replyTo }),
    edited: message.editedAt !== undefined,
    deleted,
    ...(message.visibleTo === undefined ? {} : { visible_to: message.visibleTo }),
    ...(message.files === undefined || deleted ? {} : { files: message.files }),
  };
}

/** A person for drivers and pages. */
export function personView(world: World, user: User): PersonView {
  return {
    id: user.id,
    name: displayName(user),
    email: user.email,
    account_id: user.accountId,
    account_name: world.store.accounts.get(user.accountId)?.name ?? '',
    jid: user.jid,
    role: user.role,
    status: user.status,
  };
}

function channelView(world: World, channel: Channel): ChannelView {
  const members = channel.members.flatMap((member): MemberView[] => {
    const user = world.store.users.get(member.userId);
    if (user === undefined) return [];
    return [{ ...personView(world, user), channel_role: member.role, external: user.accountId !== channel.accountId }];
  });
  return {
    id: channel.id,
    jid: channel.jid,
    name: channel.name,
    type: channel.type,
    archived: channel.archived,
    app_added: channel.appAdded,
    account_id: channel.accountId,
    posting_permissions: channel.settings.posting_permissions,
    members,
    pending: channel.pending.flatMap((id) => {
      const user = world.store.users.get(id);
      return user === undefined ? [] : [personView(world, user)];
    }),
  };
}

function conversationView(
  world: World,
  user: User,
  id: Conversation,
  kind: ConversationView['kind'],
  name: string,
  withMessages: boolean,
): ConversationView {
  const visible = world.store.messagesOf(id).filter((message) => canSee(world, user, message));
  const readSeq = world.store.reads.get(`${user.id} ${id}`)?.seq ?? 0;
  const last = visible.findLast((message) => message.deletedAt === undefined);
  return {
    id,
    kind,
    name,
    unread: visible.filter(
      (message) => message.seq > readSeq && message.userId !== user.id && message.deletedAt === undefined,
    ).length,
    last_text: last?.text ?? '',
    last_at: last?.timestamp ?? 0,
    ...(withMessages ? { messages: visible.map((message) => messageView(world, message)) } : {}),
  };
}

/**
 * Everything a person can see.
 * @param only `all` for every message, `none`, or the conversation whose messages are wanted
 */
export function userView(world: World, user: User, only: 'all' | 'none' | Conversation): UserView {
  const wants = (id: Conversation): boolean => only === 'all' || only === id;
  const channels = liveChannels(world)
    .filter((channel) => membership(channel, user.id) !== undefined)
    .map((channel): ConversationView => {
      const id: Conversation = `c:${channel.id}`;
      return {
        ...conversationView(world, user, id, 'channel', channel.name, wants(id)),
        channel: channelView(world, channel),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
  const botId: Conversation = `b:${user.id}`;
  const hasBot = isInstalled(world, user.accountId) || world.store.messagesOf(botId).length > 0;
  const dms = world.store
    .conversations()
    .filter((id) => id.startsWith('d:') && id.split(':').includes(user.id))
    .flatMap((id): ConversationView[] => {
      const other = world.store.users.get(id.split(':').find((part) => part !== 'd' && part !== user.id) ?? '');
      if (other === undefined) return [];
      return [
        { ...conversationView(world, user, id, 'dm', displayName(other), wants(id)), with: personView(world, other) },
      ];
    });
  return {
    user: personView(world, user),
    app: {
      name: botName,
      bot_jid: world.config.botJid,
      installed_by_me: world.store.grants.get(user.id) !== undefined,
      installed_in_account: isInstalled(world, user.accountId),
    },
    channels,
    bot: hasBot ? conversationView(world, user, botId, 'bot', botName, wants(botId)) : null,
    dms,
    joinable: liveChannels(world)
      .filter((channel) => membership(channel, user.id) === undefined)
      .filter(
        (channel) => channel.pending.includes(user.id) || (channel.type === 3 && channel.accountId === user.accountId),
      )
      .map((channel) => ({
        id: channel.id,
        name: channel.name,
        type: channel.type,
        invited: channel.pending.includes(user.id),
      })),
    people: world.store.users
      .all()
      .filter((one) => one.id !== user.id && one.status === 'active')
      .map((one) => personView(world, one)),
    seq: world.feed.last,
  };
}

function summaryOf(delivery: Delivery): object {
  return {
    id: delivery.id,
    request_id: delivery.requestId,
    event: delivery.event,
    endpoint: delivery.endpoint,
    state: delivery.state,
    attempts: delivery.attempts,
    status: delivery.status ?? null,
    created_at: delivery.createdAt,
    due_at: delivery.state === 'pending' ? delivery.dueAt : null,
  };
}

/** A channel with everything in it, for drivers. */
export function channelWithMessages(world: World, channel: Channel): ChannelView & { messages: MessageView[] } {
  const messages = world.store.messagesOf(`c:${channel.id}`).map((message) => messageView(world, message));
  return { ...channelView(world, channel), messages };
}

/** The whole state of the sandbox, for drivers. */
export function stateView(world: World): object {
  const { store, config } = world;
  const deliveries = store.deliveries.all();
  const messagesOf = (conversation: Conversation): MessageView[] =>
    store.messagesOf(conversation).map((message) => messageView(world, message));
  return {
    now: world.clock.now(),
    app: {
      name: botName,
      client_id: config.clientId,
      client_secret: config.clientSecret,
      webhook_secret_token: config.webhookSecretToken,
      bot_jid: config.botJid,
      redirect_uris: config.redirectUris,
      scopes: appScopes(world.switches()),
      urls: {
        public: world.publicUrl(),
        api: `${world.publicUrl()}/v2`,
        oauth: `${world.publicUrl()}/oauth`,
        bot_endpoint: config.botEndpointUrl ?? null,
        event_endpoint: config.eventEndpointUrl ?? null,
      },
    },
    switches: world.switches(),
    faults: world.faults.list(),
    accounts: store.accounts.all().map(({ id, name, number }) => ({ id, name, number })),
    users: store.users.all().map((user) => ({ ...personView(world, user), member_id: user.memberId })),
    installations: store.grants.all().map((grant) => ({
      user_id: grant.id,
      account_id: grant.accountId,
      scopes: grant.scopes,
      granted_at: grant.grantedAt,
    })),
    channels: liveChannels(world).map((channel) => channelWithMessages(world, channel)),
    dms: store
      .conversations()
      .filter((id) => !id.startsWith('c:'))
      .map((id) => {
        const [kind, ...ids] = id.split(':');
        return {
          id,
          kind: kind === 'b' ? 'bot' : 'dm',
          user_ids: ids,
          names: ids.map((userId) => {
            const user = store.users.get(userId);
            return user === undefined ? '' : displayName(user);
          }),
          messages: messagesOf(id),
        };
      }),
    webhooks: {
      pending: deliveries.filter((delivery) => delivery.state === 'pending').length,
      delivered: deliveries.filter((delivery) => delivery.state === 'delivered').length,
      failed: deliveries.filter((delivery) => delivery.state === 'failed').length,
      validations: store.validations.all(),
      recent: deliveries.slice(-50).map(summaryOf),
    },
  };
}

/** A line of the webhook log with everything in it. */
export function deliveryView(delivery: Delivery): object {
  return {
    ...summaryOf(delivery),
    url: delivery.url,
    body: JSON.parse(delivery.body) as unknown,
    request_headers: delivery.requestHeaders ?? null,
    response_body: delivery.responseBody ?? null,
  };
}
