import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { visitorEntry } from '../../../api/visitor/entries.ts';
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

const jill = { id: 'jill', name: 'Jill' };

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

/** Brings a chat into a state, and waits until it can be seen. */
type Play = (widget: Widget) => Promise<void>;

const said = async (widget: Widget, text: string): Promise<void> => {
  await widget.send(text);
  await stateOf(widget, text).getByText('Sent', { exact: true }).waitFor();
};
const reply = (messageId: string, text: string) => ({ kind: 'agentMessage', messageId, name: 'Jill', text }) as const;
const emailField = (widget: Widget) => widget.page.getByLabel('E-mail address, for our answer (optional)');

const chatStates: Record<string, Play> = {
  sending: async (widget) => {
    await said(widget, 'Do you have it in hardcover?');
    await widget.text('Sending this to the team…').waitFor();
  },
  told: async (widget) => {
    await said(widget, 'Do you have it in hardcover?');
    server.deliver();
    await widget.text('The team has been told. Somebody will join you shortly.').waitFor();
  },
  trouble: async (widget) => {
    await said(widget, 'Do you have it in hardcover?');
    server.trouble(true);
    await widget.page.getByText('Your message is safe with us').waitFor();
    await emailField(widget).waitFor();
  },
  missed: async (widget) => {
    await said(widget, 'Do you have it in hardcover?');
    server.deliver();
    server.add({ kind: 'missed' });
    await widget
      .text('Everybody is busy at the moment. The team has your messages and will answer you here.')
      .waitFor();
    await emailField(widget).waitFor();
  },
  'address-wrong': async (widget) => {
    await chatStates['missed']?.(widget);
    await emailField(widget).fill('vera at example');
    await emailField(widget).press('Enter');
    await widget.text('Please write a whole address, like name@example.org.').waitFor();
  },
  'address-given': async (widget) => {
    await chatStates['missed']?.(widget);
    await emailField(widget).fill('vera.novak@example.com');
    await widget.button('Save address').click();
    await widget.text('We will also answer you at vera.novak@example.com.').waitFor();
  },
  active: async (widget) => {
    await said(widget, 'Do you have it in hardcover?');
    server.deliver();
    server.add({ kind: 'agentJoined', name: 'Jill' }, { kind: 'agentJoined', name: 'Sam' }, reply('m1', 'Yes!'));
    await widget.text('Jill and Sam are here').waitFor();
  },
  left: async (widget) => {
    await chatStates['active']?.(widget);
    server.add({ kind: 'agentLeft', name: 'Sam' }, { kind: 'agentLeft', name: 'Jill', isLast: true });
    await widget.text('Jill has left. We are looking for somebody else.').waitFor();
  },
  'ended-for-now': async (widget) => {
    await chatStates['active']?.(widget);
    server.add({ kind: 'ended', by: 'agent', reopenUntil: Date.now() + 86_400_000 });
    await widget.text('The team ended this chat.').waitFor();
    await widget.button('Start a new chat').waitFor();
    await widget.textbox.waitFor();
  },
  'ended-for-good': async (widget) => {
    await chatStates['active']?.(widget);
    server.add({ kind: 'ended', by: 'idle' });
    await widget.text('This chat ended after a while of silence.').waitFor();
    await widget.button('Start a new chat').waitFor();
  },
  reopened: async (widget) => {
    await chatStates['ended-for-now']?.(widget);
    server.add({ kind: 'reopened', name: 'Jill' }, reply('m2', 'One more thing.'));
    await widget.text('Jill has reopened the chat.').waitFor();
  },
  formatted: async (widget) => {
    await chatStates['active']?.(widget);
    const text =
      'We have it in *both*:\n- **hardcover**, _signed_\n- paperback, ~19 €~ 15 €\n1. Open www.example.org\n' +
      '2. Type `ATLAS`\n> Is it heavy?\nNot at all :slightly_smiling_face:\n```\nweight: 1.2 kg\nlength: 30 cm\n```\n' +
      'See [our shop](https://shop.example/atlas).';
    const entry = visitorEntry({ seq: 1, at: 1, kind: 'agentMessage', messageId: 'm2', agent: jill, text });
    if (entry.kind === 'agentMessage') server.add({ ...reply('m2', text), content: entry.content });
    await widget.page.getByRole('link', { name: 'our shop' }).waitFor();
  },
};

describe('the state of a chat', () => {
  it.each([
    ['desktop', 'light', { width: 1280, height: 800 }],
    ['phone', 'dark', { width: 390, height: 844 }],
  ] as const)(
    'is there in words, and nothing is wrong with it for axe: %s, %s',
    async (device, colorScheme, viewport) => {
      for (const [name, play] of Object.entries(chatStates)) {
        await stage.reset();
        const widget = await (await stage.visit({ viewport, colorScheme })).open();
        await play(widget);
        expect(await axeViolations(widget.page), name).toEqual([]);
        // The dot is about people, never about a socket.
        const isThere = ['active', 'reopened', 'formatted'].includes(name);
        expect(await widget.page.locator('.here').count(), name).toBe(isThere ? 1 : 0);
        expect(await widget.page.getByText('Connected').count()).toBe(0);
        // A page that is loaded now says the same.
        const words = await widget.log.innerText();
        const again = await stage.visit(widget.page.context());
        await again.open();
        await expect.poll(() => again.log.innerText(), { message: name }).toBe(words.replace(/\nPlease write.*/, ''));
        await picture(widget, `${name}-${device}-${colorScheme}`);
      }
      expect(server.violations).toEqual([]);
    },
    120_000,
  );

  it('goes on when the visitor writes, without the textbox losing the focus', async () => {
    const widget = await (await stage.visit()).open();
    await chatStates['ended-for-now']?.(widget);
    expect(await widget.textbox.getAttribute('placeholder')).toBe('Write to go on with this chat…');
    await widget.textbox.focus();
    await widget.page.keyboard.type('And in red?');
    await widget.page.keyboard.press('Enter');
    await widget.text('The chat goes on.').waitFor();
    await stateOf(widget, 'And in red?').getByText('Sent', { exact: true }).waitFor();
    expect(await widget.textbox.evaluate((textbox) => textbox.matches(':focus'))).toBe(true);
    expect(await widget.button('Start a new chat').count()).toBe(0);
    expect(await widget.log.innerText()).toMatch(
      /The team ended this chat\.\s+The chat goes on\.\s+You\s+And in red\?/,
    );
  });

  it('offers only a new chat once the time to go on has passed, and keeps the draft', async () => {
    const widget = await (await stage.visit()).open();
    await chatStates['active']?.(widget);
    await widget.textbox.fill('Half a thought');
    server.add({ kind: 'ended', by: 'visitor', reopenUntil: Date.now() + 700 });
    await widget.button('Start a new chat').waitFor();
    await widget.textbox.waitFor({ state: 'detached' });
    await widget.button('Start a new chat').click();
    expect(await widget.textbox.inputValue()).toBe('Half a thought');
  });

  it('asks for an address without standing in the way of anything', async () => {
    const widget = await (await stage.visit()).open();
    await chatStates['missed']?.(widget);
    const field = emailField(widget);
    expect(await field.getAttribute('autocomplete')).toBe('email');
    await field.fill('vera');
    await said(widget, 'Still there?');
    expect(await field.inputValue()).toBe('vera');
    await field.press('Enter');
    await widget.text('Please write a whole address, like name@example.org.').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await field.fill('vera@example.com');
    await field.press('Enter');
    await field.waitFor({ state: 'detached' });
    // The focus goes on to where the visitor writes.
    expect(await widget.textbox.evaluate((textbox) => textbox.matches(':focus'))).toBe(true);
    expect(server.emails).toEqual(['vera@example.com']);
  });

  it('asks for none that the website has given', async () => {
    stage.host({ attributes: 'data-visitor-email="vera@example.com"' });
    const widget = await (await stage.visit()).open();
    await said(widget, 'Hello');
    server.trouble(true);
    await widget.page.getByText('Your message is safe with us').waitFor();
    expect(await emailField(widget).count()).toBe(0);
  });
});
