import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { createApp } from '../../api/app.ts';
import { sessions } from '../../api/auth/session.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { accountId, fakeDependencies, start, userId, webhookSecret } from './fakes.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

export async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The app over fakes, on a port of its own. */
export async function startTestApp(env: Record<string, string> = {}, changes: Partial<ApiDependencies> = {}) {
  const fakes = fakeDependencies(env);
  const dependencies = { ...fakes.dependencies, ...changes };
  const url = await listen(createServer(createApp(dependencies)));
  const browser = new Browser(url);
  return { ...fakes, dependencies, url, browser, signIn: () => browser.signIn(dependencies) };
}

/** As much of a browser as the tests need: cookies, and no redirects followed. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.send('GET', path, { headers });
  }

  /** A request from one of our own pages. */
  async post(path: string, body?: unknown, method = 'POST'): Promise<Response> {
    return this.send(method, path, {
      headers: {
        origin: 'http://localhost:3000',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async send(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
  ): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.#url + path, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(cookie === '' ? {} : { cookie }) },
      ...(body === undefined ? {} : { body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  async signIn(dependencies: ApiDependencies): Promise<void> {
    const response = { cookie: (name: string, value: string) => this.cookies.set(name, value) };
    await sessions(dependencies).start(response as never, { zoomUserId: userId, accountId });
  }
}

export interface WebhookOptions {
  path?: string;
  secret?: string;
  /** ms since 1970. */
  at?: number;
  requestId?: string;
  headers?: Record<string, string>;
}

/** Send a webhook signed as Zoom signs. */
export async function sendWebhook(url: string, body: unknown, options: WebhookOptions = {}): Promise<Response> {
  const { path = '/webhooks/zoom/events', secret = webhookSecret, at = start, requestId = randomUUID() } = options;
  const raw = typeof body === 'string' ? body : JSON.stringify(body);
  const timestamp = String(Math.floor(at / 1_000));
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${raw}`).digest('hex')}`;
  return fetch(url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-zm-request-timestamp': timestamp,
      'x-zm-signature': signature,
      'x-zm-request-id': requestId,
      ...options.headers,
    },
    body: raw,
  });
}
