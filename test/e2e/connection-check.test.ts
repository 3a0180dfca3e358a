import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ConnectionCheckStep } from '../../domain/connection-check.ts';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce } from '../../tools/embedded/test-servers.ts';
import { ZoomSide } from '../support/driver.ts';
import { launchBrowser, person, shot } from './browser.ts';

/**
 * The connection check as an administrator goes through it, in a real browser, against a Zoom in which each thing that
 * can be wrong with an app is wrong once and then put right. The tests follow one another.
 */
let stack: Stack;
let dataDir: string;
let browser: Browser;
let administrator: BrowserContext;
let zoom: ZoomSide;
let page: Page;
let teamChat: Page;

beforeAll(async () => {
  await builtOnce();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-check-'));
  [stack, browser] = await Promise.all([startStack({ dataDir, skipBuild: true, autoRestart: false }), launchBrowser()]);
  zoom = new ZoomSide(stack.urls.sandbox ?? '');
  administrator = await person(browser);
  page = await administrator.newPage();
}, 180_000);
afterAll(async () => {
  await browser.close();
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

/** Add the app as Alex, who is the administrator. */
async function addApp(): Promise<void> {
  await page.goto(`${stack.urls.app}/install`);
  // Who is signed in to Zoom already is not asked again who they are.
  const alex = page.getByText('Alex Admin').first();
  const allow = page.getByRole('button', { name: 'Allow' });
  await alex.or(allow).first().waitFor();
  if (!(await allow.isVisible())) await alex.click();
  await allow.click();
  await page.waitForURL('**/onboarding');
  const done = page.getByRole('button', { name: "I'm Done" });
  await expect.poll(() => done.getAttribute('aria-disabled'), { timeout: 30_000 }).toBe(null);
}

/** Something is wrong in Zoom until it is put right. */
async function fault(...rules: object[]): Promise<() => Promise<void>> {
  const url = `${stack.urls.sandbox ?? ''}/_sandbox/faults`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ rules }) });
  const { added } = z.looseObject({ added: z.array(z.string()) }).parse(await response.json());
  return async () => {
    for (const id of added) expect((await fetch(`${url}/${id}`, { method: 'DELETE' })).ok).toBe(true);
  };
}

const step = (id: ConnectionCheckStep) => page.locator(`#step-${id}`);
const stateOf = (id: ConnectionCheckStep) => step(id).locator('.step-state').innerText();
const reaches = (id: ConnectionCheckStep, state: RegExp) =>
  expect.poll(() => stateOf(id), { message: id, timeout: 40_000 }).toMatch(state);
const choose = (name: string) => page.getByRole('button', { name, exact: true }).click();

/** What the page asks for is written in Team Chat. */
async function writeWord(): Promise<void> {
  const asked = await step('word')
    .getByText(/^Write “/)
    .innerText();
  const [, word = ''] = /Write “(check \d{4})” in “Live Chat Inbound”/.exec(asked) ?? [];
  await teamChat.getByRole('textbox', { name: 'Message' }).fill(word);
  await teamChat.getByRole('button', { name: 'Send', exact: true }).click();
}
const pressButton = () => teamChat.getByRole('log').getByRole('button', { name: 'Press me' }).last().click();

describe('the connection check', () => {
  test('proves an app with which nothing is wrong, and leaves nothing behind but a word that it is done', async () => {
    await addApp();
    await page.getByRole('link', { name: 'Check the connection' }).click();
    await page.waitForURL('**/connection-check');
    await shot(page, 'check-before');
    await choose('Start the check');
    teamChat = await administrator.newPage();
    await teamChat.goto(`${stack.urls.sandbox ?? ''}/chat?user=alex@example.com`);
    await teamChat.getByRole('link', { name: /Live Chat Inbound/ }).click();

    await reaches('word', /Your turn/);
    await shot(page, 'check-word');
    await writeWord();
    await reaches('press', /Your turn/);
    await pressButton();
    await page.getByText(/^(Everything works|It works)$/).waitFor();
    for (const id of ['token', 'channel', 'post', 'echo', 'word', 'press', 'createChannel', 'readBack'] as const)
      expect(await stateOf(id)).toBe('Passed');
    expect(await step('word').innerText()).toContain('Alex Admin wrote the word, and the event about it has arrived.');
    expect(await step('press').innerText()).toContain('Alex Admin pressed the button, and the press has arrived.');
    await shot(page, 'check-done');

    await teamChat.getByRole('log').getByText('The check is done.').waitFor();
    expect(await teamChat.getByRole('button', { name: 'Press me' }).count()).toBe(0);
    expect((await zoom.state()).channels.filter(({ name }) => name.startsWith('Connection check'))).toEqual([]);
  }, 120_000);

  /** Puts right what is wrong, by step. */
  const repairs = new Map<ConnectionCheckStep, () => Promise<void>>();
  const repair = async (id: ConnectionCheckStep): Promise<void> => {
    await repairs.get(id)?.();
    await choose('Retry');
  };

  test('names a permission that Zoom has not granted, until it is granted', async () => {
    repairs.set(
      'post',
      await fault({
        kind: 'status',
        status: 403,
        code: 7004,
        message: 'Not authorized',
        match: { method: 'POST', path: '/v2/im/chat/messages' },
      }),
    );
    const dropped = (event: string) => ({ kind: 'webhook', effect: 'drop', match: { event } });
    repairs.set('word', await fault(dropped('chat_message.*'), dropped('team_chat.*')));
    repairs.set('press', await fault(dropped('interactive_message_actions')));
    repairs.set(
      'createChannel',
      await fault({
        kind: 'status',
        status: 400,
        code: 200,
        message: 'No permission.',
        match: { method: 'POST', path: '/v2/chat/users/*/channels' },
      }),
    );
    await zoom.faults({
      switches: {
        botInPrivateChannels: 'refused',
        appScopes: ['user:read:admin', 'chat_channel:write:admin', 'imchat:bot'],
      },
    });
    await addApp();
    await page.goto(`${stack.urls.app}/connection-check`);
    await choose('Check again');
    await reaches('scopes', /Failed/);
    await step('scopes').getByText('Zoom has not granted all that live chat uses.').waitFor();
    await step('scopes').locator('summary').click();
    await step('scopes').getByText('chat_message:read:admin').waitFor();
    expect(await step('scopes').getByRole('link', { name: 'Add to Zoom again' }).getAttribute('href')).toBe('/install');
    await shot(page, 'check-scopes');

    await zoom.faults({ switches: { appScopes: null } });
    await addApp();
    await page.goto(`${stack.urls.app}/connection-check`);
    await choose('Retry');
    await reaches('scopes', /Passed/);
  }, 120_000);

  test('says that the bot may not post in the inbound channel, until it may', async () => {
    await reaches('post', /Failed/);
    const words = await step('post').innerText();
    expect(words).toContain('Zoom does not let the bot post in “Live Chat Inbound”.');
    expect(words).toContain('choose Add apps, and add this app');
    await shot(page, 'check-bot');
    await repair('post');
    await reaches('post', /Passed/);
  }, 60_000);

  test('takes it well that Zoom sends no event about the app’s own post', async () => {
    await reaches('echo', /Passed/);
    expect(await step('echo').innerText()).toContain('That is fine: the app needs none.');
  }, 60_000);

  test('says that no events arrive, where to look, and takes the word once they do', async () => {
    await reaches('word', /Your turn/);
    await writeWord();
    await choose('I wrote it, and nothing happened');
    await reaches('word', /Failed/);
    await step('word').getByText('No event about the word has arrived.').waitFor();
    await step('word').locator('summary').click();
    await step('word').getByText(`${stack.urls.public}/webhooks/zoom/events`).waitFor();
    await shot(page, 'check-no-events');
    await repair('word');
    await reaches('word', /Your turn/);
    await writeWord();
    await reaches('word', /Passed/);
  }, 60_000);

  test('says that no press arrives, where to look, and takes the press once it does', async () => {
    await reaches('press', /Your turn/);
    await pressButton();
    await choose('I pressed it, and nothing happened');
    await reaches('press', /Failed/);
    await step('press').locator('summary').click();
    await step('press').getByText(`${stack.urls.public}/webhooks/zoom/bot`).waitFor();
    await shot(page, 'check-no-press');
    await repair('press');
    await reaches('press', /Your turn/);
    await pressButton();
    await reaches('press', /Passed/);
  }, 60_000);

  test('says that no private channel can be made, and then in whose name it posts there', async () => {
    await reaches('createChannel', /Failed/);
    await step('createChannel').getByText('Zoom does not let the app create a private channel.').waitFor();
    await shot(page, 'check-no-channel');
    await repair('createChannel');
    await reaches('postInChannel', /Passed, with a note/);
    await step('postInChannel')
      .getByText(/so its owner’s name stands on the post/)
      .waitFor();
    await page.getByText('It works', { exact: true }).waitFor();
    await shot(page, 'check-repaired');
    expect((await zoom.state()).channels.filter(({ name }) => name.startsWith('Connection check'))).toEqual([]);
  }, 60_000);
});
