import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce } from '../../tools/embedded/test-servers.ts';
import { launchBrowser, person, shot } from '../e2e/browser.ts';
import { Admin, eventually, Visitor, ZoomSide } from '../support/driver.ts';

/** The whole system with the sandbox's mail server: what agents answer while a visitor is away, and the way back. */
let stack: Stack;
let dataDir: string;
let zoom: ZoomSide;
let widget: string;
let browser: Browser;
let jill: string;

beforeAll(async () => {
  await builtOnce();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-mail-'));
  const env = { MAIL_AFTER_SECONDS: '5' };
  [stack, browser] = await Promise.all([
    startStack({ dataDir, skipBuild: true, autoRestart: false, temporalUi: false, env }),
    launchBrowser(),
  ]);
  zoom = new ZoomSide(stack.urls.sandbox ?? '');
  await zoom.faults({ switches: { retryScale: 0.01 } });
  const { users } = await zoom.state();
  const idOf = (email: string) => users.find((user) => user.email === email)?.id ?? '';
  jill = idOf('jill@example.com');
  const admin = new Admin(stack.urls);
  await admin.install(idOf('alex@example.com'));
  widget = (await admin.dashboard()).widget.id;
  const inbound = await zoom.channel('Live Chat Inbound');
  await zoom.invite(idOf('alex@example.com'), inbound.id, [jill]);
}, 180_000);
afterAll(async () => {
  await browser.close();
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

/** A visitor whom Jill has joined, and who then goes. */
async function awayVisitor(name: string, email: string) {
  const visitor = new Visitor(stack.urls.app, widget, name, email);
  await visitor.connect();
  visitor.say(`This is ${name}`);
  await zoom.press(jill, await eventually(() => zoom.inboundCard(`This is ${name}`)), 'Join Chat');
  const channel = await eventually(() => zoom.channel(new RegExp(`^${name} · `)));
  await eventually(() => expect(visitor.entries.map(({ kind }) => kind)).toContain('agentJoined'));
  visitor.drop();
  return { visitor, channel };
}

/** Nothing that keeps somebody from reading or using the page. */
async function expectAccessible(page: Page): Promise<void> {
  await page.addScriptTag({ content: axe.source }).catch(() => page.evaluate(axe.source));
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: { id: string }[] }> } };
    return (await axe.run()).violations.map(({ id }) => id);
  });
  expect(violations).toEqual([]);
}

const log = (page: Page) => page.getByRole('log');

test('what an agent answers to a visitor who is away comes by e-mail, leads back, and can be stopped', async () => {
  const { channel } = await awayVisitor('Jane Doe', 'jane@example.net');
  await zoom.write(jill, channel.id, 'Yes, we deliver to Norway.');
  await zoom.write(jill, channel.id, 'It takes five <working> days & costs 9 €.');
  const [mail, ...others] = await eventually(async () => {
    const mails = await zoom.mailsTo('jane@example.net');
    expect(mails).not.toEqual([]);
    return mails;
  }, 60_000);
  expect(others).toEqual([]);
  expect(mail?.from).toMatch(/ <chat@sandbox\.example>$/);
  expect(mail?.subject).toMatch(/^Jill .* answered you$/);
  expect(mail?.text).toContain('Yes, we deliver to Norway.\n');
  expect(mail?.text).toContain('It takes five <working> days & costs 9 €.\n');
  expect(mail?.text).not.toContain('This is Jane Doe');
  expect(mail?.html).toContain('It takes five &lt;working&gt; days &amp; costs 9 €.');
  if (process.env['SCREENSHOTS']) console.log(mail?.text);

  const mailbox = await (await person(browser)).newPage();
  await mailbox.goto(`${stack.urls.sandbox ?? ''}/mailbox`);
  await shot(mailbox, 'mailbox');
  await mailbox.getByRole('link', { name: 'answered you' }).click();
  const html = mailbox.frameLocator('iframe');
  await html.getByRole('link', { name: 'Open the chat' }).waitFor();
  await shot(mailbox, 'mail');

  // By the link in the mail, in a browser that has never been here: a phone.
  const phone = await browser.newContext({ viewport: { width: 390, height: 780 } });
  const page = await phone.newPage();
  await page.goto((await html.getByRole('link', { name: 'Open the chat' }).getAttribute('href')) ?? '');
  await log(page).getByText('Yes, we deliver to Norway.').waitFor();
  await log(page).getByText('This is Jane Doe').waitFor();
  expect(new URL(page.url()).hash).toBe('');
  await shot(page, 'chat-phone');
  await page.getByRole('textbox', { name: 'Message' }).fill('Great, thank you!');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await eventually(async () =>
    expect(JSON.stringify((await zoom.channel(channel.name)).messages)).toContain('Great, thank you!'),
  );
  // A reload goes on with it, and nothing is left for whoever opens another tab.
  await page.reload();
  await log(page).getByText('Great, thank you!').waitFor();
  const stranger = await phone.newPage();
  await stranger.goto(`${stack.urls.app}/chat`);
  await stranger.getByText('Open the link in the e-mail about your chat.').waitFor();
  await shot(stranger, 'chat-no-link');
  await page.setViewportSize({ width: 1280, height: 860 });
  await shot(page, 'chat-desktop');
  await phone.close();

  const stop = await (await person(browser)).newPage();
  await stop.goto((await html.getByRole('link', { name: 'Stop e-mails' }).getAttribute('href')) ?? '');
  await shot(stop, 'stop');
  await expectAccessible(stop);
  await stop.getByRole('button', { name: 'Stop these e-mails' }).click();
  await stop.getByRole('heading', { name: 'E-mails about this chat are stopped' }).waitFor();
  await shot(stop, 'stopped');
  await expectAccessible(mailbox);
}, 120_000);

test('agents are told of an address that takes no mail', async () => {
  await zoom.faults({ rules: [{ kind: 'mail', effect: 'refuse', match: { to: 'nobody@*' } }] });
  const { channel } = await awayVisitor('Nora Nobody', 'nobody@example.net');
  await zoom.write(jill, channel.id, 'Here is your answer.');
  await eventually(async () => {
    expect(JSON.stringify((await zoom.channel(channel.name)).messages)).toContain('could not be e-mailed');
  }, 60_000);
  expect(await zoom.mailsTo('nobody@example.net')).toEqual([]);
}, 90_000);
