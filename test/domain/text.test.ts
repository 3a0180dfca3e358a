import { describe, expect, test } from 'vitest';
import { splitText, truncateText } from '../../domain/text.ts';

const family = '👩‍👩‍👧';
const unpaired = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

describe('a long text in parts', () => {
  test('is the same text, cut at spaces and line breaks where there are some', () => {
    const text = Array.from({ length: 100 }, (_, n) => `word${n}`).join(' ');
    const parts = splitText(text, 100);
    expect(parts.join(' ')).toBe(text);
    for (const part of parts) expect(part.length).toBeLessThanOrEqual(100);
  });

  test('is cut between characters, also where one has several code points', () => {
    for (const character of ['😀', 'e\u0301', family, '👍🏽']) {
      for (const before of ['', 'x', 'xy']) {
        const parts = splitText(before + character.repeat(50), 40);
        expect(parts.join('')).toBe(before + character.repeat(50));
        for (const part of parts) expect(part).not.toMatch(unpaired);
        for (const part of parts.slice(1)) expect(part.startsWith(character), JSON.stringify(part)).toBe(true);
      }
    }
  });

  test('has no part that is empty, and one part when there is nothing in it', () => {
    expect(splitText(`${'a'.repeat(10)}${' '.repeat(40)}${'b'.repeat(10)}`, 10)).toEqual([
      'a'.repeat(10),
      'b'.repeat(10),
    ]);
    expect(splitText('   ', 10)).toEqual(['']);
  });

  test('loses half characters that were in it before', () => {
    expect(splitText('a\ud83d', 10)).toEqual(['a\ufffd']);
  });
});

describe('a text cut to a length', () => {
  test('says so, and ends with a whole character', () => {
    expect(truncateText('short', 10)).toBe('short');
    expect(truncateText('a'.repeat(20), 10)).toBe(`${'a'.repeat(9)}…`);
    expect(truncateText('x' + '😀'.repeat(10), 10)).toBe(`x${'😀'.repeat(4)}…`);
  });
});
