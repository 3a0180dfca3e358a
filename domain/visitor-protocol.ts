import { z } from 'zod';
import { limits } from './limits.ts';
import { attachmentSchema } from './message.ts';
import { cleanLine, cleanText, cutText } from './text.ts';
import { transcriptEntrySchema, type ChatStatus } from './transcript.ts';
import { languageTag, timeZoneName, visitorAttributes } from './visitor.ts';
import type { WidgetSettings } from './widget.ts';

/**
 * The frames between a visitor's widget and the api over the WebSocket at `/visitor`: JSON text, one object a frame.
 * Written for readers in docs/visitor-protocol.md. The widget imports the types only.
 */

/** Version of this protocol; a `hello` with another one is refused with the error `unsupported_version`. */
export const visitorProtocolVersion = 1;

const clientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/)
  .describe('Made by the widget, unique within the chat; repeating a frame with the same id changes nothing.');
const httpUrl = z
  .url({ protocol: /^https?$/ })
  .max(limits.pageUrlLength)
  .transform((address) => new URL(address).href);

/** A line that is cut where it is too long. Of what nothing can be seen there is nothing. */
const line = (max: number) => z.string().transform((text) => cutText(cleanLine(text), max).trimEnd() || undefined);
/** The one rule for e-mail addresses: clients send what they are given, and the server decides. */
const emailAddress = z.email().max(limits.visitorEmailLength);

const pageSchema = z.strictObject({ url: httpUrl, title: line(limits.pageTitleLength).optional() });

/** First frame on every connection. Nothing else is accepted before it. */
export const helloFrameSchema = z.strictObject({
  type: z.literal('hello'),
  v: z.literal(visitorProtocolVersion),
  /** Public widget id from the script tag's `data-widget`. */
  widget: z.string().min(1).max(64),
  /** The token of an earlier `welcome`, to go on with that chat. */
  token: z.string().max(2_000).optional(),
  /** Highest `seq` this widget has shown without a gap; 0 or absent for none. */
  lastSeq: z.int().nonnegative().optional(),
  /** Who the visitor is, as far as page and browser say. What is odd is left out: it keeps nobody from writing. */
  visitor: z
    .strictObject({
      /** Of an earlier `welcome`: the browser has been here before. */
      token: z.string().max(2_000).optional(),
      name: line(limits.visitorNameLength).optional(),
      email: emailAddress.optional().catch(undefined),
      language: z.string().max(limits.languageLength).transform(languageTag).optional().catch(undefined),
      timeZone: z.string().max(limits.timeZoneLength).transform(timeZoneName).optional().catch(undefined),
      /** The page that led to this one. */
      referrer: httpUrl.optional().catch(undefined),
      attributes: z.unknown().transform(visitorAttributes).optional(),
    })
    .optional(),
  page: pageSchema.optional(),
});

export const messageFrameSchema = z.strictObject({
  type: z.literal('message'),
  id: clientId,
  text: z.string().transform(cleanText).pipe(z.string().min(1).max(limits.visitorMessageLength)),
  /** Of the challenge of the `welcome`, with a chat's first message. */
  solution: z.string().max(64).optional(),
});

/** The visitor leaves an address to be answered at: for this chat alone. */
export const emailFrameSchema = z.strictObject({
  type: z.literal('email'),
  id: clientId,
  email: emailAddress,
});

/** The visitor has gone to another page of the website. It has no answer. */
export const pageFrameSchema = pageSchema.extend({ type: z.literal('page') });

/** The visitor ends the chat. */
export const endFrameSchema = z.strictObject({ type: z.literal('end'), id: clientId });
/** Heartbeat: answered by `pong` at once, so that a connection dead in one direction is noticed. */
export const pingFrameSchema = z.strictObject({ type: z.literal('ping') });

export const visitorFrameSchema = z.discriminatedUnion('type', [
  helloFrameSchema,
  messageFrameSchema,
  emailFrameSchema,
  endFrameSchema,
  pageFrameSchema,
  pingFrameSchema,
]);
export type VisitorFrame = z.infer<typeof visitorFrameSchema>;
export type HelloFrame = z.infer<typeof helloFrameSchema>;
export type MessageFrame = z.infer<typeof messageFrameSchema>;
export type EmailFrame = z.infer<typeof emailFrameSchema>;
export type EndFrame = z.infer<typeof endFrameSchema>;
export type PageFrame = z.infer<typeof pageFrameSchema>;

/** How a stretch of a message is shown. `link` has an `href`, `numberedList` may have a `start`. */
export const contentKinds = [
  'link',
  'bold',
  'italic',
  'strikethrough',
  'code',
  'codeBlock',
  'quote',
  'bulletedList',
  'numberedList',
  'listItem',
] as const;
export type ContentKind = (typeof contentKinds)[number];

/** A stretch of a message: plain text, or something that is shown in a way of its own. */
export type ContentNode = string | FormattedNode;
export interface FormattedNode {
  kind: ContentKind;
  content: ContentNode[];
  /** Of a `link`: an `http:`, `https:` or `mailto:` address. */
  href?: string | undefined;
  /** Of a `numberedList`: its first number, where that is not 1. */
  start?: number | undefined;
}
const contentNodeSchema: z.ZodType<ContentNode> = z.lazy(() =>
  z.union([
    z.string(),
    z.object({
      kind: z.enum(contentKinds),
      content: z.array(contentNodeSchema),
      href: z.string().optional(),
      start: z.int().optional(),
    }),
  ]),
);

const [
  visitorMessage,
  agentMessage,
  agentMessageEdited,
  agentMessageDeleted,
  agentJoined,
  agentLeft,
  missed,
  chatEnded,
  chatReopened,
  emailGiven,
] = transcriptEntrySchema.options;

/** An agent as visitors see them: the name alone. */
const name = z.string().min(1);
/** A file as visitors see it: the name alone. */
const attachments = z.array(attachmentSchema.omit({ id: true })).optional();
/** How the text is shown; absent where it is shown as it is. */
const content = z.array(contentNodeSchema).optional();

/** A transcript entry as a visitor may see it. Parsing takes off what is not for visitors. */
export const visitorEntrySchema = z.discriminatedUnion('kind', [
  visitorMessage.extend({ attachments, content }),
  agentMessage.omit({ agent: true }).extend({ name, attachments, content }),
  agentMessageEdited.extend({ content }),
  agentMessageDeleted,
  agentJoined.omit({ agent: true }).extend({ name }),
  agentLeft.omit({ agent: true }).extend({ name }),
  missed,
  chatEnded,
  chatReopened.omit({ agent: true }).extend({ name: name.optional() }),
  emailGiven,
]);
export type VisitorEntry = z.infer<typeof visitorEntrySchema>;

/** Error codes of the protocol; `retryable` in the frame says whether sending the same again can help. */
export const visitorErrorCodes = [
  'bad_frame',
  'too_long',
  'unsupported_version',
  'unknown_widget',
  'not_available',
  'bad_token',
  'hello_expected',
  'rate_limited',
  'challenge_unsolved',
  'too_much_waiting',
  'chat_ended',
  'unavailable',
] as const;
export type VisitorErrorCode = (typeof visitorErrorCodes)[number];

/** What a visitor is told of where the chat stands, beside its entries. */
export interface VisitorStanding {
  /** What is written does not get through to the team now: Zoom keeps the chat waiting. */
  isInTrouble: boolean;
}

export type ServerFrame =
  /**
   * Answer to `hello`. `token` continues this chat on a later connection. `chat` is null until the first message.
   * Missed entries follow in `entries` frames before any new one; `deliveredSeq` as in `delivered`. By `visitorToken`
   * the browser is recognised when its next chat begins; it opens none.
   */
  | {
      type: 'welcome';
      token: string;
      visitorToken: string;
      chat: ({ id: string; status: ChatStatus } & VisitorStanding) | null;
      lastSeq: number;
      deliveredSeq: number;
      /** The widget's public settings. */
      settings: WidgetSettings;
      /** What has to be solved before the first message; absent when nothing has. */
      challenge?: { bits: number };
    }
  /** The message `id` is durable: whatever is killed now, it will reach the team (✓). */
  | { type: 'accepted'; id: string }
  /** Transcript entries in `seq` order, without gaps after what this connection has been sent. */
  | { type: 'entries'; entries: VisitorEntry[] }
  /** Zoom has taken every visitor message up to and including this `seq` (✓✓). Never falls. */
  | { type: 'delivered'; deliveredSeq: number }
  /** Something about where the chat stands has changed. */
  | ({ type: 'standing' } & VisitorStanding)
  | { type: 'pong' }
  /** `ref` is the `id` of the refused frame, where it had one. `message` is a sentence for developers. */
  | { type: 'error'; code: VisitorErrorCode; message: string; retryable: boolean; ref?: string; retryAfterMs?: number };

/** WebSocket close codes the api uses beyond the standard ones. */
export const visitorCloseCodes = {
  /** Too many bad frames, or a frame before `hello`. */
  protocolError: 4400,
  unknownWidget: 4404,
  helloTimeout: 4408,
  rateLimited: 4429,
  /** The api is going away; reconnect at once. */
  goingAway: 1001,
} as const;
