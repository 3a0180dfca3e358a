import { z } from 'zod';
import { fileShape } from './messages.ts';
import { optionalMillis, optionalText, requiredText } from './shapes.ts';

/**
 * The webhook bodies that the app reads, as Zoom sends them. Tolerant: unknown fields are ignored, and only what an event is
 * useless without is required, since Zoom's pages mark few fields as such and leave texts empty for people of other accounts.
 * Sources: developers.zoom.us/docs/api/team-chat/events/, /docs/api/chatbot/events/, /docs/api/marketplace/events and
 * /docs/api/webhooks/.
 */

/** What every event has. `event_ts` is in milliseconds. */
export const envelopeShape = z.object({ event: requiredText, event_ts: optionalMillis });

/** `endpoint.url_validation`: Zoom checks our address, on saving it and every 72 hours. */
export const urlValidationShape = z.object({ payload: z.object({ plainToken: z.string() }) });

/** `bot_installed`: sent when the app itself sends the welcome message. */
export const botInstalledShape = z.object({
  payload: z.object({
    accountId: requiredText,
    robotJid: optionalText,
    userId: optionalText,
    userJid: optionalText,
    userName: optionalText,
    timestamp: optionalMillis,
  }),
});

/** `bot_notification`: a slash command, or text typed to the bot in its one-to-one chat. */
export const botNotificationShape = z.object({
  payload: z.object({
    accountId: requiredText,
    cmd: z.string().catch(''),
    toJid: optionalText,
    channelName: optionalText,
    userId: optionalText,
    userJid: optionalText,
    userName: optionalText,
    triggerId: optionalText,
    timestamp: optionalMillis,
  }),
});

/** `interactive_message_actions`: a button of a card was pressed. Names the presser by id and JID, never by e-mail. */
export const interactiveActionsShape = z.object({
  event_ts: optionalMillis,
  callback_url: optionalText,
  callback_token: optionalText,
  payload: z.object({
    accountId: requiredText,
    actionItem: z.object({ value: requiredText, text: optionalText }),
    messageId: optionalText,
    channelName: optionalText,
    toJid: optionalText,
    userId: requiredText,
    userJid: optionalText,
    userName: optionalText,
    timestamp: optionalMillis,
  }),
});

/** Who did it and where; ids are empty for people of other accounts. */
const actorShape = {
  account_id: optionalText,
  operator: optionalText,
  operator_id: optionalText,
  operator_member_id: optionalText,
  by_external_user: z.boolean().nullish(),
};

/** `chat_message.sent|replied|updated|deleted`: the older family, without files. */
export const chatMessageShape = z.object({
  event_ts: optionalMillis,
  payload: z.object({
    ...actorShape,
    object: z.object({
      id: requiredText,
      parent_msg_id: optionalText,
      reply_main_message_id: optionalText,
      type: optionalText,
      channel_id: optionalText,
      channel_name: optionalText,
      message: optionalText,
      files: z.array(fileShape).nullish(),
      date_time: optionalText,
      timestamp: optionalMillis,
    }),
  }),
});

/** `team_chat.channel_message_posted|updated|deleted`: the newer family. */
export const teamChatMessageShape = z.object({
  event_ts: optionalMillis,
  payload: z.object({
    ...actorShape,
    object: z.object({
      message_id: requiredText,
      reply_main_message_id: optionalText,
      channel_id: requiredText,
      channel_name: optionalText,
      channel_owner_account_id: optionalText,
      message: optionalText,
      files: z.array(fileShape).nullish(),
      date_time: optionalText,
      timestamp: optionalMillis,
    }),
  }),
});

const namedShape = z.object({ id: optionalText, member_id: optionalText, display_name: optionalText });

/** `chat_channel.*` and `team_chat.channel_archived`: something about a channel; one family says `id`, the other `channel_id`. */
export const channelShape = z.object({
  event_ts: optionalMillis,
  payload: z.object({
    ...actorShape,
    object: z
      .object({
        id: optionalText,
        channel_id: optionalText,
        name: optionalText,
        channel_name: optionalText,
        timestamp: optionalMillis,
        members: z.array(namedShape).nullish(),
        app_members: z.array(namedShape).nullish(),
      })
      .transform((object, context) => {
        const channelId = object.channel_id ?? object.id;
        if (channelId === undefined) {
          context.addIssue({ code: 'custom', path: ['id'], message: 'the channel has no id' });
          return z.NEVER;
        }
        return { ...object, channelId, channelName: object.channel_name ?? object.name };
      }),
  }),
});

/** `app_deauthorized`: a user or an administrator removed the app. Its own `event_ts` is a text inside the payload. */
export const deauthorizedShape = z.object({
  payload: z.object({
    account_id: requiredText,
    user_id: requiredText,
    client_id: optionalText,
    deauthorization_time: optionalText,
    signature: optionalText,
  }),
});
