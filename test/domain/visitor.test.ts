import { describe, expect, test } from 'vitest';
import { limits } from '../../domain/limits.ts';
import { folded, languageTag, timeZoneName, visitorAttributes } from '../../domain/visitor.ts';
import { helloFrameSchema } from '../../domain/visitor-protocol.ts';

describe('what is said of a visitor', () => {
  test.each([
    ['de-at', 'de-AT'],
    ['zh-hant-tw', 'zh-Hant-TW'],
    ['', undefined],
    ['de_AT', undefined],
    ['English, please', undefined],
  ])('is a language by its tag: %j is %j', (text, tag) => expect(languageTag(text)).toBe(tag));

  test.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['UTC', 'UTC'],
    ['+01:00', undefined],
    ['', undefined],
    ['Mars/Olympus', undefined],
  ])('is a time zone by its name: %j is %j', (text, zone) => expect(timeZoneName(text)).toBe(zone));

  test('by the website is short lines, and no more than some', () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${n} name`, n]));
    expect(Object.keys(visitorAttributes(many) ?? {})).toHaveLength(limits.attributes);
    const [[name, value] = ['', '']] = Object.entries(visitorAttributes({ ['n\n'.repeat(99)]: 'é'.repeat(500) }) ?? {});
    expect([name.length, value.length]).toEqual([limits.attributeNameLength, limits.attributeValueLength]);
    expect(visitorAttributes(JSON.parse('{"__proto__": "x", "\u202e": "x", "y": "\u200b", "z": true}'))).toEqual(
      Object.fromEntries([['__proto__', 'x']]),
    );
    for (const odd of [undefined, null, 'text', 7, ['a'], {}, { a: { b: 'c' } }])
      expect(visitorAttributes(odd)).toBe(undefined);
  });

  test('is found whatever its capitals', () => expect(folded('ＪÖRG@Example.COM')).toBe('jörg@example.com'));

  test('keeps nobody from writing, however odd it is', () => {
    const odd = { email: 'no', language: '?', timeZone: 7, referrer: 'javascript:x', attributes: 'x', name: '\u200b' };
    const hello = {
      type: 'hello',
      v: 1,
      widget: 'w',
      visitor: odd,
      page: { url: 'https://a.example/', title: '\u202e' },
    };
    const { visitor, page } = helloFrameSchema.parse(hello);
    expect({ ...visitor, ...page }).toEqual({ url: 'https://a.example/' });
  });

  test('is cut between two characters', () => {
    const family = '👩‍👩‍👧';
    const visitor = { name: `x${family.repeat(50)}` };
    const page = { url: 'https://a.example/', title: `x${family.repeat(50)}` };
    const hello = helloFrameSchema.parse({ type: 'hello', v: 1, widget: 'w', visitor, page });
    expect(hello.visitor?.name).toBe(`x${family.repeat(9)}`);
    expect(hello.page?.title).toBe(`x${family.repeat(24)}`);
  });
});
