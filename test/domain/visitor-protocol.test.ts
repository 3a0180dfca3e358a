import { expect, test } from 'vitest';
import { helloFrameSchema, messageFrameSchema } from '../../domain/visitor-protocol.ts';

const hello = (visitor: object, page?: object) =>
  helloFrameSchema.parse({ type: 'hello', v: 1, widget: 'w', visitor, ...(page && { page }) });
const message = (text: string) => messageFrameSchema.safeParse({ type: 'message', id: 'client-id-1', text });

test('a name is one line of what can be seen, or none', () => {
  expect(hello({ name: ' Chat\u202e ended\n\u200bnow ' }).visitor?.name).toBe('Chat ended now');
  for (const name of ['\u200b', '\u3164', '\u2800 ', '\ud83d', ''])
    expect(hello({ name }).visitor?.name).toBeUndefined();
});

test('a page has a title of one line, and an address in plain ASCII', () => {
  const { page } = hello({}, { url: 'https://shop.example/ä\u202e', title: 'Prices\nApproved by IT' });
  expect(page).toEqual({ url: 'https://shop.example/%C3%A4%E2%80%AE', title: 'Prices Approved by IT' });
});

test('words keep their lines, lose what is invisible, and are refused when nothing is left', () => {
  expect(message(' one\r\ntwo\u202e\u0000 ').data?.text).toBe('one\ntwo');
  expect(message('\u200b\u202e').success).toBe(false);
});
