import type { Switches } from './switches.ts';

/** A scope that the app asks for, and how the consent page puts it. */
interface ScopeGroup {
  words: string;
  classic: string;
  granular: string[];
}

/**
 * All that a live chat needs, optional scopes included
 * (developers.zoom.us/docs/integrations/oauth-scopes/, and the scopes named by each endpoint and event).
 */
const groups: ScopeGroup[] = [
  {
    words: 'View all user information',
    classic: 'user:read:admin',
    granular: ['user:read:user:admin'],
  },
  {
    words: 'View and manage all users’ team chat channels',
    classic: 'chat_channel:write:admin',
    granular: [
      'team_chat:read:list_user_channels:admin',
      'team_chat:read:user_channel:admin',
      'team_chat:read:channel:admin',
      'team_chat:write:user_channel:admin',
      'team_chat:delete:user_channel:admin',
      'team_chat:read:list_members:admin',
      'team_chat:write:members:admin',
      'team_chat:delete:member:admin',
      'team_chat:update:archive_channels:admin',
    ],
  },
  { words: 'Enable the chatbot within team chat', classic: 'imchat:bot', granular: ['imchat:bot'] },
  {
    words: 'View all users’ team chat messages',
    classic: 'chat_message:read:admin',
    granular: ['team_chat:read:list_user_messages:admin', 'team_chat:read:user_message:admin'],
  },
  {
    words: 'Send team chat messages in a user’s name',
    classic: 'chat_message:write:admin',
    granular: ['team_chat:write:user_message:admin'],
  },
  {
    words: 'View all users’ team chat information',
    classic: 'chat:read:admin',
    granular: ['team_chat:read:archive_channels:admin'],
  },
];

/**
 * Scopes that Zoom adds by itself to an app with event subscriptions; only the chatbot's token carries them
 * (developers.zoom.us/docs/api/webhooks/).
 */
const subscriptionScopes = [
  'marketplace:delete:event_subscription',
  'marketplace:read:list_event_subscriptions',
  'marketplace:update:event_subscription',
  'marketplace:write:event_subscription',
];

const withoutLevel = (scope: string): string => scope.replace(/:admin$/, '');
const managed = (scope: string, switches: Switches): string =>
  switches.managedType === 'admin' ? scope : withoutLevel(scope);

/** The scopes of the app's settings, which a consent without `scope` grants. */
export function appScopes(switches: Switches): string[] {
  if (switches.appScopes !== null) return switches.appScopes.filter((scope) => !subscriptionScopes.includes(scope));
  return groups
    .flatMap((group) => (switches.scopeForm === 'classic' ? [group.classic] : group.granular))
    .map((scope) => managed(scope, switches));
}

/** The scopes of the chatbot's token: of `imchat:bot` and those about event subscriptions, what the app has. */
export function botScopes(switches: Switches): string[] {
  const { appScopes: own } = switches;
  return ['imchat:bot', ...subscriptionScopes].filter((scope) => own === null || own.includes(scope));
}

/** Whether only an administrator may grant these scopes. */
export function areForAdmins(scopes: string[]): boolean {
  return scopes.some((scope) => scope.endsWith(':admin'));
}

/** What a set of scopes means in words, for the consent page. */
export function inWords(scopes: string[]): string[] {
  const left = new Set(scopes.map(withoutLevel));
  const words: string[] = [];
  for (const group of groups) {
    const names = [group.classic, ...group.granular].map(withoutLevel);
    if (!names.some((name) => left.has(name))) continue;
    words.push(group.words);
    for (const name of names) left.delete(name);
  }
  return [...words, ...left];
}

/** The scopes of which an endpoint or event needs one, with `:admin` where they have it. */
export interface ScopeNeed {
  classic: string[];
  granular: string[];
}

/** Each scope by itself and for the whole account. */
export function bothLevels(...scopes: string[]): string[] {
  return scopes.flatMap((scope) => [scope, `${scope}:admin`]);
}

/**
 * Whether granted scopes cover a need.
 * @param onBehalf whether a call names a user other than by `me`, which only account-level (`:admin`) scopes allow
 */
export function covers(granted: string[], need: ScopeNeed, onBehalf: boolean): boolean {
  return [...need.classic, ...need.granular]
    .filter((name) => !onBehalf || name.endsWith(':admin'))
    .some((name) => granted.includes(name));
}

/** The names to print in the error of a call that lacks them. */
export function missingNames(need: ScopeNeed, switches: Switches): string {
  const names = [...need.granular, ...need.classic];
  const wanted = names.filter((name) => name.endsWith(':admin') === (switches.managedType === 'admin'));
  return (wanted.length === 0 ? names : wanted).join(', ');
}

const channelEvent: ScopeNeed = {
  classic: bothLevels('chat_channel:read', 'chat_channel:write'),
  granular: bothLevels('team_chat:read:channel'),
};
const memberEvent: ScopeNeed = { ...channelEvent, granular: bothLevels('team_chat:read:list_members') };
const chatMessageEvent: ScopeNeed = {
  classic: bothLevels('chat_message:read', 'chat_message:write'),
  granular: bothLevels('team_chat:read:user_message'),
};
const teamChatEvent: ScopeNeed = {
  classic: bothLevels('chat:read'),
  granular: bothLevels('team_chat:read:user_message'),
};
const archiveEvent: ScopeNeed = { ...teamChatEvent, granular: bothLevels('team_chat:read:archive_channels') };

/**
 * The events of event subscriptions that the sandbox sends, and the scopes of which each needs one
 * (developers.zoom.us/docs/api/team-chat/events/, /docs/api/marketplace/events).
 */
export const eventNeeds: Readonly<Record<string, ScopeNeed | null>> = {
  'chat_message.sent': chatMessageEvent,
  'chat_message.replied': chatMessageEvent,
  'chat_message.updated': chatMessageEvent,
  'chat_message.deleted': chatMessageEvent,
  'team_chat.channel_message_posted': teamChatEvent,
  'team_chat.channel_message_updated': teamChatEvent,
  'team_chat.channel_message_deleted': teamChatEvent,
  'team_chat.dm_message_posted': teamChatEvent,
  'team_chat.dm_message_updated': teamChatEvent,
  'team_chat.dm_message_deleted': teamChatEvent,
  'team_chat.channel_app_added': teamChatEvent,
  'team_chat.channel_app_removed': teamChatEvent,
  'team_chat.channel_archived': archiveEvent,
  'team_chat.channel_unarchived': archiveEvent,
  'chat_channel.created': channelEvent,
  'chat_channel.updated': channelEvent,
  'chat_channel.deleted': channelEvent,
  'chat_channel.member_invited': memberEvent,
  'chat_channel.member_removed': memberEvent,
  'chat_channel.member_joined': memberEvent,
  'chat_channel.member_left': memberEvent,
  app_deauthorized: null,
};

/** Whether scopes let an event through; one that needs none always passes. */
export function coversEvent(granted: string[], event: string): boolean {
  const need = eventNeeds[event];
  return need === null || (need !== undefined && covers(granted, need, false));
}
