import { z } from 'zod';

/**
 * What the owner of a website may set for its widget and every visitor may see. A setting that was never set has its
 * default, so that one can be added without changing what is stored.
 */
export const widgetSettingsSchema = z.object({
  /** Who answers, as visitors see it. */
  teamName: z.string().trim().min(1).max(80).default('Our team'),
  /** Parameters of page addresses that may reach the team; all others stay with the visitor. */
  pageQuery: z.array(z.string().min(1).max(64)).max(20).default([]),
});
export type WidgetSettings = z.infer<typeof widgetSettingsSchema>;
