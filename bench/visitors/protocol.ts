import { z } from 'zod';

/** What the benchmark tells the process that holds the visitors. */
export const orderSchema = z.discriminatedUnion('order', [
  z.object({ order: z.literal('open'), count: z.number() }),
  z.object({ order: z.literal('cut') }),
]);
export type Order = z.infer<typeof orderSchema>;

/** What that process answers when it is done. */
export const answerSchema = z.object({
  seconds: z.number(),
  /** Tries that did not end in a welcome. */
  refused: z.number(),
  /** Visitors who have not been welcomed yet. */
  missing: z.number(),
});
export type Answer = z.infer<typeof answerSchema>;
