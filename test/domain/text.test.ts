import { describe, expect, test } from 'vitest';
import { cleanLine, cleanText, cutText, splitText, truncateText } from '../../domain/text.ts';

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
    for (const character of ['😀', 'e\u0301', family, '👍🏽', '🇩🇪', '1️⃣', 'क्षि']) {
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

  test('leaves room for what each line needs beside its own', () => {
    const parts = splitText('a\n'.repeat(50), 20, 2);
    for (const part of parts)
      expect(part.split('\n').reduce((sum, line) => sum + line.length + 3, -1)).toBeLessThanOrEqual(20);
    expect(parts.join('\n')).toBe('a\n'.repeat(50).trim());
  });

  test('loses half characters that were in it before', () => {
    expect(splitText('a\ud83d', 10)).toEqual(['a\ufffd']);
  });
});

describe('what comes from outside is cleaned', () => {
  test.each([
    ['of what turns the direction of writing', 'Jane \u202eDoe\u2066', 'Jane Doe'],
    ['of invisible characters', 'Ja\u200bn\u00ade\ufeff\u3164', 'Jane'],
    ['of half characters', 'Jane\ud83d Doe\udc00', 'Jane Doe'],
    ['of control characters and line breaks', 'Jane\r\n\u0000Doe\u2028x\u2029\u0085', 'Jane Doe x'],
    ['of what hides in tags and surplus variation selectors', 'a\u{E0041}\u{E0042}b☺\ufe0f\ufe0f', 'ab☺\ufe0f'],
    ['of joiners between Latin letters', 'J\u200da\u200cne', 'Jane'],
  ])('%s: %j', (_what, text, expected) => expect(cleanLine(text)).toBe(expected));

  test.each([
    family,
    '👩‍❤️‍💋‍👨',
    '👍🏽',
    '1️⃣',
    '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
    'می‌خواهم',
    'क्‍ष',
    '葛\u{E0100}',
    'e\u0301',
  ])('and keeps what belongs to a character: %j', (text) => {
    expect(cleanLine(`x ${text} y`)).toBe(`x ${text} y`);
    expect(cleanText(`x\n${text}\ny`)).toBe(`x\n${text}\ny`);
  });

  test.each(['', ' ', '\u200b', '\u2800', '\u3164\u202e', '\ud83d', '\u0301', '\ufe0f'])(
    'a name of which nothing is seen (%j) is empty',
    (name) => expect(cleanLine(name)).toBe(''),
  );

  test('but words keep their lines, tabs and spaces', () => {
    expect(cleanText(' one\r\ntwo\u2028  three\tfour\u0007\u202e ')).toBe('one\ntwo\n  three\tfour');
  });
});

describe('a text cut to a length', () => {
  test('says so, and ends with a whole character', () => {
    expect(truncateText('short', 10)).toBe('short');
    expect(truncateText('a'.repeat(20), 10)).toBe(`${'a'.repeat(9)}…`);
    expect(truncateText('x' + '😀'.repeat(10), 10)).toBe(`x${'😀'.repeat(4)}…`);
  });
});

test('a text that is cut ends with a whole character', () => {
  expect(cutText('short', 10)).toBe('short');
  expect(cutText(`12345678${family}`, 10)).toBe('12345678');
  expect(cutText('123456789🇩🇪', 11)).toBe('123456789');
  expect(truncateText(`12345678${family}`, 10)).toBe('12345678…');
  // One that is longer than all that there is room for is cut all the same, but into no half ones.
  expect(cutText(`z${'\u0301'.repeat(100)}`, 10)).toBe(`z${'\u0301'.repeat(9)}`);
  expect(cutText('👩‍👩‍👧', 4)).not.toMatch(unpaired);
  expect(cutText('a\ud83d', 10)).toBe('a\ufffd');
});
