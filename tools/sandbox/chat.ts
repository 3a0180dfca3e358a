import type { CardContent } from './cards.ts';
import { buttonsOf, plainText, selectsOf } from './cards.ts';
import { failed, invalid, noChannel, noPermission, ZoomError } from './errors.ts';
import {
  appMembershipEvent,
  appMention,
  archiveEvent,
  botNotification,
  channelEvent,
  dmOf,
  isInstalled,
  messageEvent,
  pressEvent,
} from './events.ts';
import { channelJid, newBotMessageId, newChannelId, newMessageId, stableId } from './ids.ts';
import { defaultSettings } from './seed.ts';
import type { Channel, ChannelSettings, Conversation, FileRef, Membership, Message, OtherBot, User } from './state.ts';
import { botName, slashCommand, type World } from './world.ts';

/*
 * What people and the app can do in Team Chat, whoever asks for it: the REST API, the page or a driver. Refusals are
 * ZoomErrors with the codes of developers.zoom.us/docs/api/team-chat/.
 */

/** Longest channel name. */
export const nameLimit = 256;

/** A channel that is there, or undefined. */
export function findChannel(world: World, id: string): Channel | undefined {
  const channel = world.store.channels.get(id);
  return channel?.deletedAt === undefined ? channel : undefined;
}

/** All channels that are there. */
export function liveChannels(world: World): Channel[] {
  return world.store.channels.all().filter((channel) => channel.deletedAt === undefined);
}

/** A person by id, member id or e-mail; deleted people are not found. */
export function findUser(world: World, key: string): User | undefined {
  const byId = world.store.users.get(key);
  const lower = key.toLowerCase();
  const user = byId ?? world.store.users.all().find((one) => one.email === lower || one.memberId === key);
  return user?.status === 'deleted' ? undefined : user;
}

/** Changes a person's status or role. A new owner of the account takes over from the one so far. */
export function changeUser(
  world: World,
  user: User,
  change: { status?: User['status'] | undefined; role?: User['role'] | undefined },
): void {
  const save = (one: User): void => {
    world.store.users.put(one);
    changed(world, 'user.updated', { user_id: one.id });
  };
  if (change.role === 'owner') {
    for (const one of world.store.users.all())
      if (one.accountId === user.accountId && one.role === 'owner') save({ ...one, role: 'admin' });
  }
  save({ ...user, status: change.status ?? user.status, role: change.role ?? user.role });
}

/** A person's membership of a channel. */
export function membership(channel: Channel, userId: string): Membership | undefined {
  return channel.members.find((member) => member.userId === userId);
}

function mustBeMember(channel: Channel, user: User): Membership {
  const member = membership(channel, user.id);
  if (member === undefined) throw noPermission('You are not a member of this channel.');
  return member;
}

function isPrivate(channel: Channel): boolean {
  return channel.type === 1 || channel.type === 2 || channel.type === 4;
}

function changed(world: World, type: string, data: Record<string, unknown>): void {
  world.feed.publish(type, world.clock.now(), data);
}

function saveChannel(world: World, channel: Channel): void {
  world.store.channels.put(channel);
  changed(world, 'channel.updated', { channel_id: channel.id });
}

function nameTaken(world: World, name: string, owner: User, except?: Channel): boolean {
  return liveChannels(world).some(
    (channel) =>
      channel !== except && channel.accountId === owner.accountId && channel.name.toLowerCase() === name.toLowerCase(),
  );
}

/** Creates a channel owned by `owner`, with the invited people in it. */
export function createChannel(
  world: World,
  owner: User,
  input: { name: string; type: number; settings?: Partial<ChannelSettings>; invitees?: string[] },
): Channel {
  if (nameTaken(world, input.name, owner)) throw invalid(`Channel name already exists: ${input.name}.`);
  const now = world.clock.now();
  const id = newChannelId();
  const channel: Channel = {
    id,
    jid: channelJid(id),
    accountId: owner.accountId,
    name: input.name,
    type: input.type,
    settings: {
      ...defaultSettings,
      ...input.settings,
      ...(input.type >= 3 ? { add_member_permissions: 1 } : {}),
    },
    members: [{ userId: owner.id, role: 'owner', joinedAt: now }],
    pending: [],
    archived: false,
    appAdded: false,
    createdAt: now,
  };
  const plan = planInvitation(world, channel, input.invitees ?? [], 'create channel', true);
  admit(world, channel, plan.join, plan.pend);
  world.store.channels.put(channel);
  changed(world, 'channel.created', { channel_id: id, name: channel.name });
  channelEvent(world, 'created', channel, owner, plan.join);
  if (plan.join.length > 0) channelEvent(world, 'member_invited', channel, owner, plan.join);
  return channel;
}

interface InvitationPlan {
  join: User[];
  pend: User[];
}

function planInvitation(
  world: World,
  channel: Channel,
  keys: string[],
  what: string,
  creating = false,
): InvitationPlan {
  const plan: InvitationPlan = { join: [], pend: [] };
  for (const key of new Set(keys.map((one) => (one.toLowerCase().includes('@') ? one.toLowerCase() : one)))) {
    const user = findUser(world, key);
    if (user === undefined) {
      // Somebody unknown gets an invitation by mail, where the channel takes outsiders at all.
      if (channel.type !== 1 || !key.includes('@')) throw failed(what);
      continue;
    }
    if (user.status !== 'active') throw failed(what);
    if (membership(channel, user.id) !== undefined) {
      if (!creating && world.switches().inviteExistingMember === '5301') throw failed(what);
      continue;
    }
    if (user.accountId === channel.accountId) plan.join.push(user);
    else if (channel.type === 1 || channel.type === 5) plan.pend.push(user);
    else throw failed(what);
  }
  return plan;
}

function admit(world: World, channel: Channel, join: User[], pend: User[]): void {
  const now = world.clock.now();
  for (const user of join) channel.members.push({ userId: user.id, role: 'member', joinedAt: now });
  for (const user of pend) if (!channel.pending.includes(user.id)) channel.pending.push(user.id);
}

/** Invites people: colleagues are in at once, outsiders once they accept. */
export function invite(world: World, actor: User, channel: Channel, keys: string[]): InvitationPlan {
  const member = mustBeMember(channel, actor);
  if (channel.archived) throw archivedError();
  if (channel.settings.add_member_permissions === 2 && member.role === 'member') {
    throw noPermission('Only the owner and admins of this channel can add members.');
  }
  const plan = planInvitation(world, channel, keys, 'invite channel members');
  admit(world, channel, plan.join, plan.pend);
  saveChannel(world, channel);
  if (plan.join.length > 0) channelEvent(world, 'member_invited', channel, actor, plan.join);
  return plan;
}

/** Joins a public channel, or accepts an invitation. */
export function join(world: World, user: User, channel: Channel): Membership {
  const invited = channel.pending.includes(user.id);
  const open = channel.type === 3 && channel.accountId === user.accountId;
  if (membership(channel, user.id) !== undefined || (!invited && !open)) throw failed('join channel');
  channel.pending = channel.pending.filter((id) => id !== user.id);
  const member: Membership = { userId: user.id, role: 'member', joinedAt: world.clock.now() };
  channel.members.push(member);
  saveChannel(world, channel);
  channelEvent(world, 'member_joined', channel, user);
  return member;
}

/** Leaves a channel. An owner hands over to the member who has been there longest. */
export function leave(world: World, user: User, channel: Channel): void {
  const member = mustBeMember(channel, user);
  channel.members = channel.members.filter((one) => one !== member);
  const heir = channel.members[0];
  if (member.role === 'owner' && heir !== undefined) heir.role = 'owner';
  saveChannel(world, channel);
  channelEvent(world, 'member_left', channel, user);
}

/** Removes other people from a channel; needs its owner or an admin. */
export function removeMembers(world: World, actor: User, channel: Channel, users: User[]): void {
  const member = mustBeMember(channel, actor);
  if (member.role === 'member') throw noPermission('Only the owner and admins of this channel can remove members.');
  for (const user of users) {
    const target = membership(channel, user.id);
    if (target === undefined || target.role === 'owner') throw failed('remove channel member');
  }
  const gone = new Set(users.map((user) => user.id));
  channel.members = channel.members.filter((one) => !gone.has(one.userId));
  saveChannel(world, channel);
  channelEvent(world, 'member_removed', channel, actor, users);
}

/** Makes members admins of a channel, or ordinary members again; needs the owner. */
export function setAdmins(world: World, actor: User, channel: Channel, users: User[], admin: boolean): void {
  if (mustBeMember(channel, actor).role !== 'owner')
    throw noPermission('Only the owner can change the admins of this channel.');
  for (const user of users) {
    const target = membership(channel, user.id);
    if (target === undefined || target.role === 'owner') throw failed('update channel admins');
    target.role = admin ? 'admin' : 'member';
  }
  saveChannel(world, channel);
}

function mayAdminister(channel: Channel, user: User): boolean {
  const role = membership(channel, user.id)?.role;
  return role === 'owner' || role === 'admin';
}

/** Changes name, type or settings; needs the owner or an admin (403/200 otherwise). */
export function updateChannel(
  world: World,
  actor: User,
  channel: Channel,
  change: { name?: string | undefined; type?: number | undefined; settings?: Partial<ChannelSettings> | undefined },
): void {
  if (!mayAdminister(channel, actor)) throw noPermission('You have no permission to update this channel.', 403);
  if (change.name !== undefined && nameTaken(world, change.name, actor, channel)) {
    throw invalid(`Channel name already exists: ${change.name}.`);
  }
  if (change.name !== undefined) channel.name = change.name;
  if (change.type !== undefined) channel.type = change.type;
  if (change.settings !== undefined) channel.settings = { ...channel.settings, ...change.settings };
  saveChannel(world, channel);
  channelEvent(world, 'updated', channel, actor);
}

/** Deletes a channel with its messages; needs the owner or an admin (400/200 otherwise). */
export function deleteChannel(world: World, actor: User, channel: Channel): void {
  if (!mayAdminister(channel, actor)) throw noPermission('You have no permission to delete this channel.');
  channelEvent(world, 'deleted', channel, actor);
  channel.deletedAt = world.clock.now();
  world.store.channels.put(channel);
  world.store.dropConversation(`c:${channel.id}`);
  changed(world, 'channel.deleted', { channel_id: channel.id });
}

/** Archives a channel or brings it back. The error codes are those of PATCH /chat/channels/events. */
export function archiveChannel(world: World, actor: User, channel: Channel, archived: boolean): void {
  if (!mayAdminister(channel, actor)) throw noPermission();
  if (channel.archived === archived) {
    throw archived
      ? new ZoomError(400, 3205, 'The channel is already archived.')
      : new ZoomError(400, 3213, 'The channel is not archived.');
  }
  channel.archived = archived;
  saveChannel(world, channel);
  archiveEvent(world, archived, channel, actor);
}

/** Adds the app to a channel, or takes it out: any member may. */
export function setAppAdded(world: World, actor: User, channel: Channel, added: boolean): void {
  mustBeMember(channel, actor);
  if (added && !isInstalled(world, channel.accountId))
    throw failed('add the app: nobody of this account has installed it');
  if (channel.appAdded === added) return;
  channel.appAdded = added;
  channel.appRemoved = !added;
  saveChannel(world, channel);
  appMembershipEvent(world, added, channel, actor);
}

function archivedError(): ZoomError {
  return new ZoomError(400, 5420, 'The channel is archived.');
}

/** Whether a person can see a conversation at all. */
export function canOpen(world: World, user: User, conversation: Conversation): boolean {
  const [kind, first, second] = conversation.split(':');
  if (kind === 'c') {
    const channel = findChannel(world, first ?? '');
    return channel !== undefined && membership(channel, user.id) !== undefined;
  }
  return first === user.id || second === user.id;
}

/** Whether a person can see one message, deleted ones included. */
export function canSee(world: World, user: User, message: Message): boolean {
  if (!canOpen(world, user, message.conversation)) return false;
  if (message.visibleTo !== undefined && message.visibleTo !== user.id) return false;
  const [kind, id] = message.conversation.split(':');
  if (kind !== 'c') return true;
  const channel = findChannel(world, id ?? '');
  if (channel?.settings.new_members_can_see_previous_messages_files !== false) return true;
  return message.timestamp >= (membership(channel, user.id)?.joinedAt ?? Infinity);
}

/** What a person posts. */
export interface Draft {
  text: string;
  replyTo?: string | undefined;
  atItems?: unknown[] | undefined;
  richText?: unknown[] | undefined;
  interactiveCards?: unknown[] | undefined;
  files?: FileRef[] | undefined;
}

/** Where somebody wants to post. */
export type Target = { channel: Channel } | { contact: User } | { bot: true };

function checkReply(world: World, conversation: Conversation, replyTo: string | undefined): void {
  if (replyTo === undefined) return;
  const parent = world.store.messages.get(replyTo);
  if (parent === undefined || parent.conversation !== conversation || parent.deletedAt !== undefined) {
    throw invalid(`Message does not exist: ${replyTo}.`);
  }
  if (parent.replyTo !== undefined) throw new ZoomError(400, 5402, 'A reply cannot be replied to.');
}

/** Refuses what a person may not post into a channel. */
export function checkMayPost(channel: Channel, user: User): void {
  const member = mustBeMember(channel, user);
  if (channel.archived) throw archivedError();
  if (channel.settings.posting_permissions !== 1 && member.role === 'member') {
    throw noPermission('Only the owner and admins of this channel can post.');
  }
}

/** Posts as a person; the app gets the event. */
export function postAsUser(world: World, user: User, target: Target, draft: Draft): Message {
  let conversation: Conversation;
  if ('channel' in target) {
    checkMayPost(target.channel, user);
    conversation = `c:${target.channel.id}`;
  } else if ('contact' in target) {
    if (target.contact.status !== 'active') throw failed('send message');
    conversation = dmOf(user.id, target.contact.id);
  } else {
    if (!isInstalled(world, user.accountId)) throw failed('send message: the app is not installed');
    conversation = `b:${user.id}`;
  }
  checkReply(world, conversation, draft.replyTo);
  const message = world.store.addMessage({
    id: newMessageId(),
    conversation,
    userId: user.id,
    accountId: user.accountId,
    text: draft.text,
    markdown: false,
    timestamp: world.clock.now(),
    ...(draft.replyTo === undefined ? {} : { replyTo: draft.replyTo }),
    ...(draft.atItems === undefined ? {} : { atItems: draft.atItems }),
    ...(draft.richText === undefined ? {} : { richText: draft.richText }),
    ...(draft.interactiveCards === undefined ? {} : { interactiveCards: draft.interactiveCards }),
    ...(draft.files === undefined || draft.files.length === 0 ? {} : { files: draft.files }),
  });
  markRead(world, user, conversation);
  publishMessage(world, 'message.created', message);
  messageEvent(world, message, 'posted');
  if ('bot' in target) botNotification(world, user, draft.text, undefined, draft.replyTo);
  if ('channel' in target && target.channel.appAdded && draft.text.includes(`@${botName}`)) {
    appMention(world, user, message, target.channel);
  }
  return message;
}

/**
 * What a person types in the client: a slash command goes to the app and leaves no message; everything else is posted.
 */
export function typeAsUser(world: World, user: User, target: Target, draft: Draft): Message | { command: string } {
  const isCommand = draft.text === slashCommand || draft.text.startsWith(`${slashCommand} `);
  if (!isCommand || 'contact' in target) return postAsUser(world, user, target, draft);
  const cmd = draft.text.slice(slashCommand.length).trim();
  if ('channel' in target) checkMayPost(target.channel, user);
  botNotification(world, user, cmd, 'channel' in target ? target.channel : undefined, draft.replyTo);
  return { command: cmd };
}

function publishMessage(world: World, type: string, message: Message): void {
  changed(world, type, {
    message_id: message.id,
    conversation: message.conversation,
    ...(message.conversation.startsWith('c:') ? { channel_id: message.conversation.slice(2) } : {}),
    from: message.userId ?? message.otherBot?.jid ?? world.config.botJid,
    bot: message.userId === null,
    text: message.text,
  });
}

/** Refuses, with the chatbot API's codes, what the bot may not post into this channel. */
export function checkBotMayPost(world: World, channel: Channel): void {
  if (channel.archived) throw archivedError();
  const mustBeAdded = isPrivate(channel) && world.switches().botInPrivateChannels === 'refused';
  if (channel.appRemoved === true || (mustBeAdded && !channel.appAdded))
    throw new ZoomError(403, 7004, 'Not authorized');
}

/** Posts a plain card as the bot of another app, which somebody has added to the channel. */
export function postAsOtherBot(world: World, channel: Channel, name: string, text: string): Message {
  if (channel.archived) throw archivedError();
  const otherBot: OtherBot = { jid: `v1${stableId(`bot:${name}`).toLowerCase()}@xmpp.zoom.us`, name };
  const content: CardContent = { head: { text: name }, body: [{ type: 'message', text }] };
  return addBotMessage(world, {
    conversation: `c:${channel.id}`,
    otherBot,
    accountId: channel.accountId,
    content,
    markdown: false,
  });
}

/** Posts as the bot. */
export function postAsBot(
  world: World,
  input: {
    conversation: Conversation;
    accountId: string;
    toJid: string;
    content: CardContent;
    markdown: boolean;
    replyTo?: string | undefined;
    visibleTo?: string | undefined;
  },
): Message {
  const { replyTo, visibleTo, ...rest } = input;
  return addBotMessage(world, {
    ...rest,
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(visibleTo === undefined ? {} : { visibleTo }),
  });
}

function addBotMessage(
  world: World,
  input: Omit<Message, 'id' | 'seq' | 'userId' | 'text' | 'timestamp'> & { content: CardContent },
): Message {
  const message = world.store.addMessage({
    ...input,
    id: newBotMessageId(),
    userId: null,
    text: plainText(input.content),
    timestamp: world.clock.now(),
  });
  publishMessage(world, 'message.created', message);
  messageEvent(world, message, 'posted');
  return message;
}

/** Changes the text, card or cards of a message. Whether the caller may is the caller's matter. */
export function editMessage(
  world: World,
  message: Message,
  change: { text?: string; content?: CardContent; markdown?: boolean; interactiveCards?: unknown[] | undefined },
): void {
  if (change.content !== undefined) {
    message.formerButtons = [...(message.formerButtons ?? []), ...buttonsOf(message.content)];
    message.content = change.content;
    message.text = plainText(change.content);
  }
  if (change.text !== undefined) message.text = change.text;
  if (change.markdown !== undefined) message.markdown = change.markdown;
  if (change.interactiveCards !== undefined) message.interactiveCards = change.interactiveCards;
  message.editedAt = world.clock.now();
  world.store.messages.put(message);
  publishMessage(world, 'message.updated', message);
  messageEvent(world, message, 'updated');
}

/** Deletes a message; it stays in the record as deleted. */
export function deleteMessage(world: World, message: Message): void {
  message.deletedAt = world.clock.now();
  world.store.messages.put(message);
  publishMessage(world, 'message.deleted', message);
  messageEvent(world, message, 'deleted');
}

/** A refused press: `not_found` when the person cannot see the message, `no_button` when it has no such button. */
export class PressError extends Error {
  override readonly name = 'PressError';
  readonly kind: 'not_found' | 'no_button';
  constructor(kind: 'not_found' | 'no_button', message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Uses a button or a select of a card as a person who sees it. `stale` also takes buttons of earlier versions. */
export function press(world: World, user: User, messageId: string, value: string, stale: boolean): object {
  const message = world.store.messages.get(messageId);
  if (message === undefined || message.deletedAt !== undefined || !canSee(world, user, message)) {
    throw new PressError('not_found', 'This person sees no such message.');
  }
  const channel = message.conversation.startsWith('c:') ? findChannel(world, message.conversation.slice(2)) : undefined;
  const buttons = [...buttonsOf(message.content), ...(stale ? (message.formerButtons ?? []) : [])];
  const button = buttons.find((one) => one.value === value);
  const option = selectsOf(message.content)
    .flatMap((one) => one.options)
    .find((one) => one.value === value);
  changed(world, 'card.pressed', { message_id: message.id, user_id: user.id, value });
  if (button !== undefined) return pressEvent(world, user, message, { kind: 'button', ...button }, channel);
  if (option !== undefined) return pressEvent(world, user, message, { kind: 'select', options: [option] }, channel);
  throw new PressError('no_button', 'The message has no button or option with this value.');
}

/** Notes that a person has seen everything in a conversation so far. */
export function markRead(world: World, user: User, conversation: Conversation): boolean {
  const last = world.store.messagesOf(conversation).at(-1)?.seq ?? 0;
  const id = `${user.id} ${conversation}`;
  if ((world.store.reads.get(id)?.seq ?? 0) >= last) return false;
  world.store.reads.put({ id, seq: last });
  return true;
}

/** Guard for callers that need a channel to be there: 404/4130. */
export function mustFindChannel(world: World, id: string): Channel {
  const channel = findChannel(world, id);
  if (channel === undefined) throw noChannel(id);
  return channel;
}
