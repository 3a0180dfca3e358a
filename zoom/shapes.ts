import { z } from 'zod';

/** Text that Zoom may leave out, send as null, or send empty: all three mean "not known" and become undefined. */
export const optionalText = z
  .string()
  .nullish()
  .transform((text) => text || undefined);

/** Text that must be there and not empty. */
export const requiredText = z.string().min(1);

/** A time in milliseconds since 1970, as a number or as digits; anything else is "not known". */
export const optionalMillis = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .nullish()
  .transform((millis) => millis ?? undefined)
  .catch(undefined);

/** Milliseconds of a date text such as `2020-02-10T21:39:50Z`; undefined when it is none. */
export function millisOf(date: string | undefined): number | undefined {
  const millis = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(millis) ? undefined : millis;
}

/** Paths of what did not fit, without any value. */
export function issuePaths(error: z.ZodError): string {
  const paths = error.issues.slice(0, 3).map((issue) => issue.path.map(String).join('.') || 'the top');
  return [...new Set(paths)].join(', ');
}
