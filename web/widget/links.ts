import type { TextLink } from '../../domain/visitor-protocol.ts';

/** A stretch of text; with `href` it is a link. */
export type TextPart = [text: string, href?: string];

/** What may be followed from a message: nothing that runs script or leads out of the web. */
const safe = /^(https?:\/\/|mailto:)/i;

/** Cuts a text at its links. Links that overlap, lie outside the text or are not safe stay plain text. */
export function splitText(text: string, links: readonly TextLink[] = []): TextPart[] {
  const parts: TextPart[] = [];
  let position = 0;
  for (const { start, end, href } of links) {
    if (!(start >= position && end > start && end <= text.length) || !safe.test(href)) continue;
    parts.push([text.slice(position, start)], [text.slice(start, end), href]);
    position = end;
  }
  parts.push([text.slice(position)]);
  return parts.filter(([part]) => part);
}
