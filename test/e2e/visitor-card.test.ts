import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce } from '../../tools/embedded/test-servers.ts';
import { Admin, ZoomSide } from '../support/driver.ts';
import { launchBrowser, person, shot } from './browser.ts';

/** What an agent sees of whom they talk to, in a real browser: a visitor of a website writes, walks on, comes back. */
let stack: Stack;
let dataDir: string;
let browser: Browser;
let agent: BrowserContext;
let visitor: BrowserContext;

/** The website with the widget. */
const shop = createServer();
let website: string;

beforeAll(async () => {
  await builtOnce();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-visitor-card-'));
  [stack, browser] = await Promise.all([
    startStack({ dataDir, skipBuild: true, autoRestart: false, temporalUi: false }),
    launchBrowser(),
  ]);
  const zoom = new ZoomSide(stack.urls.sandbox ?? '');
  await zoom.faults({ switches: { retryScale: 0.01 } });
  const { users } = await zoom.state();
  const admin = new Admin(stack.urls);
  await admin.install(users.find(({ email }) => email === 'alex@example.com')?.id ?? '');
  const { widget } = await admin.dashboard();
  agent = await person(browser);
  visitor = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    locale: 'de-AT',
    timezoneId: 'Europe/Vienna',
  });
  visitor.setDefaultTimeout(20_000);
  shop.on('request', (_request, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><html lang="en"><title>Atlas der Häfen</title><body><h1>Shop</h1>
      <script async src="${stack.urls.app}/widget.js" data-widget="${widget.id}" data-visitor-name="Pat O’Brien"
        data-visitor-email="pat.o'brien@example.com" data-visitor-attributes='{"plan": "gold", "orders": 3}'></script>`);
  });
  shop.listen(0, '127.0.0.1');
  await once(shop, 'listening');
  website = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
}, 180_000);
afterAll(async () => {
  await browser.close();
  shop.close();
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

const log = (page: Page) => page.getByRole('log');

/** The fields of the newest card that has some, by their names. */
async function fieldsOf(page: Page): Promise<Record<string, string>> {
  const fields = log(page).locator('dl').last();
  const [names, values] = await Promise.all([
    fields.locator('dt').allInnerTexts(),
    fields.locator('dd').allInnerTexts(),
  ]);
  return Object.fromEntries(names.map((name, n) => [name, values[n] ?? '']));
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

async function chatChannel(page: Page): Promise<Page> {
  await log(page).getByRole('link', { name: 'Open the chat channel' }).last().click();
  await page.getByText('you have joined the chat').waitFor();
  return page;
}

test('an agent knows whom they talk to, from where, since when, and on which page they are now', async () => {
  const page = await visitor.newPage();
  await page.goto(`${website}/atlas?reset_token=SECRET`, { referer: 'https://search.example/?q=private' });
  await page.getByRole('button', { name: 'Open chat' }).click();
  await write(page, 'Do you have it in hardcover?');
  await write(page, 'Or as a globe');
  const team = await agent.newPage();
  await team.goto(`${stack.urls.sandbox ?? ''}/chat?user=alex%40example.com`);
  await team.getByRole('link', { name: /Live Chat Inbound/ }).click();
  await log(team).getByText('Or as a globe').waitFor();
  const known = {
    'E-mail': "pat.o'brien@example.com (as typed)",
    Language: 'Austrian German',
    'Local time': expect.stringMatching(/^\d\d:\d\d, Europe\/Vienna$/) as string,
    Page: 'Atlas der Häfen',
    Address: `${website}/atlas`,
    'Came from': 'https://search.example/',
    'Website · plan': 'gold',
    'Website · orders': '3',
  };
  expect(await fieldsOf(team)).toEqual(known);
  await shot(team, 'visitor-card');

  await log(team).getByRole('button', { name: 'Join Chat' }).last().click();
  const channel = await chatChannel(team);
  await log(channel).getByText('Or as a globe').waitFor();
  expect(await fieldsOf(channel)).toEqual({ Visitor: 'Pat O’Brien', ...known });
  // Each message by itself, with its time.
  expect(
    await log(channel)
      .locator('time')
      .filter({ hasText: /minute/ })
      .count(),
  ).toBe(2);
  await shot(channel, 'visitor-greeting');

  // They walk on, without leaving the page.
  await page.evaluate(() => {
    history.pushState(null, '', '/basket?token=SECRET');
    document.title = 'Warenkorb';
  });
  await team.getByRole('link', { name: /Live Chat Inbound/ }).click();
  await log(team).getByText('Warenkorb').waitFor();
  expect(await fieldsOf(team)).toMatchObject({ Page: 'Warenkorb', Address: `${website}/basket` });

  // They end it, and come back.
  await page.getByRole('button', { name: 'End chat' }).click();
  await page.getByRole('button', { name: 'Yes, end it' }).click();
  await page.getByRole('button', { name: 'Start a new chat' }).click();
  await write(page, 'One more thing');
  const before = log(team).getByRole('link', { name: /^2nd chat from this browser, last on .* with Alex/ });
  await before.waitFor();
  await shot(team, 'visitor-card-again');
  await before.click();
  await log(team).getByText('Or as a globe').waitFor();
}, 120_000);
