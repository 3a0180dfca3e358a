/** The public surface of the Zoom client: everything else in this folder is its inside. */
export { createZoomClient, type ZoomClient, type ZoomUserApi } from './client.ts';
export {
  DEFAULT_MAX_ANSWER_BYTES,
  DEFAULT_TIMEOUT_MS,
  regionalApiUrl,
  type ZoomAppOptions,
  type ZoomCall,
} from './config.ts';
export { isZoomError, ZOOM_ERROR_KINDS, ZoomError, type ZoomErrorFields, type ZoomErrorKind } from './errors.ts';
export { classifyZoomError, type FailedAnswer } from './classify.ts';
export { parseRetryAfter } from './retry-after.ts';
export { createPkce, type BotToken, type Pkce, type TokenSet, type ZoomOAuth } from './oauth.ts';
export { BotTokenSource } from './bot-token.ts';
export { CLASSIC_SCOPES, GRANULAR_SCOPES, missingRequiredScopes, SCOPE_NEEDS, type ScopeNeed } from './scopes.ts';
export type { UsersApi, ZoomUser } from './users.ts';
export {
  MAX_CHANNEL_NAME,
  MAX_MEMBERS_AT_CREATION,
  type ArchiveFailure,
  type ChannelAddress,
  type ChannelsApi,
  type ChannelSettings,
  type ChannelType,
  type ZoomChannel,
} from './channels.ts';
export type { MembersApi, ZoomMember } from './members.ts';
export {
  MAX_MESSAGE_LENGTH,
  type MessagePlace,
  type MessagesApi,
  type ZoomFile,
  type ZoomMessage,
} from './messages.ts';
export type { BotApi, PostedMessage } from './chatbot.ts';
export * from './cards.ts';
export { escapeMarkdown, splitMessage, truncate } from './text.ts';
export {
  DEFAULT_TOLERANCE_MS,
  FUTURE_TOLERANCE_MS,
  RETRY_TOLERANCE_MS,
  urlValidationAnswer,
  verifyWebhook,
  type UrlValidationAnswer,
  type WebhookHeaders,
  type WebhookRefusal,
  type WebhookVerdict,
} from './webhooks.ts';
export { normalizeEvent } from './events.ts';
export type {
  AppDeauthorizedEvent,
  BotAddedEvent,
  BotCommandEvent,
  BotInstalledEvent,
  ButtonPressedEvent,
  ChannelClosedEvent,
  ChannelMessageDeletedEvent,
  ChannelMessageEditedEvent,
  ChannelMessageEvent,
  EventFailure,
  MemberGoneEvent,
  NormalizedEvent,
  Operator,
  ZoomEvent,
} from './event-types.ts';
export { botDmJid, channelIdFromJid, channelJid, channelUrl, isBot, userJid } from './jids.ts';
export type { CallGate, GatedCall, Leave } from './gate.ts';
export { labelOf, RATES, type Rate, type RateLabel, type ZoomPlan } from './rates.ts';
export { createRateLimiter, type RateLimiterOptions } from './limiter/limiter.ts';
export type { Turn } from './limiter/line.ts';
export type { Post, PostOfOther, ShareBoard } from './limiter/share.ts';
export type { DayBoard, DayPart } from './limiter/daily.ts';
