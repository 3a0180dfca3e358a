import { z } from 'zod';
import { messageSchema } from './message.ts';

/**
 * A chat's transcript: its ordered entries, each with a per-chat `seq` from 1 without gaps.
 * The chat workflow alone gives out `seq`; MongoDB keeps an entry under the key `<chatId>/<seq>`.
 */

/** Who answered. `id` is the Zoom user id: for operators and agents, never shown to visitors. */
export const agentSchema = z.object({ id: z.string(), name: z.string() });
export type Agent = z.infer<typeof agentSchema>;

/** Who or what ended a chat. */
export const endedBySchema = z.enum(['visitor', 'agent', 'idle', 'operator', 'system']);
export type EndedBy = z.infer<typeof endedBySchema>;

const base = {
  /** Position in the chat, from 1, no gaps. */
  seq: z.int().positive(),
  /** When it happened, ms since the epoch: the visitor's message by our clock, the agent's by Zoom's. */
  at: z.number(),
};

export const transcriptEntrySchema = z.discriminatedUnion('kind', [
  z.object({ ...base, kind: z.literal('visitorMessage'), clientId: z.string(), ...messageSchema.shape }),
  z.object({
    ...base,
    kind: z.literal('agentMessage'),
    messageId: z.string(),
    agent: agentSchema,
    ...messageSchema.shape,
  }),
  /** The agent changed an earlier message: `messageId` names it, `text` is the whole new text. */
  z.object({ ...base, kind: z.literal('agentMessageEdited'), messageId: z.string(), text: z.string() }),
  z.object({ ...base, kind: z.literal('agentMessageDeleted'), messageId: z.string() }),
  z.object({ ...base, kind: z.literal('agentJoined'), agent: agentSchema }),
  /** `isLast`: nobody of the team is in any more, and the chat asks for an agent again. */
  z.object({ ...base, kind: z.literal('agentLeft'), agent: agentSchema, isLast: z.literal(true).optional() }),
  /** Nobody has joined within the time the account set; the chat stays open and joinable. */
  z.object({ ...base, kind: z.literal('missed') }),
  /** `reopenUntil`: until then, ms, either side can go on with the chat; absent when nobody can. */
  z.object({ ...base, kind: z.literal('ended'), by: endedBySchema, reopenUntil: z.number().optional() }),
  /** A chat that had ended goes on: the visitor wrote again, or the agent pressed Reopen. */
  z.object({ ...base, kind: z.literal('reopened'), agent: agentSchema.optional() }),
  /** The visitor left an address to be answered at, for when they are away. */
  z.object({ ...base, kind: z.literal('emailGiven'), clientId: z.string(), email: z.string() }),
]);
export type TranscriptEntry = z.infer<typeof transcriptEntrySchema>;

/** An entry before the chat has given it its place. */
export type NewTranscriptEntry = TranscriptEntry extends infer E
  ? E extends TranscriptEntry
    ? Omit<E, 'seq'>
    : never
  : never;

/** `waiting` for a first agent, `active` once one has joined, `ended` for good. */
export const chatStatuses = ['waiting', 'missed', 'joining', 'active', 'ended'] as const;
export type ChatStatus = (typeof chatStatuses)[number];

/** Where a chat stands, as its record says it. */
export interface ChatStanding {
  status: ChatStatus;
  agents: Agent[];
  /** ms since 1970; given once the chat has ended. */
  endedAt?: number;
  /** ms since 1970: until then an ended chat can be gone on with. Absent when it cannot. */
  reopenUntil?: number;
  /** Once the chat has ended: Zoom has taken all visitor messages up to this `seq`. Until then pushes say it. */
  deliveredSeq?: number;
  /** The failure that keeps the chat waiting for Zoom, as a `FailureType`; null when nothing does. */
  waitsFor: string | null;
  /** So much of the visitor's waits for the team that the chat takes no more for now. */
  isFull: boolean;
}
