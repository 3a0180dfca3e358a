import { describe, expect, it } from 'vitest';
import { escapeMarkdown, splitMessage, truncate } from '../../zoom/index.ts';

const family = '👨‍👩‍👧‍👦';

describe('splitMessage', () => {
  it.each<[string, string, number, string[]]>([
    ['short text stays whole', 'hello', 10, ['hello']],
    ['empty text is one empty piece', '', 10, ['']],
    ['exactly the limit', '1234567890', 10, ['1234567890']],
    ['a paragraph first', 'aaa bbb\n\nccc ddd', 12, ['aaa bbb\n\n', 'ccc ddd']],
    ['else a line', 'aaa bbb\nccc ddd', 12, ['aaa bbb\n', 'ccc ddd']],
    ['else a word', 'aaaa bbbb cccc', 10, ['aaaa bbbb ', 'cccc']],
    ['else between characters', 'abcdefghijkl', 5, ['abcde', 'fghij', 'kl']],
    ['a late word beats an early paragraph', 'a\n\nbbbb cccc dddd', 14, ['a\n\nbbbb cccc ', 'dddd']],
    ['not inside a surrogate pair', 'aaa😀b', 4, ['aaa', '😀b']],
    ['not inside a family', `ab${family}c`, 12, ['ab', `${family}c`]],
    ['not inside a line end of Windows', 'abcd\r\nef', 5, ['abcd', '\r\nef']],
    ['not between a space and its accent', 'abcd \u0301efg', 5, ['abcd', ' \u0301efg']],
    ['a character longer than the limit, between code points', family, 3, ['👨‍', '👩‍', '👧‍', '👦']],
  ])('%s', (_name, text, max, pieces) => {
    expect(splitMessage(text, max)).toEqual(pieces);
  });

  it('is lossless and within the limit for any text', () => {
    const alphabet = [
      'a',
      'b',
      ' ',
      '\n',
      '\n\n',
      '\r\n',
      '\t',
      '😀',
      family,
      'é',
      'e\u0301',
      '🇳🇴',
      '中',
      '\u200d',
      '\ud83d',
    ];
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 400; round++) {
      const text = Array.from({ length: random(200) }, () => alphabet[random(alphabet.length)]).join('');
      const max = 2 + random(60);
      const pieces = splitMessage(text, max);
      expect(pieces.join('')).toBe(text);
      expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(max);
    }
  });

  it('takes little time for a long text without breaks, or of nothing but breaks', () => {
    // Processor time, since the clock on the wall also counts what else the machine does.
    const before = process.cpuUsage();
    for (const text of ['x'.repeat(50_000), '\n'.repeat(50_000), ' '.repeat(50_000)]) splitMessage(text);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2_000);
  });

  it('refuses a limit below one surrogate pair', () => {
    expect(() => splitMessage('x', 1)).toThrow(RangeError);
  });
});

describe('truncate', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['😀😀😀', 3, '😀😀😀'],
    ['😀😀😀😀', 3, '😀😀…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%j to %i is %j', (text, max, expected) => {
    expect(truncate(text, max)).toBe(expected);
  });
});

it('escapeMarkdown escapes what could format or link', () => {
  expect(escapeMarkdown('*a* [b](http://c) `d` <e> #f ~g~')).toBe(
    '\\*a\\* \\[b\\]\\(http://c\\) \\`d\\` \\<e\\> \\#f \\~g\\~',
  );
});
