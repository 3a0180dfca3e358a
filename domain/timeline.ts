import { z } from 'zod';

/**
 * A chat's timeline: its ordered entries, each with a per-chat `seq` from 1 without gaps.
 * The chat workflow alone gives out `seq`; MongoDB stores an entry under the key `<chatId>/<seq>`.
 */

/** Who answered. `id` is the Zoom user id: for operators and agents, never shown to visitors. */
export const agentSchema = z.object({ id: z.string(), name: z.string() });
export type Agent = z.infer<typeof agentSchema>;

const base = {
  /** Position in the chat, from 1, no gaps. */
  seq: z.int().positive(),
  /** When it happened, ms since the epoch: the visitor's message by our clock, the agent's by Zoom's. */
  at: z.number(),
};

export const timelineEntrySchema = z.discriminatedUnion('kind', [
  z.object({ ...base, kind: z.literal('visitorMessage'), clientId: z.string(), text: z.string() }),
  z.object({ ...base, kind: z.literal('agentMessage'), messageId: z.string(), agent: agentSchema, text: z.string() }),
  /** The agent changed an earlier message: `messageId` names it, `text` is the whole new text. */
  z.object({ ...base, kind: z.literal('agentMessageEdited'), messageId: z.string(), text: z.string() }),
  z.object({ ...base, kind: z.literal('agentMessageDeleted'), messageId: z.string() }),
  z.object({ ...base, kind: z.literal('agentJoined'), agent: agentSchema }),
  z.object({ ...base, kind: z.literal('agentLeft'), agent: agentSchema }),
  /** Nobody has joined within the time the account set; the chat stays open and joinable. */
  z.object({ ...base, kind: z.literal('missed') }),
  z.object({ ...base, kind: z.literal('ended'), by: z.enum(['visitor', 'agent', 'idle', 'operator', 'system']) }),
]);
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

/** An entry before the chat has given it its place. */
export type NewTimelineEntry = TimelineEntry extends infer E
  ? E extends TimelineEntry
    ? Omit<E, 'seq'>
    : never
  : never;

/** `waiting` for a first agent, `active` once one has joined, `ended` for good. */
export const chatStatuses = ['waiting', 'missed', 'joining', 'active', 'ended'] as const;
export type ChatStatus = (typeof chatStatuses)[number];
