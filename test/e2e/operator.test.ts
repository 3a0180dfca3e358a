import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce } from '../../tools/embedded/test-servers.ts';
import { Admin, eventually, Visitor, ZoomSide } from '../support/driver.ts';
import { launchBrowser, person, shot } from './browser.ts';

/**
 * What an operator does, in a real browser with the real Temporal UI: finds, reads and acts on chats and installs, and
 * reads nothing before signing in. The tests follow one another.
 */
const password = 'correct horse battery';
/** Generous, ms: a busy machine is no failure. */
const timeout = 20_000;
let stack: Stack;
let dataDir: string;
let browser: Browser;
let zoom: ZoomSide;
let ids: Record<'alex' | 'ada' | 'jill' | 'sam', string>;
let accountId: string;
let operator: BrowserContext;
let page: Page;
const visitors: Visitor[] = [];

beforeAll(async () => {
  await builtOnce();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-operator-'));
  const env = { OPERATOR_PASSWORD: password };
  [stack, browser] = await Promise.all([
    startStack({ dataDir, skipBuild: true, autoRestart: false, env }),
    launchBrowser(),
  ]);
  zoom = new ZoomSide(stack.urls.sandbox ?? '');
  await zoom.faults({ switches: { retryScale: 0.01 } });
  const { users } = await zoom.state();
  const user = (name: string) => users.find(({ email }) => email === `${name}@example.com`);
  const idOf = (name: string) => user(name)?.id ?? '';
  ids = { alex: idOf('alex'), ada: idOf('ada'), jill: idOf('jill'), sam: idOf('sam') };
  accountId = user('alex')?.account_id ?? '';

  const admin = new Admin(stack.urls);
  await admin.install(ids.alex);
  const { widget } = await admin.dashboard();
  const inbound = await zoom.channel('Live Chat Inbound');
  await zoom.invite(ids.alex, inbound.id, [ids.jill, ids.sam]);
  for (const name of ['Jane Doe', 'Marco Polo']) {
    const visitor = new Visitor(stack.urls.app, widget.id, name);
    visitors.push(visitor);
    await visitor.connect();
    visitor.say(`${name} asks`);
    await eventually(() => zoom.inboundCard(`${name} asks`));
  }
  await zoom.press(ids.jill, await zoom.inboundCard('Marco Polo asks'), 'Join Chat');
  await eventually(() => expect(marco().entries.map(({ kind }) => kind)).toContain('agentJoined'));

  operator = await person(browser);
  // The first page of Temporal UI at an address has two hundred files.
  operator.setDefaultTimeout(45_000);
  page = await operator.newPage();
}, 180_000);
afterAll(async () => {
  for (const visitor of visitors) visitor.drop();
  await browser.close();
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

const marco = () => visitors[1] as Visitor;
const list = (query: string, ui = `${stack.urls.app}/temporal`) =>
  `${ui}/namespaces/default/workflows?query=${encodeURIComponent(query)}`;
const workflows = () => page.getByRole('link', { name: /^(chat|install)\// });

/** The current details of the workflow whose page is open. */
async function details() {
  await page
    .getByRole('link', { name: 'User Metadata' })
    .or(page.getByRole('tab', { name: 'User Metadata' }))
    .first()
    .click();
  // Temporal UI shows Markdown in a frame of its own.
  return page.locator('iframe').last().contentFrame().locator('body');
}

async function sendUpdate(name: string, input?: object): Promise<void> {
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menu').getByText('Send an Update').first().click();
  const dialog = page.getByRole('dialog').filter({ visible: true }).last();
  await dialog.getByTestId('update-select-button').click();
  await dialog.getByRole('option').filter({ hasText: name }).click();
  if (input !== undefined) await dialog.getByRole('textbox', { name: 'Data' }).fill(JSON.stringify(input));
  await dialog.getByRole('button', { name: 'Submit' }).click();
}

const updated = () => page.getByText('Update successful').first().waitFor();

describe('an operator in Temporal UI', () => {
  test('is asked to sign in first', async () => {
    await page.goto(list('WorkflowType = "chat"'));
    await page.getByLabel('Operator password').waitFor();
    const call = await page.request.get(`${stack.urls.app}/temporal/api/v1/namespaces/default/workflows`);
    expect(call.status()).toBe(401);
  }, 120_000);

  test('reads no payload without a sign-in at the port of development either, only ids and states', async () => {
    await page.goto(list('WorkflowType = "chat"', stack.urls.temporalUi));
    await expect.poll(() => workflows().count(), { timeout }).toBe(2);
    await workflows().first().click();
    await page.getByText('Codec Server could not connect').last().waitFor();
    await (await details()).getByText('No Current Details').waitFor();
    expect(await page.content()).not.toMatch(/Jane|Marco|Jill/);
    await shot(page, 'operator-signed-out');
  }, 120_000);

  test('signs in and is led from a visitor’s name to the chat, which is readable now', async () => {
    await page.goto(`${stack.urls.app}/operator`);
    await page.getByLabel('Operator password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page
      .getByRole('listitem')
      .filter({ hasText: 'Waiting for an agent' })
      .getByText('1', { exact: true })
      .waitFor();
    await page.getByLabel('What to look for').fill('Marco Polo');
    await page.getByRole('button', { name: 'Find' }).click();
    await shot(page, 'operator-found');
    await page.getByRole('link', { name: 'Marco Polo' }).click();
    await page.getByText('"Marco Polo"').first().waitFor();
    const shown = await details();
    await shown.getByText('In conversation').waitFor();
    await shown.getByText(`Agents: ${ids.jill}`).waitFor();
    await shot(page, 'operator-details');
  }, 120_000);

  test('finds a chat by its account, state, agent and channel', async () => {
    const channel = await zoom.channel(/^Marco Polo · /);
    const found: Record<string, number> = {
      [`WorkflowType = "chat" AND LiveChatAccount = "${accountId}"`]: 2,
      'WorkflowType = "chat" AND LiveChatStatus = "active"': 1,
      [`LiveChatAgents = "${ids.jill}"`]: 1,
      [`LiveChatChannel = "${channel.id}"`]: 1,
      'WorkflowType = "chat" AND LiveChatWaitsFor IS NOT NULL': 0,
    };
    for (const [query, count] of Object.entries(found)) {
      await page.goto(list(query));
      // A list that is still empty is not yet a list of nothing.
      await page
        .getByRole('heading')
        .filter({ hasText: new RegExp(`^\\s*${String(count)}\\s*Workflow`) })
        .first()
        .waitFor();
      await expect.poll(() => workflows().count(), { message: query, timeout }).toBe(count);
    }
  }, 120_000);

  test('is told why an Update is refused, and sees the chat go to another agent', async () => {
    await page.goto(list('WorkflowType = "chat" AND LiveChatStatus = "active"'));
    await workflows().first().click();
    await sendUpdate('reassignChat', { to: 'nobody@example.com' });
    await page.getByText('Zoom knows no active member of the account by that id or e-mail address.').first().waitFor();
    await shot(page, 'operator-refused');
    await page.reload();
    await sendUpdate('reassignChat', { to: 'sam@example.com' });
    await updated();
    await eventually(() =>
      expect(marco().entries.slice(-2)).toMatchObject([{ kind: 'agentJoined' }, { kind: 'agentLeft' }]),
    );
    await eventually(async () => {
      const { members } = await zoom.channel(/^Marco Polo · /);
      expect(members.map(({ id }) => id).sort()).toEqual([ids.alex, ids.sam].sort());
    });
    await page.reload();
    const shown = await details();
    await shown.getByText(`Agents: ${ids.sam}`).waitFor();
    await shown.getByText(`Taken off by an operator: ${ids.jill}`).waitFor();
    await shot(page, 'operator-reassigned');
  }, 120_000);

  test('sees what a chat waits for in Zoom, and has it tried at once', async () => {
    await zoom.faults({
      rules: [
        {
          kind: 'status',
          status: 429,
          headers: { 'Retry-After': '240' },
          times: 1,
          match: { method: 'POST', path: '/v2/im/chat/messages' },
        },
      ],
    });
    marco().say('Are you there, Sam?');
    await page.goto(`${stack.urls.app}/operator`);
    await eventually(async () => {
      await page.reload();
      const heldUp = page.getByRole('listitem').filter({ hasText: 'Kept waiting by Zoom' });
      expect(await heldUp.innerText()).toContain('1');
    });
    await page.getByRole('link', { name: 'Kept waiting by Zoom' }).click();
    await workflows().first().click();
    const shown = await details();
    await shown.getByText('Waits for a post to the chat channel').waitFor();
    await shown.getByText('Zoom is away, overloaded, or asks to wait (ZoomUnavailable)').waitFor();
    await shot(page, 'operator-waits');
    await sendUpdate('retryNow');
    await updated();
    const { messages } = await zoom.channel(/^Marco Polo · /);
    expect(messages.filter((message) => JSON.stringify(message).includes('Are you there, Sam?'))).toHaveLength(1);
  }, 120_000);

  test('reads where an install has stopped, and retries it', async () => {
    await zoom.faults({
      rules: [{ kind: 'status', status: 403, code: 7004, match: { method: 'POST', path: '/v2/im/chat/messages' } }],
    });
    const ada = new Admin(stack.urls);
    const callback = await ada.decide(await ada.consentUrl(), ids.ada, 'allow');
    await ada.request(callback.href);
    await eventually(async () => expect((await ada.json<{ status: string }>('/api/install')).status).toBe('failed'));
    await eventually(async () => {
      await page.goto(list('WorkflowType = "install" AND LiveChatStatus = "failed"'));
      await workflows().first().waitFor({ timeout: 5_000 });
    }, 40_000);
    await workflows().first().click();
    const shown = await details();
    await shown.getByText('Failed, waiting for a retry').waitFor();
    await shown.getByText('What helps:').waitFor();
    await shot(page, 'operator-install');
    await zoom.clearFaults();
    await sendUpdate('retryInstall');
    await updated();
    await eventually(async () => expect((await ada.json<{ status: string }>('/api/install')).status).toBe('ready'));
  }, 120_000);

  test('ends a chat, told to both sides', async () => {
    await page.goto(list('WorkflowType = "chat" AND LiveChatStatus = "active"'));
    await workflows().first().click();
    await sendUpdate('endChat', { by: 'operator' });
    await eventually(() => expect(marco().entries.at(-1)).toMatchObject({ kind: 'ended' }));
    await eventually(async () => {
      const { messages } = await zoom.channel(/^Marco Polo · /);
      expect(JSON.stringify(messages.at(-1))).toContain('An operator ended this chat.');
    });
  }, 60_000);
});
