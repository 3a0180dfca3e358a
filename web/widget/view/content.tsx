import { h } from 'preact';
import type { ComponentChildren } from 'preact';
import type { ContentKind, ContentNode } from '../../../domain/visitor-protocol.ts';

/** What may be followed from a message: nothing that runs script or leads out of the web. */
const safe = /^(https?:\/\/|mailto:)/i;

const tags: Partial<Record<ContentKind, string>> = {
  bold: 'strong',
  italic: 'em',
  strikethrough: 's',
  code: 'code',
  codeBlock: 'pre',
  quote: 'blockquote',
  bulletedList: 'ul',
  numberedList: 'ol',
  listItem: 'li',
};

/** A message as elements and text nodes, whatever it holds. What is not known, or not safe, is plain text. */
export function shownContent(nodes: readonly ContentNode[]): ComponentChildren {
  return nodes.map((node) => {
    if (typeof node === 'string') return node;
    const { kind, href = '', start } = node;
    const content = shownContent(node.content);
    if (kind === 'link' && safe.test(href)) {
      return (
        <a href={href} target="_blank" rel="noopener noreferrer nofollow">
          {content}
        </a>
      );
    }
    const tag = Object.hasOwn(tags, kind) && tags[kind];
    return tag ? h(tag, start === undefined ? null : { start }, content) : content;
  });
}
