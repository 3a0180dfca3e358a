import { z } from 'zod';

/**
 * What the benchmark orders from the process that holds the visitors. Visitors are numbered from 0; those that are
 * meant are the first.
 */
export const orderSchema = z.discriminatedUnion('order', [
  /** Gather until there are `count`. */
  z.object({ order: z.literal('open'), count: z.number() }),
  /** The first `count` begin a chat: done when all show ✓✓. */
  z.object({ order: z.literal('chat'), words: z.array(z.string()) }),
  /** Done when somebody of the team has joined the first `count`. */
  z.object({ order: z.literal('joined'), count: z.number() }),
  /** Cut the first `count` off: done when they are back, or it has taken too long. */
  z.object({ order: z.literal('cut'), count: z.number() }),
  /** Their connections are about to be cut by others: done as with `cut`. */
  z.object({ order: z.literal('comeBack') }),
  /** Each of the first says one of these. */
  z.object({ order: z.literal('say'), texts: z.array(z.string()) }),
  /** All but the first `count` go. */
  z.object({ order: z.literal('thin'), count: z.number() }),
]);
export type Order = z.infer<typeof orderSchema>;
/** As it is sent. */
export const numberedOrderSchema = z.object({ id: z.number() }).and(orderSchema);

/** What that process answers when it is done. */
export const answerSchema = z.object({
  /** The order's. */
  id: z.number(),
  seconds: z.number(),
  /** Connections begun beyond one for each visitor meant. */
  furtherTries: z.number(),
  /** Visitors meant who have not been welcomed yet. */
  missing: z.number(),
  /** The chats of those who were to begin one. */
  chats: z.array(z.object({ name: z.string(), chatId: z.string() })).optional(),
});
export type Answer = z.infer<typeof answerSchema>;

/** What it reports by itself: a visitor has been shown a message of the team. */
export const heardSchema = z.object({ heard: z.string() });
