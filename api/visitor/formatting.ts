import { nameToEmoji } from 'gemoji';
import MarkdownIt from 'markdown-it';
import type { StateInline, Token } from 'markdown-it';
import type { ContentNode, FormattedNode } from '../../domain/visitor-protocol.ts';
import { isSafe, linkFinder } from './links.ts';

/**
 * What agents type in Zoom, as Zoom shows it to them: `*bold*` or `**bold**`, `_italic_`, `~strikethrough~`, `code`,
 * links, `:emoji:`, and by whole lines code blocks, quotes and lists. Anything else stays as it was typed. The result
 * is text and what it looks like, never markup.
 */
export function formatted(text: string): ContentNode[] {
  const content: ContentNode[] = [];
  const parts = text.split(fence);
  let words = '';
  const endWords = (): void => {
    content.push(...blocks(words.split('\n'), deepestBlock));
    words = '';
  };
  parts.forEach((part, index) => {
    const isOpened = index % 2 === 1;
    const isClosed = isOpened && index < parts.length - 1;
    // On one line three ticks are as good as one.
    if (isClosed && part.includes('\n')) {
      endWords();
      content.push({ kind: 'codeBlock', content: [part.replace(/^[ \t]*\n|\n[ \t]*$/g, '')] });
    } else {
      words += `${isOpened ? fence : ''}${part}${isClosed ? fence : ''}`;
    }
  });
  endWords();
  return content;
}

const fence = '```';

/** Lists and quotes within each other up to this depth; what is deeper is text. */
const deepestBlock = 3;

const quoteLine = /^>(?: |(?=[\p{L}\p{N}"“])|$)/u;
const listLine = /^(\s*)(?:[-*•]|(\d{1,3})[.)])[ \t]+(?=\S)/;

/** Line by line, as in a chat: unlike in Markdown a line that follows a quote or a list is no part of it. */
function blocks(lines: readonly string[], depth: number): ContentNode[] {
  const content: ContentNode[] = [];
  const text: string[] = [];
  const endText = (): void => {
    const words = text
      .splice(0)
      .join('\n')
      .replace(/^\n+|\s+$/g, '');
    if (words !== '') content.push(...inline(words));
  };
  for (let at = 0; at < lines.length;) {
    const block = depth > 0 ? (quoteAt(lines, at, depth) ?? listAt(lines, at, depth)) : undefined;
    if (block) {
      endText();
      content.push(block.node);
      at = block.end;
    } else {
      text.push(lines[at] ?? '');
      at += 1;
    }
  }
  endText();
  return content;
}

/** A block, and the line after it. */
interface Block {
  node: FormattedNode;
  end: number;
}

function quoteAt(lines: readonly string[], at: number, depth: number): Block | undefined {
  let end = at;
  while (quoteLine.test(lines[end] ?? '')) end += 1;
  const quoted = lines.slice(at, end).map((line) => line.replace(quoteLine, ''));
  if (quoted.every((line) => line.trim() === '')) return undefined;
  return { node: { kind: 'quote', content: blocks(quoted, depth - 1) }, end };
}

function listAt(lines: readonly string[], at: number, depth: number): Block | undefined {
  const [, indent = '', first] = listLine.exec(lines[at] ?? '') ?? [];
  const items: ContentNode[] = [];
  let end = at;
  for (;;) {
    const [marker = '', before = '', number] = listLine.exec(lines[end] ?? '') ?? [];
    if (marker === '' || before.length !== indent.length || (number === undefined) !== (first === undefined)) break;
    const item = [(lines[end] ?? '').slice(marker.length)];
    const deeper = new RegExp(`^\\s{${indent.length + 2}}`);
    for (end += 1; deeper.test(lines[end] ?? ''); end += 1) item.push((lines[end] ?? '').slice(indent.length + 2));
    items.push({ kind: 'listItem', content: blocks(item, depth - 1) });
  }
  if (items.length === 0) return undefined;
  if (first === undefined) return { node: { kind: 'bulletedList', content: items }, end };
  const start = Number(first);
  // A date at the beginning of a sentence is no list.
  if (start !== 1 && items.length === 1) return undefined;
  return { node: { kind: 'numberedList', content: items, ...(start !== 1 && { start }) }, end };
}

const markdown = new MarkdownIt('zero', { linkify: true });
// Links are shown and followed as they were typed.
markdown.linkify = linkFinder;
markdown.normalizeLink = markdown.normalizeLinkText = (url) => url;
markdown.validateLink = isSafe;
// `2*3*4` and `snake_case` are words.
markdown.inline.State = class extends markdown.inline.State {
  override scanDelims(start: number) {
    return super.scanDelims(start, false);
  }
};
// Zoom's strikethrough has one tilde; Markdown's has two.
markdown.inline.ruler.at('strikethrough', tildes);
markdown.inline.ruler2.at('strikethrough', struckThrough);
markdown.enable(['backticks', 'emphasis', 'link', 'linkify', 'strikethrough']);

const tilde = '~'.charCodeAt(0);

function tildes(state: StateInline, silent: boolean): boolean {
  if (silent || state.src.charCodeAt(state.pos) !== tilde) return false;
  const { can_open: open, can_close: close, length } = state.scanDelims(state.pos, false);
  const token = state.push('text', '', 0);
  token.content = '~'.repeat(length);
  state.pos += length;
  // Two are closed by two, one by one.
  const marker = tilde + length;
  if (length <= 2) state.delimiters.push({ marker, length: 0, token: state.tokens.length - 1, end: -1, open, close });
  return true;
}

function struckThrough(state: StateInline): boolean {
  const all = [state.delimiters, ...state.tokens_meta.map((meta) => meta?.delimiters ?? [])];
  for (const delimiters of all) {
    for (const { marker, token, end } of delimiters) {
      const closing = delimiters[end];
      if (!closing || (marker !== tilde + 1 && marker !== tilde + 2)) continue;
      for (const [at, type, nesting] of [
        [token, 's_open', 1],
        [closing.token, 's_close', -1],
      ] as const) {
        const changed = state.tokens[at];
        if (changed) Object.assign(changed, { type, nesting, content: '' });
      }
    }
  }
  return false;
}

function inline(text: string): ContentNode[] {
  const [{ children } = { children: null }] = markdown.parseInline(text, {});
  const root: ContentNode[] = [];
  const open = [root];
  for (const token of children ?? []) {
    const content = open.at(-1) ?? root;
    if (token.nesting === -1) {
      open.pop();
    } else if (token.nesting === 1) {
      const node: FormattedNode = { ...kindOf(token), content: [] };
      content.push(node);
      open.push(node.content);
    } else if (token.type === 'code_inline') {
      content.push({ kind: 'code', content: [token.content] });
    } else if (token.content !== '') {
      content.push(withEmoji(token.content));
    }
  }
  return root;
}

function kindOf(token: Token): Pick<FormattedNode, 'kind' | 'href'> {
  switch (token.type) {
    case 'link_open':
      return { kind: 'link', href: new URL(String(token.attrGet('href'))).href };
    case 's_open':
      return { kind: 'strikethrough' };
    default:
      return { kind: token.markup === '_' ? 'italic' : 'bold' };
  }
}

/** Emoji for the names that Zoom, like others, writes them by; a name that nobody knows stays as it is. */
function withEmoji(text: string): string {
  return text.replace(/(?<![\p{L}\p{N}]):([+-]?[a-z0-9_-]+):(?![\p{L}\p{N}])/giu, (written, name: string) =>
    Object.hasOwn(nameToEmoji, name) ? (nameToEmoji[name] ?? written) : written,
  );
}
