import { describe, expect, it } from 'vitest';
import { actions, button, card, cardMarks, fields, link, message } from '../../zoom/index.ts';

describe('cards', () => {
  it("builds Zoom's JSON, texts literal", () => {
    const built = card({
      head: 'New chat',
      subHead: 'example.com/pricing',
      body: [
        message('Hi, do you ship?', { bold: true }),
        undefined,
        fields([
          { key: 'Name', value: 'Jane', short: true },
          { key: 'City', value: undefined },
        ]),
        link('Open', 'https://example.com/a?b=1'),
        actions(button('Join Chat', 'join:c1', 'Primary')),
      ],
    });
    expect(built).toEqual({
      head: { text: 'New chat', sub_head: { text: 'example.com/pricing' } },
      body: [
        { type: 'message', text: 'Hi, do you ship?', style: { bold: true } },
        { type: 'fields', items: [{ key: 'Name', value: 'Jane', short: true }] },
        { type: 'message', text: 'Open', link: 'https://example.com/a?b=1' },
        { type: 'actions', items: [{ text: 'Join Chat', value: 'join:c1', style: 'Primary' }] },
      ],
    });
  });

  it('keeps the limits without splitting a character', () => {
    expect(message('😀'.repeat(5_000)).text).toMatch(/^(😀)+…$/u);
    expect(message('😀'.repeat(5_000)).text.length).toBeLessThanOrEqual(4_096);
    expect(button('😀'.repeat(50), 'v').text.length).toBeLessThanOrEqual(40);
    expect(() => actions(...Array.from({ length: 6 }, () => button('b', 'v')))).toThrow(RangeError);
    expect(() => actions()).toThrow(RangeError);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '/relative', 'https://'])('refuses to link to %s', (url) => {
    expect(() => link('x', url)).toThrow(TypeError);
  });
});

describe('what a card says of itself', () => {
  const content = card({
    head: '#1',
    subHead: '#3',
    body: [message('#2'), fields([{ key: 'Chat', value: '#5' }]), actions(button('#4', 'join:c1'))],
  });

  it('is read from any form in which Zoom gives it back', () => {
    for (const form of [content, { content }, JSON.stringify({ content })]) {
      expect(cardMarks(form)).toEqual(['#3', 'join:c1']);
    }
  });

  it('is never what somebody wrote', () => {
    expect(cardMarks(content)).not.toContain('#2');
  });

  it.each(['plain', null, undefined, 7])('is nothing in %j', (form) => {
    expect(cardMarks(form)).toEqual([]);
  });
});
