import { z } from 'zod';

/**
 * One table of what Zoom's documentation leaves open or contradicts itself on, and of the few knobs a test run wants;
 * what the documentation settles has no switch. Defaults take the stricter reading, since an app that survives it
 * survives the milder truth; the exceptions are marked "milder" and are turned by the preset `strict`.
 */
export const switchesSchema = z.strictObject({
  // --- App and consent -------------------------------------------------------------------------------------
  /** Admin-managed apps hold `:admin` scopes and may name any user of the account; user-managed ones only `me`. */
  managedType: z.enum(['admin', 'user']).default('admin'),
  /** Names of the scopes that a consent grants: new apps have granular names, older apps classic ones. */
  scopeForm: z.enum(['granular', 'classic']).default('granular'),
  /** The scopes of the app's settings, such as when a box was left unticked; null takes all in the form above. */
  appScopes: z.array(z.string().min(1)).nullable().default(null),
  /**
   * What stands between several scopes of the authorize link. Lists with spaces, OAuth's own form, are reported to end
   * on "Invalid scope", and lists with commas to work; one project sends spaces.
   */
  scopeSeparator: z.enum(['comma', 'space']).default('comma'),
  /** Whether members must wait for an administrator's approval before they can add a user-managed app. */
  preApproval: z.boolean().default(false),
  /** The app is switched off: tokens answer 4738 (by an admin) or 4717 (by Zoom). */
  appDisabled: z.enum(['no', 'by_admin', 'by_zoom']).default('no'),
  /** HTTP status of a call that lacks a scope. */
  scopeErrorStatus: z.union([z.literal(400), z.literal(401)]).default(400),
  /** `api_url` of token answers: the sandbox itself, or its regional base (`/region/us`). */
  apiUrl: z.enum(['global', 'regional']).default('global'),

  // --- Limits ----------------------------------------------------------------------------------------------
  /** Whether per-account rate limits are kept. */
  rateLimits: z.boolean().default(true),
  /** Plan of every account, from which the limits follow. Milder (`business`): a trial account has less. */
  ratePlan: z.enum(['free', 'pro', 'business']).default('business'),
  /** Multiplies the allowed calls. */
  rateScale: z.number().positive().default(1),
  /** Calls each second that another app of the account eats away, for each label. */
  foreignCallsPerSecond: z.number().int().min(0).default(0),
  /** Whether 429 and other answers carry X-RateLimit-* headers. */
  rateLimitHeaders: z.boolean().default(false),
  /** Form of Retry-After on a 429 whose end is known. */
  retryAfter: z.enum(['none', 'iso', 'http-date', 'seconds']).default('none'),
  /** Whether the four windows of messages into one channel are kept. */
  channelBurst: z.boolean().default(true),
  /** Multiplies the allowed messages of the four windows. */
  channelBurstScale: z.number().positive().default(1),
  /** Whether chatbot posts count in the windows. */
  burstCountsBotPosts: z.boolean().default(true),
  /** What a call that a window blocks answers. */
  burstAnswer: z.enum(['429', '5301']).default('429'),

  // --- Channels and messages -------------------------------------------------------------------------------
  /** What inviting someone who is a member already answers. */
  inviteExistingMember: z.enum(['5301', 'success']).default('5301'),
  /** Whether a user's role holds Chat Messages - Edit, which calls in their name need. */
  roleChatMessagesEdit: z.boolean().default(true),
  /** Whether a user's role holds Chat Channels - Edit. */
  roleChatChannelsEdit: z.boolean().default(true),
  /** Order of the message list, which is not specified. */
  messageListOrder: z.enum(['newest_first', 'oldest_first', 'shuffled']).default('newest_first'),

  // --- Chatbot ---------------------------------------------------------------------------------------------
  /**
   * Milder (`allowed`): whether the bot may post into a private channel that it was never added to. Zoom's guide says
   * that the bot of an admin-managed app may post to all users and channels.
   */
  botInPrivateChannels: z.enum(['refused', 'allowed']).default('allowed'),
  /**
   * Milder (false): whether chatbot posts without user_jid are refused (400/7001) for an admin-managed app too. The
   * guide asks only user-managed apps for it, the API reference everybody.
   */
  userJidRequired: z.boolean().default(false),
  /** Code of chatbot posts for an account that removed the app. */
  botUninstalledCode: z.union([z.literal(7003), z.literal(7004)]).default(7003),
  /** What happens to a card's text beyond 4096 characters. */
  cardText: z.enum(['truncate', 'reject']).default('truncate'),
  /** Whether `messageId` of a press is the message_id of the POST, or an id of another form. */
  pressMessageId: z.enum(['same', 'other']).default('same'),

  // --- Webhooks --------------------------------------------------------------------------------------------
  /** Families of message events that the app subscribed to in its settings. */
  eventFamily: z.enum(['team_chat', 'chat_message', 'both']).default('team_chat'),
  /** Whether bot posts raise message events: in the subscribed families, none, or one family. */
  botEcho: z.enum(['subscribed', 'none', 'chat_message', 'team_chat']).default('subscribed'),
  /** Whether outsiders' messages raise chat_message events. */
  outsiderChatMessages: z.boolean().default(false),
  /** Multiplies the waits of 5, 20 and 60 minutes before a retry; 0.001 makes 5 minutes 0.3 seconds. */
  retryScale: z.number().min(0).default(1),
  /** Milder (true): whether events of the bot endpoint are retried too. */
  botEventRetries: z.boolean().default(true),
  /** Timestamp header of a retry. */
  retryTimestamp: z.enum(['original', 'fresh']).default('original'),
});

/** All switches with their values. */
export type Switches = z.infer<typeof switchesSchema>;

const strict: Partial<Switches> = {
  ratePlan: 'free',
  botInPrivateChannels: 'refused',
  userJidRequired: true,
  botEventRetries: false,
};

/** Named sets of switches: `default` for trying things out, `strict` for the least that Zoom promises. */
export const presets = { default: {}, strict } as const satisfies Record<string, Partial<Switches>>;

/** A change of switches: any subset, on top of the named preset when one is given. */
export const switchesInput = z.strictObject({
  preset: z.enum(['default', 'strict']).optional(),
  ...Object.fromEntries(
    Object.entries(switchesSchema.shape).map(([name, schema]) => [name, schema.unwrap().optional()]),
  ),
}) as unknown as z.ZodType<SwitchesInput>;

/** See {@link switchesInput}. */
export type SwitchesInput = Partial<Switches> & { preset?: 'default' | 'strict' | undefined };

/** Applies a change; a preset first puts every switch back to that preset's value. */
export function applySwitches(current: Switches, change: SwitchesInput): Switches {
  const { preset, ...own } = change;
  const base = preset === undefined ? current : switchesSchema.parse(presets[preset]);
  const given = Object.fromEntries(
    Object.entries(own as Record<string, unknown>).filter(([, value]) => value !== undefined),
  );
  return switchesSchema.parse({ ...base, ...given });
}
