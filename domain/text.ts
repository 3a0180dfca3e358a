/**
 * Unicode's invisible characters: those that direct how others are shown (bidi overrides), take no room, or are half a
 * character.
 */
const invisible = /[\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/** What cannot be told from a space. */
const blank = /[\s\p{Cc}\p{Z}\u2800]+/gu;

/**
 * A name or a title from outside as one line that looks like what it is: without bidi overrides, invisible and broken
 * characters, control characters and line breaks.
 * @returns an empty text when nothing is left that can be seen.
 */
export function cleanLine(text: string): string {
  const line = withoutInvisible(text).replace(blank, ' ').trim();
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(line) ? line : '';
}

/** Somebody's words from outside, cleaned as {@link cleanLine} does, but with their line breaks, tabs and spaces. */
export function cleanText(text: string): string {
  const lines = text.replace(/\r\n?|[\v\f\u0085\u2028\u2029]/gu, '\n').replace(/(?![\n\t])\p{Cc}/gu, '');
  return withoutInvisible(lines).trim();
}

function withoutInvisible(text: string): string {
  return text.replace(invisible, (character, offset: number) => (isPartOf(text, offset, character) ? character : ''));
}

const joins = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\u{FE0F}]$/u;
/** Letters that are written differently beside a joiner: those of Arabic and of the scripts of India. */
const joinsLetters = /^(?![\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}])[\p{L}\p{M}]$/u;

/** Whether an invisible character belongs to the one before it: within an emoji, or between letters that it joins. */
function isPartOf(text: string, offset: number, character: string): boolean {
  const before = /.$/su.exec(text.slice(Math.max(0, offset - 2), offset))?.[0] ?? '';
  const after = String.fromCodePoint(text.codePointAt(offset + character.length) ?? 0);
  if (/\p{Variation_Selector}/u.test(character)) return /[\p{L}\p{N}\p{P}\p{S}]/u.test(before);
  if (character === '\u200d') {
    return (joins.test(before) && joins.test(after)) || (joinsLetters.test(before) && joinsLetters.test(after));
  }
  if (character === '\u200c') return joinsLetters.test(before) && joinsLetters.test(after);
  // The flags of England, Scotland, Wales: a black flag and up to six letters that are not shown.
  return (
    /[\u{E0020}-\u{E007F}]/u.test(character) &&
    /\u{1F3F4}[\u{E0020}-\u{E007E}]{0,6}$/u.test(text.slice(Math.max(0, offset - 14), offset))
  );
}

/**
 * Cut a text into parts of at most `max` UTF-16 units, at line breaks or spaces where there are some in the last
 * third of a part, and never within a character. The same text always gives the same parts: a post is recognised by
 * the number of its part.
 * @param perLine units that each line of a part needs beside its own.
 */
export function splitText(text: string, max: number, perLine = 0): string[] {
  const parts: string[] = [];
  let rest = text.toWellFormed();
  for (let room = fitting(rest, max, perLine); room < rest.length; room = fitting(rest, max, perLine)) {
    const end = cutAt(rest, room);
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  parts.push(rest);
  const filled = parts.map((part) => part.trim()).filter((part) => part !== '');
  return filled.length === 0 ? [''] : filled;
}

/** The longest start of `text` of at most `max` units that ends at the end of a character. */
export function cutText(text: string, max: number): string {
  const whole = text.toWellFormed();
  return whole.length <= max ? whole : whole.slice(0, characterEnd(whole, max));
}

/** The same, with `…` at its end if it was cut. */
export function truncateText(text: string, max: number): string {
  return text.length <= max ? text.toWellFormed() : `${cutText(text, max - 1)}…`;
}

/** How many units of a text fit into `max`. */
function fitting(text: string, max: number, perLine: number): number {
  let used = perLine;
  for (let at = 0; at < text.length; at += 1) {
    used += text.charAt(at) === '\n' ? 1 + perLine : 1;
    if (used > max) return Math.max(at, 1);
  }
  return text.length;
}

function cutAt(text: string, max: number): number {
  const earliest = Math.floor((max * 2) / 3);
  for (const separator of ['\n', ' ']) {
    const at = text.lastIndexOf(separator, max - 1);
    if (at >= earliest) return at + 1;
  }
  return characterEnd(text, max);
}

/**
 * Where characters end, as Unicode has it: an emoji of several, a letter with its accents and a flag are one each. Part
 * of the language, and the same for every run of a workflow on one version of Node.
 */
const characters = new Intl.Segmenter('en');

/** The last place up to `max` between two characters; within one that is longer, but never within a surrogate pair. */
function characterEnd(text: string, max: number): number {
  const end = characters.segment(text).containing(max)?.index ?? max;
  if (end > 0) return end;
  return max > 1 && /^[\udc00-\udfff]/.test(text.charAt(max)) ? max - 1 : max;
}
