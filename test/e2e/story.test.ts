import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce } from '../../tools/embedded/test-servers.ts';
import { ZoomSide } from '../support/driver.ts';
import { launchBrowser, person, shot } from './browser.ts';

/**
 * The product's story as its first users know it, in a real browser, by what a person sees: one test for each section
 * of the guide. The tests follow one another like the guide does.
 */
let stack: Stack;
let dataDir: string;
let browser: Browser;
let administrator: BrowserContext;
let agent: BrowserContext;
let visitor: BrowserContext;
let preview: Page;
let sandbox: string;

beforeAll(async () => {
  await builtOnce();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-e2e-'));
  [stack, browser] = await Promise.all([startStack({ dataDir, skipBuild: true, autoRestart: false }), launchBrowser()]);
  sandbox = stack.urls.sandbox ?? '';
  await new ZoomSide(sandbox).faults({ switches: { retryScale: 0.01 } });
  [administrator, agent, visitor] = await Promise.all([person(browser), person(browser), person(browser)]);
}, 180_000);
afterAll(async () => {
  await browser.close();
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

/** Somebody's Team Chat, in a tab of that person's browser. */
async function teamChat(context: BrowserContext, email: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${sandbox}/chat?user=${encodeURIComponent(email)}`);
  return page;
}

const log = (page: Page) => page.getByRole('log');

async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

describe('the guide', () => {
  test('1.0 Add to Zoom provisions the account and leads through onboarding to the dashboard', async () => {
    const page = await administrator.newPage();
    await page.goto(stack.urls.app);
    await shot(page, '1.0-landing');
    await page.getByRole('link', { name: 'Add to Zoom' }).first().click();
    await page.getByText('Alex Admin').first().click();
    await shot(page, '1.0-consent');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL('**/onboarding');
    const done = page.getByRole('button', { name: "I'm Done" });
    await expect.poll(() => done.isEnabled(), { timeout: 30_000 }).toBe(true);
    await shot(page, '1.0-onboarding');
    await done.click();
    await page.waitForURL('**/dashboard');
    await page.getByText('alex@example.com').first().waitFor();
    await page
      .getByText(/14 days/)
      .first()
      .waitFor();
    await shot(page, '1.0-dashboard');
  }, 90_000);

  test('1.1 Edit Settings lists the Zoom channels to route chats to', async () => {
    const page = administrator.pages()[0] ?? (await administrator.newPage());
    await page.getByRole('link', { name: 'Edit Settings' }).click();
    const channels = page.getByRole('combobox', { name: 'Chat channel' });
    await expect
      .poll(() => channels.locator('option').allInnerTexts())
      .toEqual(
        expect.arrayContaining([expect.stringContaining('Live Chat Inbound'), expect.stringContaining('General')]),
      );
    expect(await channels.locator('option:checked').innerText()).toContain('Live Chat Inbound');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').filter({ hasText: /saved/i }).waitFor();
    await shot(page, '1.1-settings');
  });

  test('1.2 The inbound channel and the installer are welcomed in Zoom', async () => {
    const page = await teamChat(administrator, 'alex@example.com');
    await page.getByRole('link', { name: /Live Chat Inbound/ }).click();
    await log(page).getByText('Welcome to Live Chat').waitFor();
    await log(page).getByRole('link', { name: 'Test Your Live Chat' }).waitFor();
    await shot(page, '1.2-inbound');
    await page.getByRole('link', { name: /^Live Chat(?! Inbound)/ }).click();
    await log(page)
      .getByText(/Hello Alex/)
      .waitFor();
    await shot(page, '1.2-direct-message');
  });

  test('1.3 Test Your Live Chat sends a sample visitor chat, which an agent joins and answers in a channel of its own', async () => {
    const page = administrator.pages().at(-1) ?? (await teamChat(administrator, 'alex@example.com'));
    await page.getByRole('link', { name: /Live Chat Inbound/ }).click();
    const previewUrl = await log(page).getByRole('link', { name: 'Test Your Live Chat' }).getAttribute('href');
    preview = await visitor.newPage();
    await preview.goto(previewUrl ?? '');
    await log(preview)
      .getByText(/sample visitor chat/)
      .waitFor();
    await log(page)
      .getByText(/sample visitor chat/)
      .waitFor();
    await shot(preview, '1.3-preview');
    await log(page).getByRole('button', { name: 'Join Chat' }).last().click();
    await log(page)
      .getByText(/Alex Admin joined this chat/)
      .waitFor();
    await shot(page, '1.3-joined');
    await log(page).getByRole('link', { name: 'Open the chat channel' }).last().click();
    const channel = await chatChannelPage(administrator, page);
    await log(channel)
      .getByText(/you have joined the chat/)
      .waitFor();
    await log(channel)
      .getByText(/sample visitor chat/)
      .last()
      .waitFor();
    await write(channel, 'I can see you. Welcome!');
    await log(preview).getByText('I can see you. Welcome!').waitFor();
    await write(preview, 'Wonderful, thank you');
    await log(channel).getByText('Wonderful, thank you').waitFor();
    await expect.poll(() => log(preview).getByText('Delivered').count()).toBeGreaterThanOrEqual(2);
    await shot(channel, '1.3-chat-channel');
    await shot(preview, '1.3-answered');
  }, 60_000);

  test('1.4 A further agent is added to the inbound channel, and joins a chat of their own without having added the app', async () => {
    // The administrator adds the colleague in Team Chat.
    const page = await teamChat(administrator, 'alex@example.com');
    await page.getByRole('link', { name: /Live Chat Inbound/ }).click();
    await page
      .getByRole('button', { name: /Add people/ })
      .first()
      .click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Jill Chill').click();
    await dialog.getByRole('button', { name: /^Add/ }).click();
    await dialog.waitFor({ state: 'hidden' });

    // The colleague is no administrator: Zoom does not let them consent for the account.
    const install = await agent.newPage();
    await install.goto(stack.urls.app);
    await install.getByRole('link', { name: 'Add to Zoom' }).first().click();
    await install.getByText('Jill Chill').first().click();
    await install.getByText('An account admin is required to install this type of app.').waitFor();
    expect(await install.getByRole('button', { name: 'Allow' }).isVisible()).toBe(false);
    await shot(install, '1.4-consent-of-a-member');
    await install.close();

    // A new visitor writes; the colleague joins and answers.
    const second = await (await person(browser)).newPage();
    await second.goto(preview.url());
    await log(second)
      .getByText(/sample visitor chat/)
      .waitFor();
    await write(second, 'I am the second visitor');
    const jill = await teamChat(agent, 'jill@example.com');
    await jill.getByRole('link', { name: /Live Chat Inbound/ }).click();
    const card = log(jill).getByRole('article').filter({ hasText: 'I am the second visitor' });
    await card.getByRole('button', { name: 'Join Chat' }).click();
    await log(jill)
      .getByText(/Jill Chill joined this chat/)
      .waitFor();
    await log(jill).getByRole('link', { name: 'Open the chat channel' }).last().click();
    const channel = await chatChannelPage(agent, jill);
    await log(channel).getByText('I am the second visitor').waitFor();
    await write(channel, 'Hello second visitor, Jill here');
    await log(second).getByText('Hello second visitor, Jill here').waitFor();
    // The first visitor's chat has none of it.
    expect(await log(preview).getByText('Jill here').count()).toBe(0);
    await shot(channel, '1.4-jill');
  }, 90_000);

  test('A second administrator adds the app: no second account, straight to the same dashboard', async () => {
    const second = await (await person(browser)).newPage();
    await second.goto(stack.urls.app);
    await second.getByRole('link', { name: 'Add to Zoom' }).first().click();
    await second.getByText('Ada Abbott').first().click();
    await second.getByRole('button', { name: 'Allow' }).click();
    const done = second.getByRole('button', { name: "I'm Done" });
    await expect.poll(() => done.isEnabled(), { timeout: 30_000 }).toBe(true);
    await done.click();
    await second.waitForURL('**/dashboard');
    await second.getByText('ada@example.com').first().waitFor();
    const { channels } = await new ZoomSide(sandbox).state();
    expect(channels.filter(({ name }) => name.startsWith('Live Chat Inbound'))).toHaveLength(1);
  }, 60_000);

  test('Temporal UI shows whose install and chat it was, where they stand, and what was said only through the codec', async () => {
    const page = await administrator.newPage();
    await page.goto(stack.urls.app + '/dashboard');
    await page.getByRole('link', { name: /open/i }).first().waitFor();
    await shot(page, 'dashboard');
    await page.goto(`${stack.urls.app}/operator`);
    await page.getByLabel('Operator password').fill(stack.env['OPERATOR_PASSWORD'] ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Open Temporal UI' }).waitFor();
    await page.goto(`${stack.urls.temporalUi ?? ''}/namespaces/default/workflows`);
    await page
      .getByRole('link', { name: /^install\// })
      .first()
      .waitFor();
    await shot(page, 'temporal-ui-list');
    await page
      .getByRole('link', { name: /^chat\// })
      .last()
      .click();
    await page.getByText('"accountId"').first().waitFor();
    await page
      .getByText(/"Visitor \w+"/)
      .first()
      .waitFor();
    await page
      .getByRole('tab', { name: 'User Metadata' })
      .or(page.getByRole('link', { name: 'User Metadata' }))
      .first()
      .click();
    // Temporal UI shows Markdown in a frame of its own.
    const details = page.locator('iframe').last().contentFrame();
    await details.getByText('In conversation').waitFor();
    const alex = (await new ZoomSide(sandbox).state()).users.find(({ email }) => email === 'alex@example.com');
    await details.getByText(`Agents: ${alex?.id ?? '?'}`).waitFor();
    await shot(page, 'temporal-ui');
  }, 60_000);
});

/** The page that shows the chat channel: the same tab, or the one that the link opened. */
async function chatChannelPage(context: BrowserContext, page: Page): Promise<Page> {
  return expect
    .poll(() => context.pages().find((one) => one !== page && /launch|\/u\//.test(one.url())) ?? page)
    .toBeDefined()
    .then(() => {
      const pages = context.pages();
      return pages.at(-1) ?? page;
    });
}
