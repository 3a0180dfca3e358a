import { truncateText } from '../domain/text.ts';
import type { AboutVisitor, EarlierChats, EmailOrigin, Page } from '../domain/visitor.ts';
import { mostEarlierChats } from '../domain/visitor.ts';
import { link, message, type CardElement } from '../zoom/index.ts';

/*
 * What cards say of a visitor. All together, with the visitor's first words, stays below the longest text that Zoom is
 * known to show of one card.
 */

/** Characters of an address that a card shows. */
const addressLength = 300;
const originWords: Record<EmailOrigin, string> = { asTyped: 'as typed' };

/** One line of a card's fields. */
interface Field {
  key: string;
  value: string | undefined;
  /** It shares a line with the next one. */
  short?: boolean;
}

/** What is known of the visitor: what they, their browser and the website say. For a section of the visitor's. */
export function visitorFields(about: AboutVisitor): Field[] {
  const { email, language, timeZone, startedAt, page, referrer, attributes = {} } = about;
  return [
    { key: 'E-mail', value: email && `${email.address} (${originWords[email.origin]})` },
    { key: 'Language', value: language && languageName(language), short: true },
    { key: 'Local time', value: timeZone && `${timeIn(timeZone, startedAt)}, ${timeZone}`, short: true },
    ...(page ? pageFields(page) : []),
    { key: 'Came from', value: referrer && truncateText(referrer, addressLength) },
    // By a name that no field of the app has.
    ...Object.entries(attributes).map(([name, value]) => ({ key: `Website · ${name}`, value, short: true })),
  ];
}

/** That the visitor was here before, with the way to the last chat's channel. For a card's own words. */
export function earlierChats({ earlier }: AboutVisitor): CardElement | undefined {
  if (!earlier) return undefined;
  const words = earlierWords(earlier);
  const { channelUrl } = earlier.last;
  return channelUrl === undefined ? message(words) : link(words, channelUrl);
}

function pageFields({ title, url }: Page): Field[] {
  return [
    { key: 'Page', value: title },
    { key: 'Address', value: truncateText(url, addressLength) },
  ];
}

function earlierWords({ count, last }: EarlierChats): string {
  const number = count < mostEarlierChats ? ordinal(count + 1) : `More than ${ordinal(count)}`;
  const how = last.isSameBrowser ? 'from this browser' : 'by this e-mail address';
  const who = last.agents.length === 0 ? 'nobody' : new Intl.ListFormat('en').format(last.agents);
  return `${number} chat ${how}, last on ${dateFormat.format(last.at)} with ${who}`;
}

/** A chat's day, wherever its agents are. */
const dateFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

function timeIn(timeZone: string, at: number): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(at);
}

const languageNames = new Intl.DisplayNames('en', { type: 'language' });

/** In English, as the cards are; the tag itself where it has no name. */
function languageName(tag: string): string {
  try {
    return languageNames.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

const ordinalRules = new Intl.PluralRules('en', { type: 'ordinal' });
const endings: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };

function ordinal(number: number): string {
  return `${number}${endings[ordinalRules.select(number)] ?? 'th'}`;
}
