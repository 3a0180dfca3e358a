import { createTransport } from 'nodemailer';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startSandbox, type RunningSandbox } from '../../../tools/sandbox/server.ts';

const folder = await mkdtemp(join(tmpdir(), 'sandbox-mail-'));
let sandbox: RunningSandbox = await startSandbox({ dataDir: folder });
afterAll(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

const page = async (path: string) => {
  const response = await fetch(sandbox.url + path);
  return { status: response.status, headers: response.headers, html: await response.text() };
};

it('shows what was sent, whatever is in it, and runs nothing of it', async () => {
  expect((await page('/mailbox')).html).toContain('No e-mail yet');
  await createTransport({ host: '127.0.0.1', port: sandbox.smtpPort }).sendMail({
    from: 'Atlas <chat@sandbox.example>',
    to: 'jane@example.com',
    subject: '<b>Hello</b>',
    text: '<script>text</script>',
    html: '<html><head></head><body><script>alert(1)</script><a href="https://example.com/">go</a></body></html>',
  });
  const list = await page('/mailbox');
  expect(list.html).toContain('&lt;b>Hello&lt;/b>');
  const [, id = ''] = /href="\/mailbox\/([\w-]+)"/.exec(list.html) ?? [];
  const mail = await page(`/mailbox/${id}`);
  expect(mail.html).toContain('&lt;script>text&lt;/script>');
  expect(mail.html).toContain('jane@example.com');
  const html = await page(`/mailbox/${id}/html`);
  expect(html.html).toContain('<base target="_blank">');
  const policy = html.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/sandbox allow-popups allow-popups-to-escape-sandbox$/);
  expect((await page('/mailbox/nothing')).status).toBe(404);
  expect((await page('/mailbox/nothing/html')).status).toBe(404);
});

it('keeps the mails over a restart, and forgets them with a reset', async () => {
  await sandbox.close();
  sandbox = await startSandbox({ dataDir: folder });
  expect((await page('/mailbox')).html).toContain('&lt;b>Hello&lt;/b>');
  await fetch(`${sandbox.url}/_sandbox/reset`, { method: 'POST' });
  expect((await page('/mailbox')).html).toContain('No e-mail yet');
});

it('refuses a mail that is too large', async () => {
  const sent = createTransport({ host: '127.0.0.1', port: sandbox.smtpPort }).sendMail({
    from: 'chat@sandbox.example',
    to: 'jane@example.com',
    text: 'x'.repeat(1_100_000),
  });
  await expect(sent).rejects.toThrow();
  expect((await page('/mailbox')).html).toContain('No e-mail yet');
});
