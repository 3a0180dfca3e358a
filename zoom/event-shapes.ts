import { z } from 'zod';
import { fileShape } from './messages.ts';
import { optionalMillis, optionalText, requiredText } from './shapes.ts';

/**
 * The webhook bodies that the app reads, as Zoom sends them. Tolerant: unknown fields are ignored, and only what an
 * event is useless without is required, since Zoom's pages mark few fields as such and leave texts empty for people
 * of other accounts. Sources: developers.zoom.us/docs/api/team-chat/events/, /docs/api/chatbot/events/,
 * /docs/api/marketplace/events and /docs/api/webhooks/.
 */

/** What every event has. */
export const envelopeShape = z.object({ event: requiredText });

/** `endpoint.url_validation`: Zoom checks our address, on saving it and every 72 hours. */
export const urlValidationShape = z.object({ payload: z.object({ plainToken: z.string() }) });

/** `interactive_message_actions`: a button of a card was pressed. Names who pressed by id and JID, never by e-mail. */
export const interactiveActionsShape = z.object({
  event_ts: optionalMillis,
  payload: z.object({
    accountId: requiredText,
    actionItem: z.object({ value: requiredText }),
    userId: requiredText,
    userName: optionalText,
    timestamp: optionalMillis,
  }),
});

/** Who did it; all but the member id are empty for people of other accounts. */
const actorShape = {
  account_id: optionalText,
  operator: optionalText,
  operator_id: optionalText,
  operator_member_id: optionalText,
  by_external_user: z.boolean().nullish().catch(undefined),
};

/** What both families of message events share. `event_ts` is in milliseconds. */
const messageShape = {
  message: optionalText,
  files: z.array(fileShape).nullish(),
  date_time: optionalText,
  timestamp: optionalMillis,
};

/** `chat_message.sent|replied|updated|deleted`: the older family, without files. */
export const chatMessageShape = z.object({
  event_ts: optionalMillis,
  payload: z.object({
    ...actorShape,
    object: z.object({
      ...messageShape,
      id: requiredText,
      type: optionalText,
      channel_id: optionalText,
      /** Of a `chat_message.replied`. */
      parent_msg_id: optionalText,
    }),
  }),
});

/** `team_chat.channel_message_posted|updated|deleted`: the newer family. */
export const teamChatMessageShape = z.object({
  event_ts: optionalMillis,
  payload: z.object({
    ...actorShape,
    object: z.object({
      ...messageShape,
      message_id: requiredText,
      channel_id: requiredText,
      reply_main_message_id: optionalText,
    }),
  }),
});

/**
 * `chat_channel.*` and `team_chat.channel_*`: something about a channel; one family says `id`, the other
 * `channel_id`.
 */
export const channelShape = z.object({
  event_ts: optionalMillis,
  payload: z.object({
    ...actorShape,
    object: z
      .object({
        id: optionalText,
        channel_id: optionalText,
        timestamp: optionalMillis,
        members: z.array(z.object({ id: optionalText })).nullish(),
        app_members: z.array(z.object({ id: optionalText })).nullish(),
      })
      .transform((object, context) => {
        const channelId = object.channel_id ?? object.id;
        if (channelId === undefined) {
          context.addIssue({ code: 'custom', path: ['id'], message: 'the channel has no id' });
          return z.NEVER;
        }
        return { ...object, channelId };
      }),
  }),
});

/** `app_deauthorized`: a user or an administrator removed the app. */
export const deauthorizedShape = z.object({
  payload: z.object({
    account_id: requiredText,
    user_id: requiredText,
    client_id: optionalText,
    deauthorization_time: optionalText,
  }),
});
