import type { Switches } from './switches.ts';

/** A scope that the app asks for, and how the consent page puts it. */
interface ScopeGroup {
  words: string;
  classic: string;
  granular: string[];
}

/** The four scopes that a live chat asks for, and the one for posting in a person's name. */
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
      'team_chat:update:user_channel:admin',
      'team_chat:delete:user_channel:admin',
      'team_chat:write:members:admin',
      'team_chat:read:list_members:admin',
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
    words: 'Send, edit and delete team chat messages in a user’s name',
    classic: 'chat_message:write:admin',
    granular: [
      'team_chat:write:user_message:admin',
      'team_chat:update:user_message:admin',
      'team_chat:delete:user_message:admin',
    ],
  },
];

const managed = (scope: string, switches: Switches): string =>
  switches.managedType === 'admin' ? scope : scope.replace(/:admin$/, '');

/** The scopes that the app is configured with. */
export function appScopes(switches: Switches): string[] {
  if (switches.appScopes !== null) return switches.appScopes;
  return groups
    .flatMap((group) => (switches.scopeForm === 'classic' ? [group.classic] : group.granular))
    .map((scope) => managed(scope, switches));
}

/** What a set of scopes means in words, for the consent page. */
export function inWords(scopes: string[]): string[] {
  const left = new Set(scopes.map((scope) => scope.replace(/:admin$/, '')));
  const words: string[] = [];
  for (const group of groups) {
    const names = [group.classic, ...group.granular].map((scope) => scope.replace(/:admin$/, ''));
    if (!names.some((name) => left.has(name))) continue;
    words.push(group.words);
    for (const name of names) left.delete(name);
  }
  return [...words, ...left];
}

/** The scopes of which an endpoint needs one, without `:admin`. */
export interface ScopeNeed {
  classic: string[];
  granular: string[];
}

/**
 * Whether granted scopes cover an endpoint.
 * @param onBehalf whether the call names a user other than by `me`, which only account-level (`:admin`) scopes allow
 */
export function covers(granted: string[], need: ScopeNeed, onBehalf: boolean): boolean {
  const names = [...need.classic, ...need.granular].flatMap((name) =>
    onBehalf && name !== 'imchat:bot' ? [`${name}:admin`] : [name, `${name}:admin`],
  );
  return names.some((name) => granted.includes(name));
}

/** The names to print in the error of a call that lacks them. */
export function missingNames(need: ScopeNeed, switches: Switches): string {
  return [...need.granular, ...need.classic].map((name) => managed(`${name}:admin`, switches)).join(', ');
}
