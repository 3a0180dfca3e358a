import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchBrowser } from './browser.ts';
import {
  channels,
  checkDone,
  checkPassed,
  checkStopped,
  checkWaiting,
  dashboard,
  emptyDashboard,
  installFailed,
  installReady,
  installRunning,
  missingScopes,
  problem,
} from './samples.ts';
import { pagePaths, startSite } from './site.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Generous: a busy machine is no failure. */
const waitMs = 15_000;

let browser: Browser;
let site: Awaited<ReturnType<typeof startSite>>;
let context: BrowserContext;
let page: Page;
/** What went wrong in the page that no test asked for: errors, and what the policy forbids. */
let faults: string[];

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), startSite()]);
});
afterAll(async () => {
  await browser.close();
  await site.stop();
});
beforeEach(async () => {
  site.reset();
  faults = [];
  await open();
});
afterEach(async () => {
  await context.close();
  expect(faults).toEqual([]);
});

async function open(options: BrowserContextOptions = {}): Promise<void> {
  context = await browser.newContext({ baseURL: site.url, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(waitMs);
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|hydrat/i.test(message.text())) faults.push(message.text());
  });
}

async function reopen(options: BrowserContextOptions): Promise<void> {
  await context.close();
  await open(options);
}

/** Waits for text that is in view. */
const see = (text: string | RegExp) => page.getByText(text).first().waitFor();
const button = (name: string) => page.getByRole('button', { name, exact: true });
const link = (name: string) => page.getByRole('link', { name, exact: true });
const status = (text: string) => page.getByRole('status').filter({ hasText: text });
const states = () => page.locator('.step-state').allTextContents();
const changes = () => site.api.calls;

describe('onboarding', () => {
  it('shows each step as it happens, and leads to the dashboard by "I\'m Done"', async () => {
    await page.goto('/onboarding');
    await see('Working on it');
    expect(await states()).toEqual(['Working on it', 'Waiting', 'Waiting', 'Waiting', 'Waiting']);
    expect(await button("I'm Done").getAttribute('aria-disabled')).toBe('true');

    site.api.install = installRunning(3);
    await status('3 of 5 steps done').waitFor({ state: 'attached' });
    expect(await states()).toEqual(['Done', 'Done', 'Done', 'Working on it', 'Waiting']);

    site.api.install = installReady();
    await page.getByRole('heading', { level: 1, name: 'Your live chat is ready' }).waitFor();
    expect(await page.getByRole('link', { name: /Open “Live Chat Inbound” in Zoom/ }).getAttribute('href')).toBe(
      'https://zoom.example/channel/inbound',
    );
    await button("I'm Done").click();
    await page.waitForURL('**/dashboard');
    expect(changes()).toEqual(['POST /api/install/done null']);
  });

  it('does nothing on "I\'m Done" before everything is done, though it can be reached', async () => {
    await page.goto('/onboarding');
    await see('Working on it');
    await button("I'm Done").focus();
    await page.keyboard.press('Enter');
    await page.waitForTimeout(100);
    expect(new URL(page.url()).pathname).toBe('/onboarding');
    expect(changes()).toEqual([]);
  });

  it('says what failed, and goes on after Retry', async () => {
    site.api.install = installFailed('retry');
    await page.goto('/onboarding');
    await page.getByRole('heading', { level: 1, name: 'The setup stopped' }).waitFor();
    await see(/Zoom did not let the app create a channel/);
    await status('Failed: Finding or creating').waitFor({ state: 'attached' });
    await button('Retry').click();
    await see('Working on it');
    expect(changes()).toEqual(['POST /api/install/retry null']);
    site.api.install = installReady();
    await page.getByRole('heading', { level: 1, name: 'Your live chat is ready' }).waitFor();
  });

  it('says when a retry is refused, and takes the next one', async () => {
    site.api.install = installFailed('retry');
    site.api.retryProblem = problem({ detail: 'Temporal does not answer. Try again in a moment.' });
    await page.goto('/onboarding');
    await button('Retry').click();
    await page.getByRole('alert').filter({ hasText: 'Temporal does not answer.' }).waitFor();
    site.api.retryProblem = undefined;
    await button('Retry').click();
    await see('Working on it');
  });

  it('offers to add the app again when only a new consent helps', async () => {
    site.api.install = installFailed('reauthorize');
    await page.goto('/onboarding');
    await link('Add to Zoom again').waitFor();
    expect(await link('Add to Zoom again').getAttribute('href')).toBe('/install');
    expect(await button('Retry').count()).toBe(0);
  });

  it('names what Zoom has not granted, what does not work, and what to do', async () => {
    site.api.install = { ...installReady(), missingScopes };
    await page.goto('/onboarding');
    const notice = status('Zoom has not granted everything that Live Chat needs');
    await notice.waitFor();
    const words = await notice.innerText();
    expect(words).toContain('View and manage all users’ chat channels');
    expect(words).toContain('Nobody can be let into a chat.');
    expect(words).toContain('team_chat:read:list_members:admin, team_chat:write:members:admin');
    expect(words).toContain('in an app with classic scopes: chat_channel:write:admin');
    expect(words).toContain('View all users’ chat information (it works without this one)');
    expect(await link('Add to Zoom again').getAttribute('href')).toBe('/install');

    site.api.install = { ...installReady(), missingScopes: missingScopes.slice(1) };
    await page.reload();
    await status('Zoom has not granted everything that Live Chat can use').waitFor();
  });

  it('goes on by itself after an outage of the network', async () => {
    await page.goto('/onboarding');
    await see('Working on it');
    await context.setOffline(true);
    await see(/You are offline/);
    site.api.install = installReady();
    await context.setOffline(false);
    await page.getByRole('heading', { level: 1, name: 'Your live chat is ready' }).waitFor();
    expect(await page.getByText(/You are offline/).count()).toBe(0);
  });
});

describe('dashboard', () => {
  it('shows a skeleton first, then the account, without moving anything', async () => {
    for (const width of [390, 1280]) {
      await reopen({ viewport: { width, height: 800 } });
      let release = () => {};
      site.api.hold = new Promise((resolve) => (release = resolve));
      await page.goto('/dashboard');
      await page.evaluate(() => {
        Object.assign(window, { shift: 0 });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries())
            (window as unknown as { shift: number }).shift += (entry as unknown as { value: number }).value;
        }).observe({ type: 'layout-shift', buffered: true });
      });
      await status('Loading your dashboard').waitFor({ state: 'attached' });
      release();
      await page.getByRole('heading', { level: 1, name: 'Lindqvist Outdoor AB' }).waitFor();
      await page.waitForTimeout(150);
      expect(await page.evaluate(() => (window as unknown as { shift: number }).shift)).toBeLessThan(0.01);
    }
  });

  it('lists chats with their state, their agents and the way to Zoom', async () => {
    await page.goto('/dashboard');
    await see('12 days left in your trial');
    const chats = page.getByRole('region', { name: 'Recent chats' }).getByRole('listitem');
    expect(await chats.count()).toBe(4);
    expect(await chats.nth(2).innerText()).toMatch(
      /Priya Raman[\s\S]*Active[\s\S]*with Maya Lindqvist and Tom Okafor, 1 hour ago/,
    );
    expect(await chats.nth(0).innerText()).toMatch(
      /Jonas[\s\S]*Waiting for Zoom: the app may not write in the channel/,
    );
    expect(await chats.nth(1).innerText()).not.toContain('Waiting for Zoom');
    const open = chats.nth(2).getByRole('link', { name: /^Open in Zoom \(chat with Priya Raman\)/ });
    expect(await open.getAttribute('href')).toBe('https://zoom.example/channel/3');
    expect(await link('Edit Settings').getAttribute('href')).toBe('/settings');
    expect(await link('Preview').getAttribute('href')).toBe('/preview?widget=wdg_abc');
  });

  it('copies the code of the widget and says so', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto('/dashboard');
    await see('data-widget="wdg_abc"');
    await button('Copy').click();
    await status('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(dashboard().widget.embedSnippet);
  });

  it('selects the code where there is no clipboard', async () => {
    await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    await page.goto('/dashboard');
    await see('data-widget="wdg_abc"');
    await button('Copy').click();
    await status('The code is selected').waitFor();
    expect(await page.evaluate(() => getSelection()?.toString())).toBe(dashboard().widget.embedSnippet);
  });

  it('says what to do first when there are no chats yet', async () => {
    site.api.dashboard = emptyDashboard();
    await page.goto('/dashboard');
    await page.getByRole('heading', { name: 'No chats yet' }).waitFor();
  });

  it('asks to reconnect Zoom, and says that there is no channel and that the trial is over', async () => {
    const trial = { endsAt: '2026-01-10T12:00:00Z', daysLeft: 0, expired: true };
    site.api.dashboard = dashboard({ needsReconnect: true, channel: null, trial });
    await page.goto('/dashboard');
    await link('Reconnect Zoom').waitFor();
    await see('There is no channel yet');
    await see(/Your trial has ended on January 1\d, 2026/);
  });

  it('names what Zoom has not granted if it is needed', async () => {
    site.api.dashboard = dashboard({ missingScopes });
    await page.goto('/dashboard');
    await status('Zoom has not granted everything that Live Chat needs').waitFor();
    await see('team_chat:write:members:admin');
    expect(await link('Add to Zoom again').getAttribute('href')).toBe('/install');

    site.api.dashboard = dashboard({ missingScopes: missingScopes.slice(1) });
    await page.reload();
    await see('Priya Raman');
    expect(await page.getByText('Zoom has not granted').count()).toBe(0);
  });

  it('says why it could not be loaded, and tries again', async () => {
    site.api.dashboard = problem();
    await page.goto('/dashboard');
    await page.getByRole('alert').filter({ hasText: 'Zoom does not answer as it should' }).waitFor();
    site.api.dashboard = dashboard();
    await button('Try again').click();
    await page.getByRole('heading', { level: 1, name: 'Lindqvist Outdoor AB' }).waitFor();
  });

  it('leads to the sign-in when the session has ended', async () => {
    site.api.dashboard = problem({ status: 401 });
    await page.goto('/dashboard');
    await link('Sign in').waitFor();
  });

  it('keeps what it has while offline, and says of when it is', async () => {
    await page.goto('/dashboard');
    await page.getByRole('heading', { level: 1, name: 'Lindqvist Outdoor AB' }).waitFor();
    await context.setOffline(true);
    await see(/This is how things were at/);
    await see('Priya Raman');
    await context.setOffline(false);
    await page.getByText(/This is how things were at/).waitFor({ state: 'detached' });
  });

  it('signs out by a form', async () => {
    await page.goto('/dashboard');
    await button('Sign out').click();
    await page.waitForURL(`${site.url}/`);
    expect(changes()).toEqual(['POST /signout']);
  });
});

describe('settings', () => {
  const select = () => page.getByRole('combobox', { name: 'Chat channel' });
  const listed = () => page.getByRole('combobox', { name: 'Chat channel', disabled: false }).waitFor();

  it('lists the channels and saves another one', async () => {
    await page.goto('/settings');
    await listed();
    expect(await select().inputValue()).toBe('inbound');
    expect(await select().locator('option').allTextContents()).toEqual(['Live Chat Inbound', 'Sales', 'Everyone']);
    await select().selectOption({ label: 'Sales' });
    await button('Save').click();
    await status('Saved. New chats now appear in “Sales”.').waitFor();
    expect(changes()).toEqual(['PUT /api/settings {"channelId":"sales"}']);
    await link('Back to the dashboard').click();
    await page.waitForURL('**/dashboard');
  });

  it('shows a refusal of the field beside the field', async () => {
    const message = 'This channel was deleted in Zoom. Choose another one.';
    site.api.settingsProblem = problem({ status: 422, detail: message, errors: [{ path: 'channelId', message }] });
    await page.goto('/settings');
    await listed();
    await button('Save').click();
    await page.getByRole('alert').filter({ hasText: message }).waitFor();
    expect(await select().getAttribute('aria-invalid')).toBe('true');
    expect(await select().getAttribute('aria-describedby')).toBe('channelId-hint channelId-error');
    expect(await select().evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it('shows any other refusal, and saves when asked again', async () => {
    site.api.settingsProblem = problem();
    await page.goto('/settings');
    await listed();
    await button('Save').click();
    await page.getByRole('alert').filter({ hasText: 'The channel was not saved.' }).waitFor();
    site.api.settingsProblem = undefined;
    await button('Save').click();
    await status('Saved.').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('asks for a choice when the channel of before is gone', async () => {
    site.api.channels = {
      channels: [{ id: 'sales', name: 'Sales', kind: 'private' }],
      selectedId: 'gone',
      selectedName: 'Gone',
      mayChange: true,
    };
    await page.goto('/settings');
    await listed();
    await button('Save').click();
    await page.getByRole('alert').filter({ hasText: 'Choose a channel from the list.' }).waitFor();
    expect(changes()).toEqual([]);
  });

  it('says to whom may not change it why, and has no button for it', async () => {
    site.api.channels = { ...channels(), channels: [], mayChange: false };
    await page.goto('/settings');
    await see('You can look, but not change this');
    await see('New website chats are announced in the Zoom channel “Live Chat Inbound”.');
    expect(await button('Save').count()).toBe(0);
    expect(await page.getByRole('combobox').count()).toBe(0);
  });

  it('loads again after Zoom did not answer, and says so when the list is empty', async () => {
    site.api.channels = problem();
    await page.goto('/settings');
    await page.getByRole('alert').filter({ hasText: 'Your channels could not be loaded' }).waitFor();
    site.api.channels = { channels: [], selectedId: null, selectedName: null, mayChange: true };
    await button('Try again').click();
    await see('Zoom shows no channels for you');
  });
});

describe('the connection check', () => {
  it('says what it does before it is run, and starts', async () => {
    await page.goto('/connection-check');
    await see('It posts one card in your inbound channel');
    await button('Start the check').focus();
    await page.keyboard.press('Enter');
    site.api.connectionCheck = checkWaiting();
    await see('Write “check 4271” in “Live Chat Inbound”.');
    expect(changes()).toEqual(['POST /api/connection-check null']);
    expect(await button('Check again').getAttribute('aria-disabled')).toBe('true');
    // Whoever pressed it by the keyboard is still there.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Check again');
  });

  it('says to who cannot see it what to do, and what came of it', async () => {
    site.api.connectionCheck = checkWaiting();
    await page.goto('/connection-check');
    await status('Write “check 4271” in “Live Chat Inbound”.').waitFor({ state: 'attached' });
    site.api.connectionCheck = checkStopped();
    await status('Event about what you write: No event about the word has arrived.').waitFor({ state: 'attached' });
    site.api.connectionCheck = checkPassed();
    await status('Everything works').waitFor();
    expect(await states()).toEqual(Array.from({ length: 11 }, () => 'Passed'));
    await see('Maya Lindqvist pressed the button, and the press has arrived.');
  });

  it('has a choice at the step that it is about, by keyboard too', async () => {
    site.api.connectionCheck = checkStopped();
    await page.goto('/connection-check');
    await button('Retry').focus();
    site.api.connectionCheck = checkWaiting();
    await page.keyboard.press('Enter');
    await see('Write “check 4271”');
    expect(changes()).toEqual(['POST /api/connection-check/choice {"step":"word","choice":"retry"}']);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('step-word');
    await button('I wrote it, and nothing happened').click();
    await button('Skip this step').click();
    expect(changes().slice(1)).toEqual([
      'POST /api/connection-check/choice {"step":"word","choice":"nothingHappened"}',
      'POST /api/connection-check/choice {"step":"word","choice":"skip"}',
    ]);
  });

  it('says when a choice did not reach the check', async () => {
    site.api.connectionCheck = checkStopped();
    site.api.choiceProblem = problem({ status: 409, detail: 'This check is over. Start another one.' });
    await page.goto('/connection-check');
    await button('Retry').click();
    await page.getByRole('alert').filter({ hasText: 'This check is over.' }).waitFor();
  });

  it('folds away the details of a failure, with the addresses that Zoom needs', async () => {
    site.api.connectionCheck = checkStopped();
    await page.goto('/connection-check');
    await see('No event about the word has arrived.');
    const address = page.getByText('https://chat.example.com/webhooks/zoom/events');
    expect(await address.isVisible()).toBe(false);
    await page.getByText('Details').first().click();
    await address.waitFor();
  });

  it('shows each verdict, and the way to put it right', async () => {
    site.api.connectionCheck = checkDone();
    await page.goto('/connection-check');
    await status('Something does not work').waitFor();
    expect(await states()).toEqual([
      'Passed',
      'Failed',
      'Passed',
      'Failed',
      'Not checked',
      'Passed',
      'Not checked',
      'Passed',
      'Passed, with a note',
      'Passed',
      'Passed, with a note',
    ]);
    expect(await link('Add to Zoom again').getAttribute('href')).toBe('/install');
    await see('Zoom does not let the bot post in “Live Chat Inbound”.');
    await see('“Connection check · 3fa2” is still in Zoom');
    expect(await button('Retry').count()).toBe(0);
  });

  it('lets others look, and says who may run it', async () => {
    site.api.connectionCheck = { ...checkStopped(), mayRun: false };
    await page.goto('/connection-check');
    await see('You can look, but not run it');
    expect(await page.locator('main').getByRole('button').count()).toBe(0);
  });

  it('says why it could not be loaded, and keeps what it has while offline', async () => {
    site.api.connectionCheck = problem();
    await page.goto('/connection-check');
    await page.getByRole('alert').filter({ hasText: 'The connection check could not be loaded' }).waitFor();
    site.api.connectionCheck = checkWaiting();
    await button('Try again').click();
    await see('Write “check 4271”');
    await context.setOffline(true);
    await see(/This is how things were at/);
    await see('Write “check 4271”');
    await context.setOffline(false);
    await page.getByText(/This is how things were at/).waitFor({ state: 'detached' });
  });
});

describe('preview', () => {
  const sample = 'Hi! This is a sample visitor chat. Can you see me in Zoom?';
  const asked = () => page.evaluate(() => (window as unknown as { asked: string[] }).asked);

  it('opens the chat and sends the sample once, however often it is loaded', async () => {
    await page.goto('/preview');
    await see('This is a preview page: the chat below is real, and goes to your Zoom channel.');
    await page.waitForFunction(() => (window as unknown as { asked: string[] }).asked.length > 0);
    expect(await asked()).toEqual(['open', sample]);
    await page.reload();
    await page.waitForFunction(() => (window as unknown as { asked: string[] }).asked.length > 0);
    expect(await asked()).toEqual(['open']);
    await page
      .getByRole('button', { name: /Ask us about it/ })
      .first()
      .click();
    expect(await asked()).toEqual(['open', 'open']);
  });

  it('says so when the widget cannot be loaded', async () => {
    await page.route('**/widget.js', (route) => route.abort());
    await page.goto('/preview');
    await status('The chat could not be loaded').waitFor();
  });
});

describe('every page', { timeout: 60_000 }, () => {
  it.each(['light', 'dark'] as const)('has no accessibility violation in %s', async (colorScheme) => {
    await reopen({ colorScheme });
    const found: string[] = [];
    const check = async (path: string, shown: string | RegExp) => {
      await page.goto(path);
      await see(shown);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      found.push(...violations.map(({ id, nodes }) => `${path}: ${id} ${nodes.map((node) => node.html).join(' ')}`));
    };
    await check('/', 'How it works');
    await check('/onboarding', 'Working on it');
    await check('/dashboard', 'Priya Raman');
    await check('/settings', 'Back to the dashboard');
    await check('/connection-check', 'Start the check');
    await check('/preview', 'This season');
    await check('/chat', 'Open the link in the e-mail about your chat.');
    await check('/chat/mails', 'Stop these e-mails');
    await check('/error', 'Error 403');
    await check('/operator-refused', 'This is not the operator password.');
    await check('/operator-home', 'Kept waiting by Zoom');
    for (const [state, shown] of [
      [checkWaiting, 'Your turn'],
      [checkStopped, 'Retry'],
      [checkDone, 'Something does not work'],
      [checkPassed, 'Everything works'],
    ] as const) {
      site.api.connectionCheck = state();
      await check('/connection-check', shown);
    }
    site.api.install = installReady();
    await check('/onboarding', 'Your live chat is ready');
    site.api.install = installFailed('retry');
    await check('/onboarding', 'Retry');
    site.api.dashboard = dashboard({ needsReconnect: true, channel: null, missingScopes });
    await check('/dashboard', 'Reconnect Zoom');
    site.api.channels = problem();
    await check('/settings', 'Try again');
    let release = () => {};
    site.api.hold = new Promise((resolve) => (release = resolve));
    await check('/dashboard', 'Recent chats');
    release();
    expect(found).toEqual([]);
  });

  it('fits a screen of 360 pixels, and text of twice the size', async () => {
    await reopen({ viewport: { width: 360, height: 740 } });
    const tooWide: string[] = [];
    for (const path of pagePaths) {
      await page.goto(path);
      await page.waitForTimeout(100);
      for (const size of ['100%', '200%']) {
        const width = await page.evaluate((fontSize) => {
          document.documentElement.style.fontSize = fontSize;
          return document.documentElement.scrollWidth;
        }, size);
        if (width > 360) tooWide.push(`${path} at ${size}: ${width}`);
      }
    }
    expect(tooWide).toEqual([]);
  });

  it('can be read from the first paint, without any script', async () => {
    await reopen({ javaScriptEnabled: false });
    for (const path of pagePaths) {
      await page.goto(path);
      expect((await page.locator('main').innerText()).length, path).toBeGreaterThan(30);
    }
  });

  it('lets the keyboard skip to its content', async () => {
    for (const path of pagePaths) {
      await page.goto(path);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(await page.evaluate(() => document.activeElement?.id), path).toBe('main');
    }
  });
});
