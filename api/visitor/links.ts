import { LinkifyIt } from 'linkify-it';
import type { ContentNode } from '../../domain/visitor-protocol.ts';

const allowed: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);

/**
 * Finds what is written out as a web address, what begins with `www.`, and e-mail addresses. Guessing at other bare
 * names makes links of `readme.md` and typing errors.
 */
class LinkFinder extends LinkifyIt {
  override match(text: string): NonNullable<ReturnType<LinkifyIt['match']>> {
    const found = (super.match(text) ?? []).filter(({ schema, text }) => schema !== '' || /^www\./i.test(text));
    for (const link of found) if (link.schema === '') link.url = `https://${link.text}`;
    return found.filter(({ url }) => isSafe(url));
  }
}

/** See {@link LinkFinder}. */
export const linkFinder = new LinkFinder({ fuzzyLink: true, fuzzyEmail: true });

/** Whether this is a whole address that a visitor may be led to: nothing that runs script or leads out of the web. */
export function isSafe(address: string): boolean {
  return URL.canParse(address) && allowed.has(new URL(address).protocol);
}

/** A text in which nothing but its links is shown in a way of its own. */
export function withLinks(text: string): ContentNode[] {
  const content: ContentNode[] = [];
  let position = 0;
  for (const { index, lastIndex, url } of linkFinder.match(text)) {
    if (index > position) content.push(text.slice(position, index));
    content.push({ kind: 'link', href: new URL(url).href, content: [text.slice(index, lastIndex)] });
    position = lastIndex;
  }
  if (position < text.length) content.push(text.slice(position));
  return content;
}
