import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDevelopmentUi } from '../../api/app.ts';
import { listen, startTestApp } from './harness.ts';

const publicUrl = 'http://localhost:3000';
type TestApp = Awaited<ReturnType<typeof startTestApp>>;

/** Temporal UI as far as the proxy sees it: what it was asked, and a CSRF cookie for everybody. */
interface FakeUi {
  url: string;
  server: Server;
  /** The path of Markdown as a page. */
  markdownAt: string;
  asked: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[];
}
let ui: FakeUi;
beforeEach(async () => {
  const asked: FakeUi['asked'] = [];
  const server = createServer((incoming, answer) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => {
      asked.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body });
      answer.setHeader('Set-Cookie', '_csrf=token; Path=/; SameSite=Strict');
      answer.setHeader('X-Frame-Options', 'SAMEORIGIN');
      if (incoming.url?.startsWith(`${ui.markdownAt}?`)) answer.setHeader('Content-Security-Policy', 'sandbox');
      if (incoming.url?.endsWith('/slow')) answer.write('first');
      else answer.end('a list of workflows');
    });
  });
  ui = { url: await listen(server), server, markdownAt: '/temporal/render', asked };
});

async function signedInApp(): Promise<TestApp> {
  const app = await startTestApp({ TEMPORAL_UI_URL: ui.url });
  await app.browser.send('POST', '/operator/signin', {
    headers: { origin: publicUrl, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ password: 'correct horse battery' }).toString(),
  });
  return app;
}

/** A request with any `Host`, which fetch does not let one choose. */
async function asHost(
  url: string,
  host: string,
  path: string,
): Promise<{ status: number; headers: string; body: string }> {
  const sent = request(url + path, { headers: { host } }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of answer) body += String(chunk);
  return { status: answer.statusCode ?? 0, headers: JSON.stringify(answer.headers), body };
}

describe('Temporal UI, through the api', () => {
  test('is for signed-in operators', async () => {
    const app = await startTestApp({ TEMPORAL_UI_URL: ui.url });
    const page = await app.browser.get('/temporal/namespaces/default/workflows', { accept: 'text/html' });
    expect([page.status, page.headers.get('location')]).toEqual([303, '/operator']);
    const call = await app.browser.get('/temporal/api/v1/namespaces');
    expect(call.status).toBe(401);
    expect(call.headers.get('content-type')).toContain('application/problem+json');
    expect(ui.asked).toEqual([]);
  });

  test('hands pages and calls on, under the path that Temporal UI knows itself by', async () => {
    const { browser } = await signedInApp();
    const answer = await browser.get('/temporal/api/v1/namespaces/default/workflows?query=a%20b');
    expect(await answer.text()).toBe('a list of workflows');
    expect(ui.asked[0]?.url).toBe('/temporal/api/v1/namespaces/default/workflows?query=a%20b');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const file = await browser.get('/temporal/_app/immutable/chunks/a.B1.js');
    expect(file.headers.get('cache-control')).toContain('immutable');
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
  });

  test('gives Temporal UI its own cookie and none of ours, and the browser that cookie for its pages alone', async () => {
    const { browser } = await signedInApp();
    const answer = await browser.get('/temporal/', { authorization: 'Bearer secret' });
    expect(answer.headers.getSetCookie()).toEqual(['_csrf=token; Path=/temporal; SameSite=Strict']);
    await browser.get('/temporal/');
    expect(ui.asked.map(({ headers }) => headers.cookie)).toEqual([undefined, '_csrf=token']);
    expect(ui.asked[0]?.headers.authorization).toBeUndefined();
  });

  test('changes something for pages of this address only', async () => {
    const { browser } = await signedInApp();
    const terminate = (headers: Record<string, string>) =>
      browser.send('POST', '/temporal/api/v1/namespaces/default/workflows/x/terminate', { headers, body: '{}' });
    for (const headers of [{}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      expect((await terminate(headers as Record<string, string>)).status).toBe(403);
    }
    expect(ui.asked).toEqual([]);
    expect((await terminate({ origin: publicUrl })).status).toBe(200);
    expect((await terminate({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect(ui.asked.map(({ body }) => body)).toEqual(['{}', '{}']);
  });

  test('takes no body that is too large, or whose length is not told', async () => {
    const { browser, url } = await signedInApp();
    const headers = { origin: publicUrl };
    const large = await browser.send('POST', '/temporal/api/v1/x', { headers, body: 'x'.repeat(5 * 1024 * 1024) });
    expect(large.status).toBe(413);
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const unsized = request(`${url}/temporal/api/v1/x`, {
      method: 'POST',
      headers: { ...headers, cookie, 'transfer-encoding': 'chunked' },
    });
    unsized.end('x');
    const [answer] = (await once(unsized, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(411);
    expect(ui.asked).toEqual([]);
  });

  test.each([
    ['/temporal/render', '/temporal/render'],
    ['/temporal/temporal/render', '/temporal/temporal/render'],
  ])('has Markdown shown where Temporal UI has it, with its own policy: %s', async (has, asked) => {
    ui.markdownAt = has;
    const { browser } = await signedInApp();
    const answer = await browser.get('/temporal/render?content=**Hello**&theme=light');
    expect(ui.asked.at(-1)?.url).toBe(`${asked}?content=**Hello**&theme=light`);
    expect(answer.headers.get('content-security-policy')).toBe('sandbox');
  });

  test('streams, and lets go of Temporal UI when the browser leaves', async () => {
    const { browser, url } = await signedInApp();
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const left = once(ui.server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /temporal/slow HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    await expect.poll(() => received).toContain('first');
    socket.destroy();
    await left;
  });

  test('says in words that Temporal UI is away, or not connected', async () => {
    const { browser } = await signedInApp();
    ui.server.close();
    ui.server.closeAllConnections();
    await once(ui.server, 'close');
    const away = await browser.get('/temporal/api/v1/namespaces');
    expect([away.status, ((await away.json()) as { detail: string }).detail]).toEqual([
      503,
      'Temporal UI does not answer.',
    ]);
    // For the end of the test, which closes it once more.
    ui.server.listen();
    const none = await startTestApp();
    await none.browser.send('POST', '/operator/signin', {
      headers: { origin: publicUrl, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ password: 'correct horse battery' }).toString(),
    });
    expect((await none.browser.get('/temporal/')).status).toBe(404);
  });
});

describe('a page elsewhere whose name leads to this machine', () => {
  test.each(['/', '/operator', '/temporal/', '/codec/decode', '/api/session', '/signin'])(
    'gets nothing from %s',
    async (path) => {
      const app = await signedInApp();
      for (const host of ['evil.example', 'evil.example:3000', 'localhost.evil.example', 'localhost@evil.example']) {
        const { status, headers, body } = await asHost(app.url, host, path);
        expect(status, host).toBeGreaterThanOrEqual(400);
        expect(headers).not.toContain('set-cookie');
        expect(body).not.toContain('workflows');
      }
      expect(ui.asked).toEqual([]);
    },
  );

  test('is answered as anybody is where no answer is anybody’s own: health, and the widget', async () => {
    const { url } = await startTestApp();
    expect((await asHost(url, '10.0.0.7:3000', '/healthz')).status).toBe(200);
  });

  test('the names of the app and of this machine are answered', async () => {
    const { url } = await startTestApp({ PUBLIC_URL: 'https://chat.example.com' });
    for (const host of ['chat.example.com', 'chat.example.com:443', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000']) {
      expect((await asHost(url, host, '/')).status, host).toBe(200);
    }
    expect((await asHost(url, 'other.example.com', '/')).status).toBe(421);
  });
});

describe('the port of Temporal UI in development', () => {
  async function development(): Promise<{ url: string; app: TestApp }> {
    const app = await startTestApp({ TEMPORAL_UI_URL: ui.url });
    return { app, url: await listen(createServer(createDevelopmentUi(app.dependencies, 8233))) };
  }

  test('leads to Temporal UI without a sign-in', async () => {
    const { url } = await development();
    expect(await (await fetch(`${url}/namespaces/default/workflows?a=b`)).text()).toBe('a list of workflows');
    expect(ui.asked[0]?.url).toBe('/temporal/namespaces/default/workflows?a=b');
  });

  test('decrypts for nobody who is not signed in', async () => {
    const { url } = await development();
    const decode = (origin: string) =>
      fetch(`${url}/codec/decode`, {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: '{"payloads":[]}',
      });
    expect((await decode('http://localhost:8233')).status).toBe(401);
    expect((await decode('http://localhost:3000')).status).toBe(403);
  });

  test('gives a page elsewhere nothing: no list, no cookie, no change', async () => {
    const { url } = await development();
    for (const path of ['/', '/temporal/', '/temporal/api/v1/namespaces/default/workflows', '/codec/decode']) {
      const { status, headers, body } = await asHost(url, 'evil.example:8233', path);
      expect(status).toBe(421);
      expect(headers).not.toContain('set-cookie');
      expect(body).not.toContain('workflows');
    }
    const terminate = await fetch(`${url}/temporal/api/v1/namespaces/default/workflows/x/terminate`, {
      method: 'POST',
      headers: { origin: 'http://evil.example:8233' },
    });
    expect(terminate.status).toBe(403);
    expect(ui.asked).toEqual([]);
  });
});
