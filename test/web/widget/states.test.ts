import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { axeViolations } from './browser.ts';
import { picture, Stage, type Widget } from './host-page.ts';

const stage = new Stage();
const { server } = stage;

beforeAll(() => stage.start());
afterAll(() => stage.stop());
beforeEach(async () => {
  await stage.reset();
  stage.host();
});

const refused = { type: 'error', code: 'bad_frame', message: '', retryable: false } as const;

/** The word that says how far the message with this text has come, as it is seen, and its colour apart. */
const stateOf = (widget: Widget, text: string) => widget.status(text);

/** Brings one message into each state: delivered, sent, not sent, sending. */
async function everyState(widget: Widget): Promise<void> {
  await widget.send('Delivered one');
  await stateOf(widget, 'Delivered one').getByText('Sent', { exact: true }).waitFor();
  server.deliver();
  await stateOf(widget, 'Delivered one').getByText('Delivered').waitFor();
  await widget.send('Sent one');
  await stateOf(widget, 'Sent one').getByText('Sent', { exact: true }).waitFor();
  server.refusals.push(refused);
  await widget.send('Refused one');
  await widget.button('Retry').waitFor();
  server.deaf = true;
  await widget.send('Waiting one');
  await stateOf(widget, 'Waiting one').getByText('Sending').waitFor();
}

const states = async (widget: Widget): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const message of await widget.page.locator('.message.mine').all()) {
    const text = await message.locator('.bubble').innerText();
    found[text] = (await message.locator('svg + *, :has(> svg)').first().innerText()).trim();
  }
  return found;
};

describe('the state of a message', () => {
  it('is there in words, for everybody to see and to hear', async () => {
    const widget = await (await stage.visit()).open();
    await everyState(widget);
    for (const [text, word] of [
      ['Delivered one', 'Delivered'],
      ['Sent one', 'Sent'],
      ['Refused one', 'Not sent'],
      ['Waiting one', 'Sending'],
    ] as const) {
      const state = stateOf(widget, text);
      expect(await state.innerText()).toBe(word);
      expect(await state.isVisible()).toBe(true);
      const { width, height } = (await state.boundingBox()) ?? { width: 0, height: 0 };
      expect(Math.min(width, height), 'large enough to be seen').toBeGreaterThan(8);
      // What a screen reader is given: no picture, but this word.
      const message = widget.page.locator('.message', { hasText: text });
      expect(await message.ariaSnapshot()).toContain(word);
    }
    expect(await axeViolations(widget.page)).toEqual([]);
    await picture(widget, 'states');
  });

  it.each([
    ['desktop', 'light', { width: 1280, height: 800 }],
    ['phone', 'dark', { width: 390, height: 844 }],
    ['desktop', 'dark', { width: 1280, height: 800 }],
    ['phone', 'light', { width: 390, height: 844 }],
  ] as const)('says why a message waits, and that nobody is there: %s, %s', async (device, colorScheme, viewport) => {
    const widget = await (await stage.visit({ viewport, colorScheme })).open();
    server.refusals.push({
      type: 'error',
      code: 'rate_limited',
      message: '',
      retryable: true,
      retryAfterMs: 240_000,
    });
    await widget.send('Is anybody there?');
    await widget.page.getByText('Very many people are writing to us.').waitFor();
    expect(await stateOf(widget, 'Is anybody there?').innerText()).toBe('Sending');
    expect(await axeViolations(widget.page)).toEqual([]);
    await picture(widget, `busy-${device}-${colorScheme}`);

    const other = await (await stage.visit({ viewport, colorScheme })).open();
    await other.send('Hello');
    await stateOf(other, 'Hello').getByText('Sent', { exact: true }).waitFor();
    server.refusals.push({ type: 'error', code: 'too_much_waiting', message: '', retryable: true, retryAfterMs: 500 });
    await other.send('One more');
    await other.page.getByText('The team has yet to read your messages.').waitFor();
    await picture(other, `full-${device}-${colorScheme}`);
    await stateOf(other, 'One more').getByText('Sent', { exact: true }).waitFor();
    expect(await other.page.getByText('The team has yet to read your messages.').count()).toBe(0);

    server.refusals.push({ type: 'error', code: 'not_available', message: '', retryable: true, retryAfterMs: 1_000 });
    const third = await stage.visit({ viewport, colorScheme });
    await third.launcher.click();
    await third.page.getByText('This chat is not available right now.').waitFor();
    expect(await axeViolations(third.page)).toEqual([]);
    await picture(third, `not-available-${device}-${colorScheme}`);
    // It looks again by itself.
    await third.online();
    await third.textbox.waitFor();
  });

  it('is right after a reconnect: what had no answer is sent, what was refused waits for the visitor', async () => {
    const widget = await (await stage.visit()).open();
    await everyState(widget);
    server.deaf = false;
    server.dropAll();
    await stateOf(widget, 'Waiting one').getByText('Sent', { exact: true }).waitFor();
    expect(await states(widget)).toEqual({
      'Delivered one': 'Delivered',
      'Sent one': 'Sent',
      'Waiting one': 'Sent',
      'Refused one': 'Not sent',
    });
    expect(server.messages).toEqual(['Delivered one', 'Sent one', 'Waiting one']);
    await widget.button('Retry').click();
    await stateOf(widget, 'Refused one').getByText('Sent', { exact: true }).waitFor();
    server.deliver();
    await stateOf(widget, 'Refused one').getByText('Delivered').waitFor();
    expect(server.messages).toEqual(['Delivered one', 'Sent one', 'Waiting one', 'Refused one']);
    expect(server.violations).toEqual([]);
  });

  it('is the same in a second tab, which sends what the first could not', async () => {
    const context = await stage.context();
    const first = await (await stage.visit(context)).open();
    await first.send('Delivered one');
    await stateOf(first, 'Delivered one').getByText('Sent', { exact: true }).waitFor();
    server.deliver();
    server.closed = true;
    server.dropAll();
    await first.page.getByText('No connection.').waitFor();
    await first.send('Waiting one');
    const second = await stage.visit(context);
    await second.launcher.click();
    await stateOf(second, 'Waiting one').getByText('Sending').waitFor();
    await picture(second, 'second-tab-offline');
    server.closed = false;
    for (const tab of [second, first]) {
      await tab.page.evaluate(() => window.dispatchEvent(new Event('online')));
      await stateOf(tab, 'Waiting one').getByText('Sent', { exact: true }).waitFor();
      expect(await states(tab)).toEqual({ 'Delivered one': 'Delivered', 'Waiting one': 'Sent' });
    }
    server.deliver();
    for (const tab of [second, first]) await stateOf(tab, 'Waiting one').getByText('Delivered').waitFor();
    expect(server.chat.entries).toHaveLength(2);
  });
});
