import { z } from 'zod';

const limit = z.union([z.coerce.number(), z.literal('unlimited').transform(() => Infinity)]);
const reportSchema = z.looseObject({
  userLimits: z.looseObject({ open_files: z.looseObject({ hard: limit }) }).optional(),
});

/** How many files a process may have open. Node raises its own limit to the hard one. */
export function openFilesLimit(): number {
  return reportSchema.parse(process.report.getReport()).userLimits?.open_files.hard ?? Infinity;
}
