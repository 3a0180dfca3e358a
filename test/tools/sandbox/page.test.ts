import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  botJid,
  clientId,
  closeAll,
  joinCard,
  receiver,
  redirectUri,
  rig,
  type Person,
  type Receiver,
  type Rig,
} from './helpers.ts';

function findChromium(): string | undefined {
  const own = process.env['CHROMIUM_PATH'];
  if (own !== undefined && own !== '') return own;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

const executablePath = findChromium();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Browser;
let context: BrowserContext;
let opened: BrowserContext | undefined;
let r: Rig;
let bot: Receiver;
let auth: Record<string, string>;
let jill: Person;
let sam: Person;
let channel: { id: string; jid: string; url: string };
const problems: string[] = [];

beforeAll(async () => {
  bot = await receiver();
  r = await rig({ botEndpointUrl: bot.url });
  browser = await chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: flags });
});
beforeEach(async () => {
  await r.control('/reset');
  auth = (await r.install()).auth;
  jill = await r.person('jill@example.com');
  sam = await r.person('sam@example.com');
  const made = await r.call(
    'POST',
    '/v2/chat/users/me/channels',
    { name: 'Live Chat Inbound', type: 2, members: [{ email: jill.email }] },
    auth,
  );
  channel = { id: String(made.json['id']), jid: String(made.json['jid']), url: String(made.json['channel_url']) };
  await opened?.close();
  context = opened = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  context.on('weberror', (error) => problems.push(String(error.error())));
});
afterAll(async () => {
  await browser.close();
  await closeAll();
});

const post = async (content: object): Promise<string> => {
  const alex = await r.person('alex@example.com');
  const reply = await r.call(
    'POST',
    '/v2/im/chat/messages',
    { robot_jid: botJid, to_jid: channel.jid, account_id: alex.account_id, user_jid: alex.jid, content },
    await r.botAuth(),
  );
  return String(reply.json['message_id']);
};
const openAs = async (person: Person, path = ''): Promise<Page> => {
  const page = await context.newPage();
  await page.goto(`${r.sandbox.url}/u/${person.id}${path}`);
  return page;
};
const log = (page: Page) => page.getByRole('log');

/** Serious and critical findings. The check is put in by the test, past the page's own script policy. */
async function findings(page: Page): Promise<string[]> {
  // What is still fading in has not its own colours yet.
  await page.evaluate('Promise.allSettled(document.getAnimations().map((animation) => animation.finished))');
  const found: unknown = await page.evaluate(
    `${axe};axe.run({ resultTypes: ['violations'] }).then((result) => result.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical').map((one) => one.id + ': ' + one.nodes[0].html))`,
  );
  return found as string[];
}

describe('the page', { timeout: 20_000 }, () => {
  it('lets a person choose who to be, and gives consent', async () => {
    const page = await context.newPage();
    await page.goto(r.sandbox.url);
    expect(await findings(page)).toEqual([]);
    await page.getByRole('link', { name: 'Jill Chill' }).click();
    await page.waitForURL(`**/u/${jill.id}`);
    await page.getByRole('link', { name: 'Live Chat', exact: true }).waitFor();

    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      state: 'abc',
    });
    await page.route(`${redirectUri}**`, (route) => route.fulfill({ body: 'back at the app' }));
    await page.goto(`${r.sandbox.url}/oauth/authorize?${query.toString()}`);
    expect(await findings(page)).toEqual([]);
    // Whoever may not grant it for the account is told so, in place of the button.
    const allow = page.getByRole('button', { name: 'Allow' });
    await page.getByRole('radio', { name: 'Sam Support' }).check();
    await page.getByRole('status').getByText('An account admin is required').waitFor();
    expect(await allow.isVisible()).toBe(false);
    expect(await findings(page)).toEqual([]);
    // The second administrator may, though another one has added the app.
    await page.getByRole('radio', { name: 'Ada Abbott' }).check();
    expect(await page.getByRole('status').isVisible()).toBe(false);
    await allow.click();
    await page.waitForURL(/oauth\/callback\?code=.+&state=abc/);
  });

  it('shows cards, presses buttons, and follows messages live between two tabs', async () => {
    const first = await openAs(jill);
    await first.getByRole('link', { name: 'Live Chat Inbound', exact: true }).click();
    const alex = await r.person('alex@example.com');
    const second = await openAs(alex, `/c:${channel.id}`);
    await post({
      ...joinCard,
      body: [{ type: 'message', text: 'Test Your Live Chat', link: 'http://localhost:3000/preview' }, ...joinCard.body],
    });

    const link = log(first).getByRole('link', { name: 'Test Your Live Chat' });
    expect(await link.getAttribute('target')).toBe('_blank');
    expect(await link.getAttribute('href')).toBe('http://localhost:3000/preview');
    await log(first).getByRole('button', { name: 'Join Chat' }).click();
    expect((await bot.until('interactive_message_actions')).at(-1)?.payload['userId']).toBe(jill.id);

    await first.getByRole('textbox', { name: 'Message' }).fill('<img src=x onerror=alert(1)> hello');
    await first.getByRole('button', { name: 'Send' }).click();
    await log(second).getByText('<img src=x onerror=alert(1)> hello').waitFor();
    await second.getByRole('textbox', { name: 'Message' }).fill('by key');
    await second.keyboard.press('Enter');
    await log(first).getByText('by key').waitFor();
    expect(await first.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('');
    expect(await findings(first)).toEqual([]);
  });

  it('edits, deletes and replies', async () => {
    const page = await openAs(jill, `/c:${channel.id}`);
    await page.getByRole('textbox', { name: 'Message' }).fill('firts');
    await page.keyboard.press('Enter');
    await log(page).getByText('firts').hover();
    await page.getByRole('button', { name: 'Edit message' }).click();
    await page.getByRole('textbox', { name: 'Edit message' }).fill('first');
    await page.getByRole('button', { name: 'Save' }).click();
    await log(page).getByText('(edited)').waitFor();
    await log(page).getByText('first').hover();
    await page.getByRole('button', { name: 'Reply to Jill Chill' }).click();
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('a reply');
    await page.keyboard.press('Enter');
    await log(page).getByText('a reply').waitFor();
    const [root, reply] = (await r.channel(channel.id))['messages'] as Record<string, unknown>[];
    expect(reply?.['reply_to']).toBe(root?.['id']);
    await page.getByRole('article').filter({ hasText: 'a reply' }).hover();
    await page
      .getByRole('article')
      .filter({ hasText: 'a reply' })
      .getByRole('button', { name: 'Delete message' })
      .click();
    await log(page).getByText('This message was deleted.').waitFor();
  });

  it('creates a channel and adds people by keyboard, with unread badges for them', async () => {
    const page = await openAs(jill);
    await page.getByRole('button', { name: 'Create channel' }).click();
    const dialog = page.getByRole('dialog', { name: 'Create channel' });
    await dialog.getByRole('textbox', { name: 'Channel name' }).fill('Escalations');
    expect(await findings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { name: 'Escalations', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Add people' }).focus();
    await page.keyboard.press('Enter');
    const add = page.getByRole('dialog', { name: 'Add people to Escalations' });
    await add.getByRole('checkbox', { name: /Sam Support/ }).focus();
    await page.keyboard.press('Space');
    await add.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('button', { name: /Members\s*2/ }).click();
    await page.getByRole('dialog').getByText('Sam Support').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');

    const other = await openAs(sam);
    await page.getByRole('textbox', { name: 'Message' }).fill('Welcome');
    await page.keyboard.press('Enter');
    await other.getByText('1 unread').waitFor();
    await expect.poll(() => other.title()).toMatch(/^\(1\)/);
    await other.getByRole('link', { name: 'Escalations', exact: true }).click();
    await log(other).getByText('Welcome').waitFor();
  });

  it('opens channel links as the person of the tab, and asks when it knows nobody', async () => {
    const page = await context.newPage();
    await page.goto(channel.url);
    await page.getByRole('heading', { name: 'Who do you want to be?' }).waitFor();
    await page.getByRole('link', { name: 'Jill Chill' }).click();
    await page.getByRole('heading', { name: 'Live Chat Inbound' }).waitFor();
    await page.goto(`${r.sandbox.url}/launch/chat?jid=robot_${botJid}`);
    await page.getByRole('heading', { name: 'Live Chat', exact: true }).waitFor();
    await post({ body: [{ type: 'message', text: 'Open the chat channel', link: channel.url }] });
    const outside = await openAs(sam, `/c:${channel.id}`);
    await outside.getByText('You are not in this conversation').waitFor();
    await page.goto(`${r.sandbox.url}/u/${jill.id}/c:${channel.id}`);
    await log(page).getByRole('link', { name: 'Open the chat channel' }).click();
    await page.getByRole('heading', { name: 'Live Chat Inbound' }).waitFor();
    expect(page.url()).toContain(jill.id);
  });

  it('works on a phone: list, conversation, back; in the dark too', async () => {
    await context.close();
    context = opened = await browser.newContext({
      viewport: { width: 360, height: 740 },
      colorScheme: 'dark',
      hasTouch: true,
    });
    await post(joinCard);
    const page = await openAs(jill);
    expect(await findings(page)).toEqual([]);
    await page.getByRole('link', { name: 'Live Chat Inbound', exact: true }).click();
    await log(page).getByRole('button', { name: 'Join Chat' }).waitFor();
    expect(await page.getByRole('navigation').isVisible()).toBe(false);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await findings(page)).toEqual([]);
    await page.getByRole('link', { name: 'Back' }).click();
    await page.getByRole('navigation').waitFor();
  });

  it('uninstalls the app, and stays within its policy', async () => {
    const alex = await r.person('alex@example.com');
    const page = await openAs(alex);
    await page.getByRole('button', { name: 'About the app' }).click();
    await page.getByRole('button', { name: 'Uninstall app' }).click();
    await page.getByRole('button', { name: 'Yes, uninstall' }).click();
    await page.getByText('No app has been added in this account.').waitFor();
    expect(problems).toEqual([]);
  });
});
