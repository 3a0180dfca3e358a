import { z } from 'zod';

/**
 * What one person says to another: one schema, from which the transcript's, the visitor's and the dashboard's forms are
 * derived by adding to it.
 */

/** A file beside the words. */
export const attachmentSchema = z.object({
  /** Zoom's id of the file; absent where Zoom told only its name. */
  id: z.string().min(1).max(200).optional(),
  name: z.string().min(1).max(300),
});
export type Attachment = z.infer<typeof attachmentSchema>;

export const messageSchema = z.object({
  /** Plain text; may be empty when there are attachments. */
  text: z.string(),
  attachments: z.array(attachmentSchema).max(20).optional(),
});
export type Message = z.infer<typeof messageSchema>;
