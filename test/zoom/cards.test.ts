import { describe, expect, it } from 'vitest';
import {
  actions,
  attachment,
  button,
  card,
  cardTexts,
  divider,
  fields,
  link,
  message,
  progressBar,
  section,
  select,
} from '../../zoom/index.ts';

describe('cards', () => {
  it("builds Zoom's JSON", () => {
    const built = card({
      head: 'New chat',
      subHead: 'example.com/pricing',
      body: [
        message('Hi, do you ship?', { style: { bold: true } }),
        undefined,
        fields([
          { key: 'Name', value: 'Jane', short: true },
          { key: 'City', value: undefined },
        ]),
        divider(),
        section([message('inner')], { color: '#00f', footer: 'foot', timestamp: 5 }),
        link('Open', 'https://example.com/a?b=1'),
        actions(button('Join Chat', 'join:c1', 'Primary')),
      ],
    });
    expect(built).toEqual({
      head: { text: 'New chat', sub_head: { text: 'example.com/pricing' } },
      body: [
        { type: 'message', text: 'Hi, do you ship?', style: { bold: true }, is_markdown_support: false },
        { type: 'fields', items: [{ key: 'Name', value: 'Jane', short: true }] },
        { type: 'divider' },
        {
          type: 'section',
          sidebar_color: '#00f',
          sections: [{ type: 'message', text: 'inner', is_markdown_support: false }],
          footer: 'foot',
          ts: 5,
        },
        { type: 'message', text: 'Open', link: 'https://example.com/a?b=1', is_markdown_support: false },
        { type: 'actions', items: [{ text: 'Join Chat', value: 'join:c1', style: 'Primary' }] },
      ],
    });
  });

  it('builds the other elements', () => {
    expect(attachment({ title: 't', description: 'd', url: 'https://x' })).toEqual({
      type: 'attachments',
      resource_url: 'https://x',
      information: { title: { text: 't' }, description: { text: 'd' } },
    });
    expect(progressBar(140)).toEqual({ type: 'progress_bar', value: 100 });
    expect(select('Pick', [{ text: 'a', value: '1' }], '1')).toMatchObject({ selected_item: { value: '1' } });
  });

  it('keeps the limits without splitting a character', () => {
    expect(Array.from(message('😀'.repeat(5000)).text)).toHaveLength(4096);
    expect(Array.from(button('😀'.repeat(50), 'v').text)).toHaveLength(40);
    expect(() => actions(...Array.from({ length: 6 }, () => button('b', 'v')))).toThrow(RangeError);
    expect(() => actions()).toThrow(RangeError);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '/relative', 'https://'])('refuses to link to %s', (url) => {
    expect(() => link('x', url)).toThrow(TypeError);
  });

  it('markdown only when asked for', () => {
    expect(message('**x**', { markdown: true }).is_markdown_support).toBe(true);
  });

  it('reads all words out of a card in any form', () => {
    const content = card({ head: 'H', body: [section([message('deep')]), actions(button('Join', 'join:1'))] });
    expect(cardTexts(content)).toEqual(['H', 'deep', 'Join', 'join:1']);
    expect(cardTexts(JSON.stringify({ content }))).toEqual(['H', 'deep', 'Join', 'join:1']);
    expect(cardTexts('plain')).toEqual(['plain']);
    expect(cardTexts(null)).toEqual([]);
  });
});
