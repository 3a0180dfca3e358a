import { describe, expect, test } from 'vitest';
import { composeAnswers, type Answer } from '../../mail/answers.ts';
import { mailTexts } from '../../mail/texts.ts';

const at = Date.UTC(2026, 10, 28, 14, 3);
const answer = (text: string, change: Partial<Answer> = {}): Answer => ({
  name: 'Jill',
  text,
  at,
  isEdited: false,
  files: [],
  ...change,
});
const compose = (...answers: Answer[]) =>
  composeAnswers({
    answers,
    team: 'Atlas Bikes',
    chatUrl: 'https://chat.example.com/chat#secret',
    stopUrl: 'https://chat.example.com/chat/mails?token=secret',
  });

describe('a mail with answers', () => {
  test('says who answered, what and when, and how to go on and to stop it', () => {
    const { subject, text } = compose(
      answer('Hello Jane'),
      answer('Yes, in red too.', { name: 'Sam', at: at + 60_000 }),
    );
    expect(subject).toBe('Jill and Sam (Atlas Bikes) answered you');
    expect(text).toBe(`Jill and Sam (Atlas Bikes) answered you while you were away

Jill, Nov 28, 2026, 14:03 UTC:
Hello Jane

Sam, Nov 28, 2026, 14:04 UTC:
Yes, in red too.

Open the chat:
https://chat.example.com/chat#secret

Please answer in the chat: nobody reads what is sent to this address.

-- 
You get this e-mail because this address was given in a chat with Atlas Bikes. It is used for that chat only.
Stop e-mails about this chat:
https://chat.example.com/chat/mails?token=secret
`);
  });

  test('names files and edits', () => {
    const { text, html } = compose(answer('', { files: ['a.pdf', '<b>.png'], isEdited: true }));
    expect(text).toContain('Jill, Nov 28, 2026, 14:03 UTC (edited):\nFiles in the chat: a.pdf, <b>.png\n');
    expect(html).toContain('Files in the chat: a.pdf, &lt;b&gt;.png');
  });

  test('shows the words of an agent as they are, and runs and loads nothing of them', () => {
    const hostile = `<img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a> "quotes" & 'more'\nline 2`;
    const { html } = compose(answer(hostile, { name: '<script>alert(1)</script>' }));
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).not.toMatch(/<(script|img|iframe|link|object|form)\b/i);
    // Two links of ours, and no address of anything that would be loaded.
    expect([...html.matchAll(/<a href="([^"]*)"/g)].map(([, href]) => href)).toEqual([
      'https://chat.example.com/chat#secret',
      'https://chat.example.com/chat/mails?token=secret',
    ]);
    for (const [tag] of html.matchAll(/<[^>]+>/g)) expect(tag).not.toMatch(/\ssrc=|url\(|@import|\sbackground=/);
  });

  test('leaves what is too much to the chat', () => {
    const many = Array.from({ length: 53 }, (_, n) => answer(`line ${n + 1}`));
    const { text, html } = compose(...many, answer('x'.repeat(100_000)));
    expect(text).toContain('line 50');
    expect(text).not.toContain('line 51');
    expect(text).toContain('4 more messages are in the chat.');
    expect(html.length).toBeLessThan(60_000);
    expect(compose(answer('x'.repeat(100_000))).text.length).toBeLessThan(7_000);
  });
});

test('the texts of a language that there are none of are English', () => {
  for (const language of [undefined, 'en-GB', 'xx', 'constructor', '']) expect(mailTexts(language).lang).toBe('en');
});
