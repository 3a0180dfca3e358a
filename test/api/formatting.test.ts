import { describe, expect, test } from 'vitest';
import { visitorEntry } from '../../api/visitor/entries.ts';
import { formatted } from '../../api/visitor/formatting.ts';
import { withLinks } from '../../api/visitor/links.ts';
import type { ContentNode } from '../../domain/visitor-protocol.ts';

/** As short as can be: `kind(…)` for what is shown in a way of its own. */
const short = (nodes: ContentNode[]): string =>
  nodes
    .map((node) => {
      if (typeof node === 'string') return node;
      const more = node.href ?? node.start;
      return `${node.kind}${more === undefined ? '' : ` ${more}`}(${short(node.content)})`;
    })
    .join('');
const shown = (text: string): string => short(formatted(text));
/** The words alone. */
const words = (nodes: ContentNode[]): string =>
  nodes.map((node) => (typeof node === 'string' ? node : words(node.content))).join('');

describe('within a line', () => {
  test.each([
    ['*now*, or **now**', 'bold(now), or bold(now)'],
    ['_perhaps_', 'italic(perhaps)'],
    ['~19~ ~~20~~ 21 €', 'strikethrough(19) strikethrough(20) 21 €'],
    ['run `npm *ci*` now', 'run code(npm *ci*) now'],
    ['*bold _and italic_ ~gone~*', 'bold(bold italic(and italic) strikethrough(gone))'],
    ['(*a*), "_b_"!', '(bold(a)), "italic(b)"!'],
    ['[our *shop*](https://shop.example/a_b_c)', 'link https://shop.example/a_b_c(our bold(shop))'],
    ['see https://shop.example/a_b_c*.', 'see link https://shop.example/a_b_c(https://shop.example/a_b_c)*.'],
    [
      'www.example.org/x or me@shop.example',
      'link https://www.example.org/x(www.example.org/x) or link mailto:me@shop.example(me@shop.example)',
    ],
    ['```one line```', 'code(one line)'],
  ])('%j', (text, expected) => expect(shown(text)).toBe(expected));

  test.each([
    '2*3*4 = 24',
    'snake_case_name and __init',
    'a * b * c',
    '5 ~ 6 ~ 7',
    '~~half~',
    'an *open one',
    'C:\\_new\\*x',
    '&amp; <b>no</b> <!-- html --> ![x](y)',
    '# no heading',
    '@Jill_Chill look',
    'readme.md and shop.example',
    '[x](javascript:alert(1)) [y](/here) [z](data:text/html,x)',
    '-5 degrees',
    '14. Mai ist gut',
    '2024. Was für ein Jahr',
    '>_<',
    '```never closed\nat all',
    '',
  ])('leaves %j as it was typed', (text) => expect(shown(text)).toBe(text));

  test('emoji by their names, in words alone', () => {
    expect(shown(':smile: :+1::tada: `:smile:`')).toBe('😄 👍🎉 code(:smile:)');
    expect(shown('*:white_check_mark:* done')).toBe('bold(✅) done');
    for (const text of ['10:30:45', 'a:smile:b', ':no_such_one:', ':constructor:', '::'])
      expect(shown(text)).toBe(text);
  });
});

describe('whole lines', () => {
  test('lists, with what is in them, end where a line is no part of them', () => {
    expect(shown('We have:\n- *red*\n- blue\n  - dark\n  - light\nAnything else?')).toBe(
      'We have:bulletedList(listItem(bold(red))listItem(bluebulletedList(listItem(dark)listItem(light))))Anything else?',
    );
    expect(shown('1. Open\n2. Press')).toBe('numberedList(listItem(Open)listItem(Press))');
    expect(shown('3) Save\n4) Close')).toBe('numberedList 3(listItem(Save)listItem(Close))');
    expect(shown('• one\n• two')).toBe('bulletedList(listItem(one)listItem(two))');
    expect(shown('* one\n* two')).toBe('bulletedList(listItem(one)listItem(two))');
  });

  test('quotes, without the answer below', () => {
    expect(shown('> Is it *blue*?\n> Or red?\nBlue.')).toBe('quote(Is it bold(blue)?\nOr red?)Blue.');
    expect(shown('>no space')).toBe('quote(no space)');
  });

  test('code blocks, as they are', () => {
    expect(shown('Try\n```\nnpm ci\n  *x* :smile:\n```\nthen')).toBe('TrycodeBlock(npm ci\n  *x* :smile:)then');
    expect(shown('```a\nb```')).toBe('codeBlock(a\nb)');
  });

  test('keeps line breaks and blank lines of words', () => {
    expect(shown('one\n  two\n\n*three*')).toBe('one\n  two\n\nbold(three)');
  });
});

describe('an entry', () => {
  const base = { seq: 1, at: 1, messageId: 'm1' };
  const agent = { id: 'a', name: 'Jill' };

  test('has what it looks like beside its text, and only where that differs', () => {
    const said = (text: string) => visitorEntry({ ...base, kind: 'agentMessage', agent, text });
    expect(said('*Hi*')).toEqual({
      ...base,
      kind: 'agentMessage',
      name: 'Jill',
      text: '*Hi*',
      content: [{ kind: 'bold', content: ['Hi'] }],
    });
    expect(said('Hi')).not.toHaveProperty('content');
    expect(visitorEntry({ ...base, kind: 'agentMessageEdited', text: '_Hi_' })).toHaveProperty('content');
  });

  test('of the visitor is literal but for its links', () => {
    const text = '*hi* :smile:\n- see www.example.org';
    expect(visitorEntry({ seq: 1, at: 1, kind: 'visitorMessage', clientId: 'c', text })).toMatchObject({
      text,
      content: [
        '*hi* :smile:\n- see ',
        { kind: 'link', href: 'https://www.example.org/', content: ['www.example.org'] },
      ],
    });
  });

  test('is never nobody’s', () => {
    for (const name of ['', '  ']) {
      const entry = visitorEntry({ ...base, kind: 'agentMessage', agent: { id: 'x', name }, text: 'Hi' });
      expect(entry).toMatchObject({ name: 'Team' });
    }
    expect(visitorEntry({ seq: 1, at: 1, kind: 'reopened' })).toEqual({ seq: 1, at: 1, kind: 'reopened' });
    expect(visitorEntry({ seq: 1, at: 1, kind: 'reopened', agent })).toMatchObject({ name: 'Jill' });
  });
});

describe('whatever is written', () => {
  /** A few thousand texts of what means something, the same each time. */
  function* texts(): Generator<string> {
    const pieces = [
      '*',
      '**',
      '_',
      '~',
      '~~',
      '`',
      '```',
      '\n',
      ' ',
      '> ',
      '- ',
      '1. ',
      '  ',
      '[',
      '](',
      ')',
      'a',
      'Ä',
    ].concat([':', 'smile', 'https://a.example', 'www.b.example', 'javascript:', '<b>', '\\', '|', '👍', '&lt;']);
    let seed = 7;
    const next = (max: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % max;
    for (let n = 0; n < 4_000; n += 1) {
      yield Array.from({ length: 1 + next(24) }, () => pieces[next(pieces.length)] ?? '').join('');
    }
  }
  const links = (nodes: ContentNode[]): string[] =>
    nodes.flatMap((node) =>
      typeof node === 'string' ? [] : [...(node.href ? [node.href] : []), ...links(node.content)],
    );

  test('no word is lost or made up, and no link leads out of the web', () => {
    // What marks something is not shown; everything else is.
    const bare = (text: string): string =>
      text
        .replace(/[^\p{L}\p{N}👍<>&;|\\]/gu, '')
        .replaceAll('smile', '')
        .replaceAll('😄', '');
    for (const text of texts()) {
      const content = formatted(text);
      const visible = bare(words(content).replaceAll('😄', 'smile'));
      // Addresses of `[words](address)`, quote marks and the numbers of lists are shown in another way.
      const typed = bare(text);
      for (const letter of 'aÄ👍') {
        const named = links(content).join('');
        const count = (where: string) => where.split(letter).length - 1;
        expect(count(visible), JSON.stringify(text)).toBeLessThanOrEqual(count(typed));
        expect(count(visible) + count(named), JSON.stringify(text)).toBeGreaterThanOrEqual(count(typed));
      }
      for (const href of links(content)) expect(href).toMatch(/^(https?:\/\/|mailto:)/);
      expect(words(withLinks(text))).toBe(text);
    }
  });

  test('takes no long time', () => {
    const began = performance.now();
    for (const piece of ['*', '_a', '~', '`', '[', '> ', '- ', '1. a\n', '```\n', ':a', '  - ', 'www.', '[a](https://'])
      formatted(piece.repeat(4_000));
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
