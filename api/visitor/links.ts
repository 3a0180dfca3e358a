import { LinkifyIt } from 'linkify-it';
import type { TextLink } from '../../domain/visitor-protocol.ts';

// Only what is written out as a link, and e-mail addresses: guessing at bare names makes links of `readme.md` and
// typing errors.
const linkify = new LinkifyIt({ fuzzyLink: false, fuzzyEmail: true });
const allowed: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);

/** The web and e-mail links in a text, with their places in it (UTF-16 offsets). */
export function linksIn(text: string): TextLink[] {
  return (linkify.match(text) ?? []).flatMap(({ index, lastIndex, url }) => {
    if (!URL.canParse(url)) return [];
    const { protocol, href } = new URL(url);
    return allowed.has(protocol) ? [{ start: index, end: lastIndex, href }] : [];
  });
}
