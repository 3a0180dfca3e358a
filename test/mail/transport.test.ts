import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createMailTransport, MailError, type MailTransport, type OutgoingMail } from '../../mail/transport.ts';
import { startSandbox, type RunningSandbox } from '../../tools/sandbox/server.ts';

let sandbox: RunningSandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());
afterEach(() => fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' }));

const from = { address: 'chat@sandbox.example' };
const smtp = (port: number) => ({ host: '127.0.0.1', port, secure: false, requireTls: false, ignoreTls: false });
const transport = (timeoutMs?: number): MailTransport =>
  createMailTransport({ smtp: smtp(sandbox.smtpPort), from, ...(timeoutMs === undefined ? {} : { timeoutMs }) });

const mail = (to: string, change: Partial<OutgoingMail> = {}): OutgoingMail => ({
  fromName: 'Atlas “Support”, Bikes',
  to,
  subject: 'Jill (Atlas) answered you – ☕',
  text: '.\nGrüße\n',
  html: '<p>Grüße</p>',
  messageId: 'chat-abc-3-5',
  threadId: 'chat-abc',
  date: new Date('2026-11-28T10:00:00Z'),
  unsubscribeUrl: `https://chat.example.com/chat/mails?token=${'x'.repeat(150)}`,
  ...change,
});

const mailSchema = z.object({
  mails: z.array(
    z.looseObject({
      from: z.string(),
      to: z.string(),
      subject: z.string(),
      text: z.string(),
      html: z.string(),
      headers: z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  ),
});
async function mailsTo(address: string) {
  const response = await fetch(`${sandbox.url}/_sandbox/mails?to=${encodeURIComponent(address)}`);
  return mailSchema.parse(await response.json()).mails;
}

async function inject(effect: string, more: object = {}): Promise<void> {
  const rules = [{ kind: 'mail', effect, ...more }];
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${sandbox.url}/_sandbox/faults`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ rules }),
  });
  expect(response.status).toBe(200);
}

async function failureOf(send: Promise<void>): Promise<MailError> {
  const error: unknown = await send.then(
    () => new Error('It was sent.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MailError)) throw error as Error;
  return error;
}

describe('a mail', () => {
  test('arrives as it was written, with what mail programs need to stop it', async () => {
    await transport().send(mail('jane@example.com'));
    const [got, ...more] = await mailsTo('jane@example.com');
    expect(more).toEqual([]);
    expect(got).toMatchObject({
      from: '"Atlas “Support”, Bikes" <chat@sandbox.example>',
      to: 'jane@example.com',
      subject: 'Jill (Atlas) answered you – ☕',
      text: '.\nGrüße\n',
    });
    const headers = Object.fromEntries(got?.headers.map(({ name, value }) => [name, value]) ?? []);
    expect(headers).toMatchObject({
      'message-id': '<chat-abc-3-5@sandbox.example>',
      references: '<chat-abc@sandbox.example>',
      date: 'Sat, 28 Nov 2026 10:00:00 +0000',
      'list-unsubscribe': `<https://chat.example.com/chat/mails?token=${'x'.repeat(150)}>`,
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
      'auto-submitted': 'auto-generated',
    });
  });

  test('cannot be given further headers or recipients by what is in it', async () => {
    const subject = 'Hello\r\nBcc: victim@example.com\r\n\r\nbody';
    await transport().send(mail('header@example.com', { subject, fromName: 'A\r\nX-Evil: 1' }));
    const [got] = await mailsTo('header@example.com');
    expect(got?.headers.map(({ name }) => name)).not.toContain('bcc');
    expect(got?.headers.map(({ name }) => name)).not.toContain('x-evil');
    expect(await mailsTo('victim@example.com')).toEqual([]);
  });

  test('that is refused for its recipient says so, and names nobody', async () => {
    await inject('refuse', { match: { to: 'nobody@*' } });
    const error = await failureOf(transport().send(mail('nobody@example.com')));
    expect(error.kind).toBe('refused');
    expect(error.message).toContain('550 5.1.1');
    expect(error.message).not.toContain('nobody');
    expect(await mailsTo('nobody@example.com')).toEqual([]);
    await transport().send(mail('somebody@example.com'));
  });

  test('that is deferred was not sent, for sure', async () => {
    await inject('defer');
    const error = await failureOf(transport().send(mail('later@example.com')));
    expect(error).toMatchObject({ kind: 'notNow' });
    expect(error.message).toContain('451 4.7.1');
  });

  test('may have been sent when the connection ends before the answer', async () => {
    await inject('drop', { times: 1 });
    expect((await failureOf(transport().send(mail('lost@example.com')))).kind).toBe('unknown');
    // As it was, in fact.
    expect(await mailsTo('lost@example.com')).toHaveLength(1);
  });

  test('may have been sent when the server takes too long', async () => {
    await inject('delay', { delay_ms: 3_000 });
    expect((await failureOf(transport(300).send(mail('slow@example.com')))).kind).toBe('unknown');
  });
});

describe('a mail server', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  let heard = '';
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });
  /** A server that says these lines, one to each line that it hears, the first at once. */
  async function saying(...answers: string[]): Promise<number> {
    const server = createServer((socket) => {
      sockets.add(socket);
      const left = [...answers];
      const say = () => void socket.write(`${left.shift() ?? '250 OK'}\r\n`);
      say();
      socket.on('data', (data) => {
        heard += data.toString();
        say();
      });
      socket.on('error', () => undefined);
    });
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  }
  const kindAt = async (port: number, more: object = {}) => {
    const { send } = createMailTransport({ smtp: { ...smtp(port), ...more }, from, timeoutMs: 2_000 });
    return (await failureOf(send(mail('jane@example.com')))).kind;
  };

  test('that is not there has been sent nothing', async () => {
    const port = await saying();
    servers[0]?.close();
    expect(await kindAt(port)).toBe('notNow');
  });

  test('that says nothing, or wants no connection, has been sent nothing', async () => {
    expect(await kindAt(await saying('421 4.3.2 Too busy'))).toBe('notNow');
    expect(await kindAt(await saying('220 hello', '421 4.3.2 Closing'))).toBe('notNow');
  });

  test('that refuses the sender or the password needs a repair, and is no matter of the recipient', async () => {
    expect(await kindAt(await saying('220 hello', '250 hi', '550 5.7.1 Not from there'))).toBe('notNow');
    const auth = { user: 'me', pass: 'secret' };
    const port = await saying('220 hello', '250-hi\r\n250 AUTH PLAIN', '535 5.7.8 Wrong');
    expect(await kindAt(port, { auth })).toBe('notNow');
  });

  test('that has no TLS gets no password where TLS is needed', async () => {
    const port = await saying('220 hello', '250-hi\r\n250 AUTH PLAIN', '502 no');
    const auth = { user: 'me', pass: 'secret' };
    heard = '';
    expect(await kindAt(port, { auth, requireTls: true })).toBe('notNow');
    expect(heard).toMatch(/^EHLO .*\r\nSTARTTLS\r\n/);
    expect(heard).not.toContain('AUTH');
  });
});
