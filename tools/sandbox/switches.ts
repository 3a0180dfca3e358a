import { z } from 'zod';

/**
 * One table of everything about Zoom that its documentation leaves open or contradicts itself on, and of the few
 * knobs a test run wants. Defaults take the stricter reading, since an app that survives it survives the milder
 * truth; the exceptions are marked "milder" and are turned by the preset `strict`.
 */
export const switchesSchema = z.strictObject({
  // --- App and consent -------------------------------------------------------------------------------------
  /** Admin-managed apps hold `:admin` scopes and may name any user of the account; user-managed ones only `me`. */
  managedType: z.enum(['admin', 'user']).default('admin'),
  /** Names of the scopes that a consent grants: older apps hold classic names, new ones granular names. */
  scopeForm: z.enum(['classic', 'granular']).default('classic'),
  /** Replaces the app's scopes altogether; null takes the standard set in the form above. */
  appScopes: z.array(z.string().min(1)).nullable().default(null),
  /** Whether people other than admins must wait for an admin's approval before they can add the app. */
  preApproval: z.boolean().default(false),
  /** The `error` of the redirect after Cancel; Zoom's samples read it without naming a value. */
  denyError: z.string().min(1).default('access_denied'),
  /** Which edits of the app's scopes make the refresh tokens granted before them unusable. */
  scopeEditEndsRefresh: z.enum(['any', 'removals', 'never']).default('any'),
  /** Milder (`account`): whether the bot may write to a person who did not add the app himself. */
  botDmRequires: z.enum(['account', 'user']).default('account'),
  /** Who sends the welcome: `app` makes Zoom post bot_installed, `zoom` does not. */
  welcomeSender: z.enum(['app', 'zoom']).default('app'),
  /** The app is switched off: tokens answer 4738 (by an admin) or 4717 (by Zoom). */
  appDisabled: z.enum(['no', 'by_admin', 'by_zoom']).default('no'),
  /** Word that starts the app's slash command in any conversation. */
  slashCommand: z
    .string()
    .regex(/^\/\w+$/)
    .default('/livechat'),

  // --- Tokens ----------------------------------------------------------------------------------------------
  /** Life of an access token in seconds. */
  accessTokenSeconds: z.number().int().positive().default(3600),
  /** The `expires_in` that is printed; real answers often say one second less than the documentation. */
  expiresInShown: z.number().int().positive().nullable().default(null),
  /** Life of a refresh token in days; an older page says 15 years. */
  refreshTokenDays: z.number().positive().default(90),
  /** Code for tokens that were replaced, revoked or uninstalled: their own code (4741, 4737) or always 124. */
  deadTokenCode: z.enum(['specific', '124']).default('specific'),
  /** HTTP status of a call that lacks a scope. */
  scopeErrorStatus: z.union([z.literal(400), z.literal(401)]).default(400),
  /** Error code of a call that lacks a scope. */
  scopeErrorCode: z.union([z.literal(4711), z.literal(4700)]).default(4711),
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

  // --- Channels and members --------------------------------------------------------------------------------
  /** Where a channel's name must be unique. */
  channelNameScope: z.enum(['account', 'owner']).default('account'),
  /** Milder (0): minutes for which the name of a deleted channel stays taken. */
  deletedNameHoldMinutes: z.number().min(0).default(0),
  /** What inviting someone who is a member already answers. */
  inviteExistingMember: z.enum(['5301', 'success']).default('5301'),
  /** What PATCH and DELETE answer for a channel that is not there. */
  missingChannelAnswer: z.enum(['4130', '5301']).default('4130'),
  /** Whether a user's role holds Chat Messages - Edit, which calls in their name need. */
  roleChatMessagesEdit: z.boolean().default(true),
  /** Whether a user's role holds Chat Channels - Edit. */
  roleChatChannelsEdit: z.boolean().default(true),
  /** `zoom` prints channel links at https://zoom.us, which cannot be opened here. */
  channelUrlHost: z.enum(['sandbox', 'zoom']).default('sandbox'),
  /** Order of the message list, which is not specified. */
  messageListOrder: z.enum(['newest_first', 'oldest_first', 'shuffled']).default('newest_first'),

  // --- Chatbot ---------------------------------------------------------------------------------------------
  /** Milder (`allowed`): whether the bot may post into a private channel that it was never added to. */
  botInPrivateChannels: z.enum(['refused', 'allowed']).default('allowed'),
  /** Whether chatbot posts without user_jid are refused (400/7001). */
  userJidRequired: z.boolean().default(true),
  /** Whether user_jid must be a member of the channel. */
  userJidMustBeMember: z.boolean().default(false),
  /** Code of chatbot posts for an account that removed the app. */
  botUninstalledCode: z.union([z.literal(7003), z.literal(7004)]).default(7003),
  /** Status of a successful chatbot POST. */
  chatbotPostStatus: z.union([z.literal(201), z.literal(200)]).default(201),
  /** Status of a successful chatbot PUT. */
  chatbotPutStatus: z.union([z.literal(200), z.literal(204)]).default(200),
  /** What happens to a card's text beyond 4096 characters. */
  cardText: z.enum(['truncate', 'reject', 'keep']).default('truncate'),
  /** Milder (false): keeps 40 characters a button, 5 buttons a row and 100 options, from a secondary source. */
  cardCounts: z.boolean().default(false),
  /** Whether `messageId` of a press is the message_id of the POST, or an id of another form. */
  pressMessageId: z.enum(['same', 'other']).default('same'),
  /** Whether presses carry callback_url and callback_token. */
  pressCallback: z.boolean().default(true),
  /** Life of a press's callback in minutes; the sample token spans 500. */
  callbackMinutes: z.number().positive().default(30),

  // --- Webhooks --------------------------------------------------------------------------------------------
  /** Families of message events that the app subscribed to. */
  eventFamily: z.enum(['chat_message', 'team_chat', 'both']).default('chat_message'),
  /** Milder (false): whether a family is only delivered when a granted scope covers it. */
  eventScopes: z.boolean().default(false),
  /** Whether bot posts raise message events: in the subscribed families, none, or one family. */
  botEcho: z.enum(['subscribed', 'none', 'chat_message', 'team_chat']).default('subscribed'),
  /** Whether outsiders' messages raise chat_message events. */
  outsiderChatMessages: z.boolean().default(false),
  /** Whether a top-level chat_message.sent names itself as parent_msg_id, as captured once. */
  sentNamesItselfAsParent: z.boolean().default(true),
  /** Whether a reply in a one-to-one thread raises chat_message.replied. */
  dmReplyEvents: z.boolean().default(false),
  /** Whether team_chat.app_invited and team_chat.app_conversation_opened (in samples only) are sent. */
  undocumentedAppEvents: z.boolean().default(false),
  /** Form of event_ts inside app_deauthorized. */
  deauthorizedEventTs: z.enum(['string', 'number']).default('string'),
  /** Multiplies the waits of 5, 20 and 60 minutes before a retry; 0.001 makes 5 minutes 0.3 seconds. */
  retryScale: z.number().min(0).default(1),
  /** Milder (true): whether events of the bot endpoint are retried too. */
  botEventRetries: z.boolean().default(true),
  /** Timestamp header of a retry. */
  retryTimestamp: z.enum(['original', 'fresh']).default('original'),
  /** Bytes that are signed when the body is not plain ASCII: the right ones, or a broken Latin-1 reading. */
  nonAsciiSignature: z.enum(['correct', 'broken']).default('correct'),
  /** Whether endpoint.url_validation is signed. */
  validationSigned: z.boolean().default(true),
  /** Milder (false): whether events wait until the endpoint has passed its validation. */
  deliverOnlyWhenValidated: z.boolean().default(false),
  /** Milliseconds by which an API answer is delayed so that the event of the same post arrives first. */
  eventBeforeAnswerMs: z.number().int().min(0).max(10_000).default(0),
});

/** All switches with their values. */
export type Switches = z.infer<typeof switchesSchema>;

const strict: Partial<Switches> = {
  botDmRequires: 'user',
  ratePlan: 'free',
  deletedNameHoldMinutes: 60,
  botInPrivateChannels: 'refused',
  cardCounts: true,
  eventScopes: true,
  botEventRetries: false,
  deliverOnlyWhenValidated: true,
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
