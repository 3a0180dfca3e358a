import type { MissingScope } from '../domain/missing-scope.ts';

/**
 * The scopes that the app needs, the events that it listens to, and why. One list for what is checked after a consent,
 * for what `npm run zoom:manifest` prints, and for the tables of docs/connect-zoom.md. Older apps have classic scopes,
 * newer ones granular scopes; both let the same calls through.
 *
 * Sources: developers.zoom.us/docs/integrations/oauth-scopes/, the scope lists of /docs/api/team-chat/ and of its
 * /events page. Zoom's label of `chat:read:admin` is in none of them.
 */
export interface ScopeNeed {
  /** Label on Zoom's consent page. */
  readonly label: string;
  readonly classic: string;
  /** Granular scopes that let the same calls through: all of them are needed. */
  readonly granular: readonly string[];
  /** Why the app needs it, in words for an administrator. */
  readonly why: string;
  /** What does not work without it, likewise. */
  readonly without: string;
  /** False when the app works without it, but for what `without` says. */
  readonly required: boolean;
  /** Whose token carries it. That of the bot is no part of what a user grants. */
  readonly heldBy: 'user' | 'bot';
}

const usersChannels = {
  label: 'View and manage all users’ chat channels',
  classic: 'chat_channel:write:admin',
  heldBy: 'user',
} as const;

/** All of the app's scopes, in the order in which Zoom's consent page is explained. */
export const SCOPE_NEEDS: readonly ScopeNeed[] = [
  {
    label: 'View all user information',
    classic: 'user:read:admin',
    granular: ['user:read:user:admin'],
    why: 'Know who installed the app, and find the name and e-mail address of an agent who presses Join Chat.',
    without: 'Nobody can add the app or join a chat.',
    required: true,
    heldBy: 'user',
  },
  {
    ...usersChannels,
    granular: [
      'team_chat:read:list_user_channels:admin',
      'team_chat:read:user_channel:admin',
      'team_chat:write:user_channel:admin',
      'team_chat:read:list_members:admin',
      'team_chat:write:members:admin',
    ],
    why: 'Create the inbound channel and one private channel for each chat, and invite agents.',
    without: 'Nobody can be let into a chat: its channel is not made, or not found, or nobody is invited into it.',
    required: true,
  },
  {
    ...usersChannels,
    granular: ['team_chat:delete:member:admin'],
    why: 'Take an agent out of a chat channel when an operator gives the chat to somebody else.',
    without: 'An agent whose chat an operator gave to somebody else stays a member of its channel.',
    required: false,
  },
  {
    ...usersChannels,
    granular: ['team_chat:delete:user_channel:admin'],
    why: 'Remove the private channel that the connection check has made.',
    without: 'The private channel of a connection check has to be deleted by hand.',
    required: false,
  },
  {
    ...usersChannels,
    granular: ['team_chat:update:archive_channels:admin'],
    why: 'Archive the channel of a chat that is over.',
    without: 'The channels of chats that are over stay open, and what is written there goes nowhere.',
    required: false,
  },
  {
    ...usersChannels,
    granular: ['team_chat:read:channel:admin'],
    why: 'Be told by Zoom when a channel is deleted.',
    without: 'A chat whose channel was deleted notices it only with the next message.',
    required: false,
  },
  {
    label: 'Enable chatbot within Zoom Team Chat client',
    classic: 'imchat:bot',
    granular: ['imchat:bot'],
    why: 'Post new chats with a Join Chat button, and what visitors write, as the app’s bot.',
    without: 'Nothing is posted in Zoom.',
    required: true,
    heldBy: 'bot',
  },
  {
    label: 'View all users’ chat messages',
    classic: 'chat_message:read:admin',
    granular: ['team_chat:read:list_user_messages:admin', 'team_chat:read:user_message:admin'],
    why: 'Receive what agents write in chat channels and read it back after an outage. Messages elsewhere are dropped unread.',
    without: 'What agents write does not reach the visitor, or is lost in an outage.',
    required: true,
    heldBy: 'user',
  },
  {
    label: 'View and manage all users’ chat messages',
    classic: 'chat_message:write:admin',
    granular: ['team_chat:write:user_message:admin'],
    why: 'Fall back to posting as the channel’s owner where Zoom refuses the bot in a private channel.',
    without: 'Where Zoom refuses the bot in a private channel, a chat waits until the app is added to it.',
    required: false,
    heldBy: 'user',
  },
  {
    label: 'View all users’ chat information',
    classic: 'chat:read:admin',
    granular: ['team_chat:read:archive_channels:admin'],
    why: 'Be told by Zoom when a channel is archived or brought back; with classic scopes, of files and of people outside the account too.',
    without: 'A chat whose channel was archived notices it only with the next message.',
    required: false,
    heldBy: 'user',
  },
];

/** One event that the app subscribes to. */
export interface EventNeed {
  readonly event: string;
  /** Scopes that let Zoom send it: one of either family. Absent where it needs none. */
  readonly classic?: string;
  readonly granular?: string;
  /** Why the app needs it, in words for an administrator. */
  readonly why: string;
  /** False when the app works without it. */
  readonly required: boolean;
}

const messageEvent = {
  classic: 'chat:read:admin',
  granular: 'team_chat:read:user_message:admin',
  required: true,
} as const;
const channelEvent = { classic: 'chat_channel:write:admin', required: false } as const;
const memberEvent = { ...channelEvent, granular: 'team_chat:read:list_members:admin' } as const;
const archiveEvent = {
  classic: 'chat:read:admin',
  granular: 'team_chat:read:archive_channels:admin',
  required: false,
} as const;

/** The events that the app subscribes to. Those of the bot's endpoint need no subscription. */
export const EVENT_NEEDS: readonly EventNeed[] = [
  { ...messageEvent, event: 'team_chat.channel_message_posted', why: 'What agents write, names of files included.' },
  { ...messageEvent, event: 'team_chat.channel_message_updated', why: 'Edits reach the visitor.' },
  { ...messageEvent, event: 'team_chat.channel_message_deleted', why: 'Deletions too.' },
  {
    ...channelEvent,
    event: 'chat_channel.deleted',
    granular: 'team_chat:read:channel:admin',
    why: 'The chat ends, or asks for an agent again if a message was still waiting.',
  },
  { ...archiveEvent, event: 'team_chat.channel_archived', why: 'The same.' },
  { ...archiveEvent, event: 'team_chat.channel_unarchived', why: 'What waits for the channel goes on at once.' },
  { ...memberEvent, event: 'chat_channel.member_left', why: 'The visitor sees that an agent left.' },
  { ...memberEvent, event: 'chat_channel.member_removed', why: 'The same.' },
  {
    event: 'team_chat.channel_app_added',
    classic: 'chat:read:admin',
    granular: 'team_chat:read:user_message:admin',
    why: 'What waits for the bot to be let into a channel goes on at once.',
    required: false,
  },
  { event: 'app_deauthorized', why: 'Forgets the tokens of a user who removed the app.', required: true },
];

/** In place of the `team_chat.channel_message_…` events, for apps with classic scopes that lack `chat:read:admin`. */
export const OLDER_MESSAGE_EVENTS: readonly EventNeed[] = [
  'chat_message.sent',
  'chat_message.replied',
  'chat_message.updated',
  'chat_message.deleted',
].map((event) => ({
  event,
  classic: 'chat_message:read:admin',
  granular: 'team_chat:read:user_message:admin',
  why: 'The older family: no files, nobody from outside the account.',
  required: true,
}));

/**
 * What the app needs and none of these grants holds, in the order of {@link SCOPE_NEEDS}.
 *
 * @param grants the scopes of each grant, as Zoom's token answers name them. Of an empty list nothing is known, and
 *   then nothing is said to be missing.
 */
export function missingScopes(...grants: readonly (readonly string[])[]): MissingScope[] {
  const [first = [], ...others] = grants.map(missingOf);
  return first.flatMap((row) => {
    const granular = row.granular.filter((name) => others.every((rows) => rows.some((r) => r.granular.includes(name))));
    return granular.length === 0 ? [] : [{ ...row, granular }];
  });
}

function missingOf(granted: readonly string[]): MissingScope[] {
  if (granted.length === 0) return [];
  // A classic scope to write lets reads through as well.
  const holds = (name: string) => granted.includes(name) || granted.includes(name.replace(':read:', ':write:'));
  return SCOPE_NEEDS.filter(({ heldBy, classic }) => heldBy === 'user' && !holds(classic)).flatMap((need) => {
    const granular = need.granular.filter((name) => !granted.includes(name));
    return granular.length === 0 ? [] : [asMissing(need, granular)];
  });
}

/** What scopes of either family mean that Zoom named as missing; those that the app does not know are left out. */
export function scopesNamed(names: readonly string[]): MissingScope[] {
  const known = SCOPE_NEEDS.flatMap((need) => {
    const granular = need.granular.filter((name) => names.includes(name));
    return granular.length === 0 ? [] : [asMissing(need, granular)];
  });
  if (known.length > 0) return known;
  // Of the needs that share a classic scope the first stands for all of them.
  const classic = [...new Set(SCOPE_NEEDS.map((need) => need.classic))].filter((name) => names.includes(name));
  return classic.flatMap((name) =>
    SCOPE_NEEDS.filter((need) => need.classic === name)
      .slice(0, 1)
      .map((need) => asMissing(need, need.granular)),
  );
}

function asMissing({ label, classic, without, required }: ScopeNeed, granular: readonly string[]): MissingScope {
  return { label, classic, granular: [...granular], without, required };
}

/**
 * Whether a grant is for the whole account, so that its calls may name users: those of a user-managed app take only
 * `me`. What is not known is taken for the kind that the app asks for.
 */
export function isAccountLevel(granted: readonly string[]): boolean {
  return granted.length === 0 || granted.some((name) => name.endsWith(':admin'));
}
