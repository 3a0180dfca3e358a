/** Cutting text for Zoom without breaking characters. Lengths are in UTF-16 units, the strictest reading of Zoom's limits. */

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The text, cut to `max` code points with `…` as the last of them when it is longer. Never leaves half a surrogate pair. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text;
  const points = Array.from(text);
  if (points.length <= max) return text;
  return max < 1 ? '' : `${points.slice(0, max - 1).join('')}…`;
}

/**
 * Cuts a text into pieces of at most `max` UTF-16 units, at the last paragraph that fits, else line, else word, else between two
 * characters as people see them (an emoji of several code points stays whole, unless it alone is longer than `max`).
 * Lossless: the pieces joined give the text again. A piece can be white space only; Zoom refuses such a message.
 *
 * @throws RangeError when `max` is less than 2, too little for one surrogate pair.
 */
export function splitMessage(text: string, max = 1024): string[] {
  if (max < 2) throw new RangeError('max must be at least 2');
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > max) {
    const cut = cutPosition(rest, max);
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  if (rest !== '' || pieces.length === 0) pieces.push(rest);
  return pieces;
}

/** How good a place to cut is; the larger the better. */
const CUT = { character: 0, word: 1, line: 2, paragraph: 3 } as const;

/** One pass over the characters that fit, remembering the last place of each kind. */
function cutPosition(text: string, max: number): number {
  const last: Record<number, number> = {};
  let end = 0;
  let previousWasLineEnd = false;
  // Some look-ahead tells whether the last character ends at the limit, without segmenting all of a long text.
  for (const { index, segment } of graphemes.segment(text.slice(0, max + 64))) {
    if (index + segment.length > max) break;
    end = index + segment.length;
    const lineEnd = segment.endsWith('\n');
    const kind = lineEnd
      ? previousWasLineEnd
        ? CUT.paragraph
        : CUT.line
      : /^\s+$/.test(segment)
        ? CUT.word
        : CUT.character;
    last[kind] = end;
    previousWasLineEnd = lineEnd;
  }
  if (end === 0) return wholeCodePoints(text, max);
  const places = [CUT.paragraph, CUT.line, CUT.word].map((kind) => last[kind] ?? 0);
  // A place in the first half would leave a short piece, and cost one more message of the few a channel takes.
  return places.find((place) => place > end / 2) ?? (Math.max(...places) || end);
}

/** For a single character of more than `max` units: the end of the last code point that fits. */
function wholeCodePoints(text: string, max: number): number {
  const last = text.charCodeAt(max - 1);
  return last >= 0xd800 && last <= 0xdbff ? max - 1 : max;
}

/**
 * Writes text so that Zoom's markdown shows it literally. Zoom does not document its escapes: prefer elements without markdown
 * for anything a visitor wrote, and use this only where a link or bold text has to stand next to it.
 */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_~[\]()<>#|!]/g, '\\$&');
}
