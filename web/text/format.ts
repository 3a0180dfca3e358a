/** Numbers, dates and plurals by `Intl`, so that another language needs no code of its own. */

/** The language of the pages: the `lang` of every document and the locale of every format. */
export const locale = 'en';

const pluralRules = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);
const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'long' });
const dateTimes = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const times = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const lists = new Intl.ListFormat(locale, { type: 'conjunction' });

/** The form that fits `count`, with `#` replaced by the formatted number. */
export function plural(count: number, forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }): string {
  return (forms[pluralRules.select(count)] ?? forms.other).replace('#', formatNumber(count));
}

/** A number as the reader writes it. */
export function formatNumber(value: number): string {
  return numbers.format(value);
}

/** A day, e.g. "August 3, 2026". */
export function formatDate(iso: string): string {
  return format(dates, iso);
}

/** A day and a time, e.g. "Aug 3, 2026, 10:32 AM". */
export function formatDateTime(iso: string): string {
  return format(dateTimes, iso);
}

/** A time of today, e.g. "10:32 AM". */
export function formatTime(at: Date): string {
  return times.format(at);
}

/** Names in a sentence: "Ana, Ben, and Cy". */
export function formatList(items: readonly string[]): string {
  return lists.format(items);
}

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** How long ago, in the largest unit that fits: "2 hours ago", "yesterday", "this minute". */
export function formatAgo(iso: string, now: number = Date.now()): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return '';
  // A clock slightly behind the server's must not say "in 1 minute".
  const ago = Math.max(0, now - at);
  for (const [unit, ms] of units) if (ago >= ms) return relative.format(-Math.floor(ago / ms), unit);
  return relative.format(0, 'minute');
}

function format(formatter: Intl.DateTimeFormat, iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : formatter.format(at);
}
