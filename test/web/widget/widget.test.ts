import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, picture, Stage } from './host-page.ts';

const stage = new Stage();
const { server } = stage;

beforeAll(() => stage.start());
afterAll(() => stage.stop());
beforeEach(async () => {
  await stage.reset();
  stage.host({ attributes: 'data-heartbeat-ms="400"' });
});

/** What an agent says. */
const reply = (text: string, name = 'Jill') => ({ kind: 'agentMessage', messageId: `m-${text}`, name, text }) as const;

describe('keyboard', () => {
  it('opens, writes and closes without a mouse', async () => {
    const widget = await stage.visit();
    await widget.launcher.waitFor();
    await widget.page.keyboard.press('Tab');
    await eventually(() => widget.launcher.getAttribute('aria-expanded')).toBe('false');
    await widget.page.keyboard.press('Enter');
    await eventually(() => widget.closer.getAttribute('aria-expanded')).toBe('true');
    await widget.online();

    await widget.page.keyboard.type('Hello');
    await widget.page.keyboard.press('Shift+Enter');
    await widget.page.keyboard.type('there');
    await widget.page.keyboard.press('Enter');
    await eventually(() => server.messages).toEqual(['Hello\nthere']);
    expect(await widget.textbox.inputValue()).toBe('');

    await widget.page.keyboard.press('Escape');
    expect(await widget.panel.count()).toBe(0);
    expect(await widget.launcher.evaluate((button) => button.matches(':focus'))).toBe(true);
  });

  it('leaves Enter to an input method that is open', async () => {
    const widget = await (await stage.visit()).open();
    await widget.textbox.fill('にほん');
    const prevented = await widget.textbox.evaluate((element) => {
      const event = new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true });
      return !element.dispatchEvent(event);
    });
    expect(prevented).toBe(false);
    expect(await widget.textbox.inputValue()).toBe('にほん');
    expect(server.messages).toEqual([]);
  });

  it('keeps what is typed from the shortcuts of the page', async () => {
    const widget = await (await stage.visit()).open();
    await widget.page.evaluate(() => {
      document.addEventListener('keydown', () => (document.title = 'shortcut'));
    });
    await widget.textbox.press('k');
    expect(await widget.page.title()).toBe('Shop');
  });

  it('keeps Tab inside where the panel covers the page', async () => {
    const widget = await (await stage.visit({ viewport: { width: 390, height: 700 } })).open();
    expect(await widget.panel.getAttribute('aria-modal')).toBe('true');
    for (let press = 0; press < 5; press++) {
      await widget.page.keyboard.press('Tab');
      expect(await widget.panel.evaluate((panel) => panel.matches(':focus-within'))).toBe(true);
    }
    await widget.page.keyboard.press('Shift+Tab');
    expect(await widget.panel.evaluate((panel) => panel.matches(':focus-within'))).toBe(true);
    await widget.closer.click();
    await widget.launcher.waitFor();
    expect(await widget.launcher.evaluate((button) => button.matches(':focus'))).toBe(true);
  });
});

describe('messages', () => {
  it('shows how far a message has come', async () => {
    const widget = await (await stage.visit()).open();
    server.deaf = true;
    await widget.send('First');
    await widget.status('First').getByText('Sending').waitFor();
    server.deaf = false;
    server.dropAll();
    await widget.status('First').getByText('Sent', { exact: true }).waitFor();
    await widget.text('Sending this to the team…').waitFor();
    server.deliver();
    await widget.status('First').getByText('Delivered').waitFor();
    await widget.text('The team has been told. Somebody will join you shortly.').waitFor();
    expect(await widget.text('Sending this to the team…').count()).toBe(0);
    expect(server.violations).toEqual([]);
  });

  it('shows files as a list under the words, and not once the message is deleted', async () => {
    const widget = await (await stage.visit()).open();
    await widget.send('Hello');
    await eventually(() => server.messages.length).toBe(1);
    const attachments = [{ name: 'offer <1>.pdf' }, { name: 'plan.png' }];
    server.add({ ...reply('Here you are'), attachments }, { ...reply(''), messageId: 'm-2', attachments });
    const files = widget.page.getByRole('list', { name: 'Files' });
    await eventually(() => files.count()).toBe(2);
    expect(await files.first().getByRole('listitem').allInnerTexts()).toEqual(['📎 offer <1>.pdf', '📎 plan.png']);
    await picture(widget, 'files');
    server.add({ kind: 'agentMessageDeleted', messageId: 'm-2' });
    await widget.text('Message deleted').waitFor();
    expect(await files.count()).toBe(1);
  });

  it('shows who answers, edits and deletions', async () => {
    const widget = await (await stage.visit()).open();
    await widget.send('Hello?');
    await widget.status('Hello?').getByText('Sent', { exact: true }).waitFor();
    server.add({ kind: 'agentJoined', name: 'Jill' }, reply('Helo'), reply('Second'), reply('Oops'));
    await widget.text('Jill joined the chat').waitFor();
    server.add(
      { kind: 'agentMessageEdited', messageId: 'm-Helo', text: 'Hello' },
      { kind: 'agentMessageDeleted', messageId: 'm-Oops' },
    );
    await widget.text('Message deleted').waitFor();
    expect(await widget.bubbles()).toEqual(['Hello?', 'Hello', 'Second', 'Message deleted']);
    await widget.log.getByText('edited').waitFor();
    // Named once for the whole group, as everybody sees it.
    expect(await widget.log.locator('.small:not(.row)', { hasText: /^Jill$/ }).count()).toBe(1);
  });

  it('shows somebody without a name on the side of the team', async () => {
    const widget = await (await stage.visit()).open();
    await widget.send('Hello?');
    await widget.status('Hello?').getByText('Sent', { exact: true }).waitFor();
    server.add(reply('Hi', ''));
    await widget.page.locator('.message.theirs', { hasText: 'Hi' }).waitFor();
  });

  it('shows hostile text as text', async () => {
    const hostile = '<img src=x onerror="window.pwned = true"><script>window.pwned = true</script>';
    const widget = await (await stage.visit()).open();
    await widget.send(hostile);
    await widget.status('<img').getByText('Sent', { exact: true }).waitFor();
    server.add(
      { kind: 'agentJoined', name: `$& ${hostile}` },
      {
        ...reply('x', hostile),
        text: hostile,
        content: [{ kind: 'link', href: 'javascript:window.pwned = true', content: [hostile] }],
      },
      {
        ...reply('See https://a.example'),
        content: ['See ', { kind: 'link', href: 'https://a.example', content: ['https://a.example'] }],
      },
    );
    await widget.log.getByRole('link').waitFor();
    expect(await widget.bubbles()).toEqual([hostile, hostile, 'See https://a.example']);
    await widget.text(`$& ${hostile} joined the chat`).waitFor();
    const link = widget.log.getByRole('link');
    expect(await link.count()).toBe(1);
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer nofollow');
    expect(await link.getAttribute('target')).toBe('_blank');
    expect(await widget.panel.locator('img, script').count()).toBe(0);
    expect(await widget.page.evaluate(() => 'pwned' in window)).toBe(false);
  });

  it('counts down near the limit and does not send beyond it', async () => {
    const widget = await (await stage.visit()).open();
    await widget.textbox.fill('x'.repeat(3_999));
    await widget.text('1 character left').waitFor();
    await widget.textbox.fill('x'.repeat(4_002));
    await widget.text('2 characters too many').waitFor();
    await widget.textbox.press('Enter');
    await widget.sendButton.click({ force: true });
    expect(await widget.textbox.inputValue()).toHaveLength(4_002);
    await widget.textbox.fill('x'.repeat(4_000));
    await widget.sendButton.click();
    await eventually(() => server.messages.length).toBe(1);
  });

  it('offers to send a refused message again', async () => {
    const widget = await (await stage.visit()).open();
    server.refusals.push({ type: 'error', code: 'bad_frame', message: '', retryable: false });
    await widget.send('Refused');
    await widget.status('Refused').getByText('Not sent').waitFor();
    await widget.button('Retry').click();
    await widget.status('Refused').getByText('Sent', { exact: true }).waitFor();
    expect(await widget.button('Retry').count()).toBe(0);
  });

  it('waits when asked to slow down', async () => {
    const widget = await (await stage.visit()).open();
    server.refusals.push({ type: 'error', code: 'rate_limited', message: '', retryable: true, retryAfterMs: 300 });
    await widget.send('One');
    await widget.send('Two');
    await eventually(() => server.messages).toEqual(['One', 'Two']);
  });

  it('stays at the end of the conversation, unless the visitor has scrolled back', async () => {
    const widget = await (await stage.visit()).open();
    await widget.send('Hello');
    await eventually(() => server.messages.length).toBe(1);
    server.add(...Array.from({ length: 30 }, (_, index) => reply(`Line ${index}`)));
    const fromEnd = () => widget.log.evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight);
    await widget.text('Line 29').waitFor();
    expect(await fromEnd()).toBeLessThan(2);
    await widget.log.evaluate((log) => log.scrollTo(0, 0));
    server.add(reply('Later'));
    await widget.text('Later').waitFor();
    expect(await fromEnd()).toBeGreaterThan(500);
    await widget.send('Mine');
    await eventually(fromEnd).toBeLessThan(2);
  });
});
