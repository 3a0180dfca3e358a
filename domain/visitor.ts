import { limits } from './limits.ts';
import { pageAddress } from './page-address.ts';
import { cleanLine, cutText } from './text.ts';

/** Where a visitor is, without what may be private in the address: see `pageAddress`. */
export interface Page {
  url: string;
  title?: string;
}

/** What a chat knows of its visitor: what their page and their browser say, which nobody has proved. */
export interface Visitor {
  name: string;
  /** The browser: the same through all its chats on one widget, and made by the api. */
  id?: string;
  email?: string;
  /** BCP 47. */
  language?: string;
  /** IANA. */
  timeZone?: string;
  /** The address of the page that led to this one, cut as a page's. */
  referrer?: string;
  /** What the website says of them, by names of its own. */
  attributes?: Record<string, string>;
}

/** How it is known that an e-mail address is the visitor's. */
export type EmailOrigin = 'asTyped';

/** Chats of the same visitor before this one. */
export interface EarlierChats {
  /** How many, up to {@link mostEarlierChats}. */
  count: number;
  last: {
    /** When it began, ms. */
    at: number;
    /** Names of the agents who were in. */
    agents: string[];
    /** Its channel in Zoom, where it has one. */
    channelUrl?: string;
    /** It was in the same browser, rather than under the same e-mail address alone. */
    isSameBrowser: boolean;
  };
}

/** So many earlier chats are counted. */
export const mostEarlierChats = 99;

/** What the team is shown of a visitor beside their name, in the inbound channel and in the chat channel. */
export interface AboutVisitor {
  email?: { address: string; origin: EmailOrigin };
  language?: string;
  timeZone?: string;
  /** When the chat began, ms: the visitor's time then is shown. */
  startedAt: number;
  page?: Page;
  referrer?: string;
  attributes?: Record<string, string>;
  earlier?: EarlierChats;
}

/**
 * A page as it goes to the team. Clients are not ours: what the website does not allow goes no further, whatever they
 * send.
 *
 * @param allowed names of parameters, see `pageAddress`.
 */
export function pageForTeam({ url, title }: { url: string; title?: string | undefined }, allowed: string[]): Page {
  return { url: pageAddress(url, allowed), ...(title === undefined ? {} : { title }) };
}

/** A language tag (BCP 47) in its canonical form; undefined for anything else. */
export function languageTag(text: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(text)[0];
  } catch {
    return undefined;
  }
}

/** The name of a time zone (IANA), as it is written; undefined for anything else. */
export function timeZoneName(text: string): string | undefined {
  if (!/^[A-Za-z]/.test(text)) return undefined;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/**
 * What a website says of a visitor: short lines by short names. What is neither a text nor a number is left out, and so
 * is what is too much.
 */
export function visitorAttributes(given: unknown): Record<string, string> | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  const lines = Object.entries(given)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => [
      cutText(cleanLine(name), limits.attributeNameLength),
      cutText(cleanLine(String(value)), limits.attributeValueLength),
    ])
    .filter(([name, value]) => name !== '' && value !== '')
    .slice(0, limits.attributes);
  return lines.length === 0 ? undefined : (Object.fromEntries(lines) as Record<string, string>);
}

/** A name or an address as it is searched for, whatever its capitals. */
export function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
