/**
 * The scopes the app asks for, and why. One list for the authorize link, the README and the app's settings on
 * marketplace.zoom.us. Older apps have classic scopes, newer ones granular scopes; both let the same calls through.
 * Source: developers.zoom.us/docs/integrations/oauth-scopes/ and the scope lists of /docs/api/team-chat/.
 */
export interface ScopeNeed {
  /** Label on Zoom's consent page. */
  readonly label: string;
  readonly classic: string;
  /** Granular scopes that let the same calls through. */
  readonly granular: readonly string[];
  /** Why the app needs it, in words for an administrator. */
  readonly why: string;
  /** False when the app works without it, with the loss that `why` names. */
  readonly required: boolean;
}

/** All of the app's scopes, in the order in which Zoom's consent page is explained. */
export const SCOPE_NEEDS: readonly ScopeNeed[] = [
  {
    label: 'View all user information',
    classic: 'user:read:admin',
    granular: ['user:read:user:admin'],
    why: 'Know who installed the app, and find the name and e-mail address of an agent who presses Join Chat.',
    required: true,
  },
  {
    label: 'View and manage all users’ chat channels',
    classic: 'chat_channel:write:admin',
    granular: [
      'team_chat:read:list_user_channels:admin',
      'team_chat:read:user_channel:admin',
      'team_chat:write:user_channel:admin',
      'team_chat:read:list_members:admin',
      'team_chat:write:members:admin',
    ],
    why: 'Create the inbound channel and one private channel for each chat, and invite agents.',
    required: true,
  },
  {
    label: 'View and manage all users’ chat channels',
    classic: 'chat_channel:write:admin',
    granular: ['team_chat:delete:member:admin'],
    why: 'Take an agent out of a chat channel when an operator gives the chat to somebody else. Without it the agent stays a member.',
    required: false,
  },
  {
    label: 'Enable chatbot within Zoom Team Chat client',
    classic: 'imchat:bot',
    granular: ['imchat:bot'],
    why: 'Post new chats with a Join Chat button, and what visitors write, as the app’s bot.',
    required: true,
  },
  {
    label: 'View all users’ chat messages',
    classic: 'chat_message:read:admin',
    granular: ['team_chat:read:list_user_messages:admin', 'team_chat:read:user_message:admin'],
    why: 'Receive what agents write in chat channels and read it back after an outage. Messages elsewhere are dropped unread.',
    required: true,
  },
  {
    label: 'View and manage all users’ chat messages',
    classic: 'chat_message:write:admin',
    granular: ['team_chat:write:user_message:admin'],
    why: 'Fall back to posting as the channel’s owner where Zoom refuses the bot in a private channel. Without it such chats stop there.',
    required: false,
  },
];

/** Classic scope names, the default of the authorize link. */
export const CLASSIC_SCOPES: readonly string[] = [...new Set(SCOPE_NEEDS.map((need) => need.classic))];

/** Granular scope names for the same calls. */
export const GRANULAR_SCOPES: readonly string[] = SCOPE_NEEDS.flatMap((need) => need.granular);
