/**
 * Cut a text into parts of at most `max` UTF-16 units, at line breaks or spaces where there are some in the last
 * third of a part, and never within a character. The same text always gives the same parts: a post is recognised by
 * the number of its part.
 */
export function splitText(text: string, max: number): string[] {
  const parts: string[] = [];
  let rest = text.toWellFormed();
  while (rest.length > max) {
    const end = cutAt(rest, max);
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  parts.push(rest);
  const filled = parts.map((part) => part.trim()).filter((part) => part !== '');
  return filled.length === 0 ? [''] : filled;
}

/**
 * The longest start of `text` of at most `max` units that ends at the end of a character; `…` ends it if it was cut.
 */
export function truncateText(text: string, max: number): string {
  const whole = text.toWellFormed();
  return whole.length <= max ? whole : `${whole.slice(0, characterEnd(whole, max - 1))}…`;
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
 * The last place up to `max` between two characters: not within a surrogate pair, before a combining mark or at a
 * joiner.
 */
function characterEnd(text: string, max: number): number {
  let end = max;
  while (end > 1 && isWithinCharacter(text, end)) end -= 1;
  return end > 1 ? end : max;
}

function isWithinCharacter(text: string, at: number): boolean {
  const before = text.codePointAt(at - 1) ?? 0;
  const after = text.codePointAt(at) ?? 0;
  const isPair = text.charCodeAt(at - 1) >= 0xd800 && text.charCodeAt(at - 1) <= 0xdbff;
  return (
    isPair || before === 0x200d || after === 0x200d || /\p{M}|\p{Emoji_Modifier}/u.test(String.fromCodePoint(after))
  );
}
