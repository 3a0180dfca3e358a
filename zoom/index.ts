/** The public surface of the Zoom client: everything else in this folder is its inside. */
export { createZoomClient, type ZoomClient, type ZoomUserApi } from './client.ts';
export type { ZoomAppOptions, ZoomCall } from './config.ts';
export {
  isTransient,
  isZoomError,
  ZOOM_ERROR_KINDS,
  ZoomError,
  type RefusalKind,
  type ZoomErrorFields,
  type ZoomErrorKind,
} from './errors.ts';
export { createPkce, type TokenSet, type ZoomOAuth } from './oauth.ts';
export { EVENT_NEEDS, missingScopes, SCOPE_NEEDS, scopesNamed } from './scopes.ts';
export { isActive, type ZoomUser } from './users.ts';
export type { ChannelType, ZoomChannel } from './channels.ts';
export type { ZoomMember } from './members.ts';
export type { ZoomFile, ZoomMessage } from './messages.ts';
export type { BotApi } from './chatbot.ts';
export {
  actions,
  button,
  card,
  cardMarks,
  fields,
  link,
  message,
  section,
  type Card,
  type CardElement,
} from './cards.ts';
export { urlValidationAnswer, verifyWebhook, type WebhookRefusal } from './webhooks.ts';
export { normalizeEvent } from './events.ts';
export type {
  AppDeauthorizedEvent,
  ButtonPressedEvent,
  ChannelMessageDeletedEvent,
  ChannelMessageEditedEvent,
  ChannelMessageEvent,
  ZoomEvent,
} from './event-types.ts';
export { channelJid, channelUrl, isAnyBot, isBot, userJid } from './jids.ts';
export { queueRatePerSecond } from './rates.ts';
