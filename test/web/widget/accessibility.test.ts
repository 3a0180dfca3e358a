import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { axeViolations } from './browser.ts';
import { Stage } from './host-page.ts';

const stage = new Stage();
const { server } = stage;

beforeAll(() => stage.start());
afterAll(() => stage.stop());
beforeEach(async () => {
  await stage.reset();
  stage.host({ head: '<style>:root { color-scheme: light dark }</style>' });
});

describe.each([
  ['light', 1280],
  ['dark', 390],
] as const)('axe finds nothing wrong in %s at %d pixels', (colorScheme, width) => {
  it('in any state of a chat', async () => {
    const widget = await stage.visit({ colorScheme, viewport: { width, height: 800 } });
    const { page } = widget;
    const found: Record<string, string[]> = {};
    const check = async (state: string) => {
      const violations = await axeViolations(page);
      if (violations.length) found[state] = violations;
    };

    await widget.launcher.waitFor();
    await check('closed');
    await widget.open();
    await check('empty');
    server.refusals.push({ type: 'error', code: 'bad_frame', message: '', retryable: false });
    await widget.send('Refused');
    await widget.button('Retry').waitFor();
    await widget.send('Hello');
    await widget.text('Sending this to the team…').waitFor();
    await check('waiting, with a failed message');
    server.add({ kind: 'missed' });
    await widget.page.getByText('Everybody is busy').waitFor();
    server.deliver();
    server.add(
      { kind: 'agentJoined', name: 'Jill' },
      {
        kind: 'agentMessage',
        messageId: 'm1',
        name: 'Jill',
        text: 'See https://a.example',
        content: ['See ', { kind: 'link', href: 'https://a.example', content: ['https://a.example'] }],
      },
      { kind: 'agentMessage', messageId: 'm2', name: 'Jill', text: 'Oops' },
      { kind: 'agentMessageEdited', messageId: 'm1', text: 'See below' },
      { kind: 'agentMessageDeleted', messageId: 'm2' },
    );
    await widget.text('Message deleted').waitFor();
    await widget.button('End chat').click();
    await check('active, asked whether to end');
    await page.keyboard.press('Escape');
    server.closed = true;
    server.dropAll();
    await page.getByText('No connection.').waitFor();
    await widget.textbox.fill('x'.repeat(4_001));
    await check('offline, with a text too long');
    server.closed = false;
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await widget.online();
    server.add({ kind: 'ended', by: 'agent' });
    await widget.button('Start a new chat').waitFor();
    await check('ended');
    expect(found).toEqual({});
  });
});

it('announces messages in a polite log, and describes parts by their names', async () => {
  const widget = await (await stage.visit()).open();
  expect(await widget.log.getAttribute('aria-live')).toBe('polite');
  expect(await widget.panel.getAttribute('aria-modal')).toBe('false');
  await widget.page.getByRole('dialog', { name: 'Harbour Books' }).waitFor();
  await widget.page.getByRole('region', { name: 'Live chat' }).waitFor({ state: 'attached' });
  for (const part of [widget.textbox, widget.sendButton, widget.closer]) expect(await part.count()).toBe(1);
});

it('stays usable in forced colours', async () => {
  const widget = await (await stage.visit({ forcedColors: 'active' })).open();
  await widget.send('Hello');
  await widget.status('Hello').getByText('Sent', { exact: true }).waitFor();
  const bordered = await widget.page.locator('.bubble').evaluate((bubble) => getComputedStyle(bubble).borderTopStyle);
  expect(bordered).toBe('solid');
});
