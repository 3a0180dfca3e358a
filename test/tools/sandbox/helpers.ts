import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { startSandbox, type RunningSandbox, type SandboxOptions } from '../../../tools/sandbox/server.ts';

export const redirectUri = 'http://localhost:3000/oauth/callback';
export const clientId = 'sandbox-client-id';
export const basic = `Basic ${Buffer.from(`${clientId}:sandbox-client-secret`).toString('base64')}`;
export const botJid = 'v1sandboxlivechatbot00@xmpp.zoom.us';
export const secret = 'sandbox-webhook-secret-token';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** The JSON body; an empty object when there is none. */
  json: Record<string, unknown>;
}

const record = z.record(z.string(), z.unknown());

/** A JSON object of an answer, by name. */
export const part = (value: unknown): Record<string, unknown> => record.parse(value);
/** A list of JSON objects of an answer. */
export const list = (value: unknown): Record<string, unknown>[] => z.array(record).parse(value);

/** One event as an endpoint received it. */
export interface Received {
  event: string;
  headers: IncomingHttpHeaders;
  raw: string;
  body: Record<string, unknown>;
  payload: Record<string, unknown>;
}

/** An endpoint of an app: answers validations rightly, keeps everything else, and answers as `answer` says. */
export class Receiver {
  readonly events: Received[] = [];
  url = '';
  answer: (received: Received) => number | 'hang' = () => 200;
  validates: 'right' | 'wrong' = 'right';
  readonly #server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (chunk: Buffer) => parts.push(chunk));
    req.on('end', () => {
      const raw = Buffer.concat(parts).toString('utf8');
      const body = part(JSON.parse(raw));
      const payload = part(body['payload']);
      const received = { event: String(body['event']), headers: req.headers, raw, body, payload };
      if (received.event === 'endpoint.url_validation') {
        const plainToken = String(payload['plainToken']);
        const key = this.validates === 'right' ? secret : 'another key';
        const encryptedToken = createHmac('sha256', key).update(plainToken).digest('hex');
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ plainToken, encryptedToken }));
        return;
      }
      const status = this.answer(received);
      this.events.push(received);
      if (status === 'hang') return;
      res.statusCode = status;
      res.end();
    });
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
    return this;
  }

  named(event: string): Received[] {
    return this.events.filter((one) => one.event === event);
  }

  async until(event: string, count = 1): Promise<Received[]> {
    await eventually(
      () => this.named(event).length >= count,
      `${count} × ${event}, got ${this.events.map((one) => one.event).join()}`,
    );
    return this.named(event);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Waits until something is true, or fails after a few seconds. */
export async function eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 6_000;
  while (Date.now() < end) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Did not happen: ${what}`);
}

export interface Person {
  id: string;
  email: string;
  jid: string;
  account_id: string;
  name: string;
}

/** A sandbox with what a test needs to talk to it. */
export class Rig {
  readonly sandbox: RunningSandbox;
  constructor(sandbox: RunningSandbox) {
    this.sandbox = sandbox;
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const form = typeof body === 'string';
    const response = await fetch(path.startsWith('http') ? path : `${this.sandbox.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined
          ? {}
          : { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let json: unknown = {};
    try {
      json = JSON.parse(text);
    } catch {
      // Not every answer is JSON.
    }
    return { status: response.status, headers: response.headers, text, json: record.catch({}).parse(json) };
  }

  control(path: string, body: unknown = {}): Promise<Reply> {
    return this.call('POST', `/_sandbox${path}`, body);
  }

  async state(): Promise<Record<string, unknown>> {
    return (await this.call('GET', '/_sandbox/state')).json;
  }

  async person(email: string): Promise<Person> {
    const found = list((await this.state())['users']).find((user) => user['email'] === email);
    return z
      .object({ id: z.string(), email: z.string(), jid: z.string(), account_id: z.string(), name: z.string() })
      .parse(found);
  }

  async channel(id: string): Promise<Record<string, unknown>> {
    const found = list((await this.state())['channels']).find((channel) => channel['id'] === id);
    return part(found);
  }

  token(form: Record<string, string>, authorization = basic): Promise<Reply> {
    return this.call('POST', '/oauth/token', new URLSearchParams(form).toString(), { authorization });
  }

  async code(email: string, extra: Record<string, string> = {}): Promise<string> {
    const reply = await this.control(`/users/${email}/authorize`, { redirect_uri: redirectUri, ...extra });
    return z.string().parse(reply.json['code']);
  }

  /** Installs the app as somebody. */
  async install(
    email = 'alex@example.com',
  ): Promise<{ access: string; refresh: string; auth: Record<string, string> }> {
    const reply = await this.token({
      grant_type: 'authorization_code',
      code: await this.code(email),
      redirect_uri: redirectUri,
    });
    const access = z.string().parse(reply.json['access_token']);
    return {
      access,
      refresh: z.string().parse(reply.json['refresh_token']),
      auth: { authorization: `Bearer ${access}` },
    };
  }

  async botAuth(): Promise<Record<string, string>> {
    const reply = await this.token({ grant_type: 'client_credentials' });
    return { authorization: `Bearer ${String(reply.json['access_token'])}` };
  }

  /** @throws for a switch that there is not, since a test of it would pass without testing anything */
  async switches(change: Record<string, unknown>): Promise<Reply> {
    const reply = await this.control('/faults', { switches: change });
    if (reply.status !== 200) throw new Error(`The switches were refused: ${reply.text}`);
    return reply;
  }
}

/** A card with a Join Chat button. */
export const joinCard = {
  head: { text: 'New chat' },
  body: [
    { type: 'message', text: 'Hi' },
    { type: 'actions', items: [{ text: 'Join Chat', value: 'join:1', style: 'Primary' }] },
  ],
};

const open: (() => Promise<void> | void)[] = [];

/** Starts a sandbox that {@link closeAll} stops. */
export async function rig(options: SandboxOptions = {}): Promise<Rig> {
  const sandbox = await startSandbox({ port: 0, ...options });
  open.push(() => sandbox.close());
  return new Rig(sandbox);
}

/** Starts an endpoint that {@link closeAll} stops. */
export async function receiver(): Promise<Receiver> {
  const made = await new Receiver().start();
  open.push(() => made.close());
  return made;
}

export async function closeAll(): Promise<void> {
  for (const close of open.splice(0).reverse()) await close();
}

export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');
