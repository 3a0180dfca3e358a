import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { chat, member, start, userId } from './fakes.ts';
import { startTestApp } from './harness.ts';

describe('every answer', () => {
  test('carries the security headers', async () => {
    const { browser } = await startTestApp();
    const { headers } = await browser.get('/');
    const policy = headers.get('content-security-policy') ?? '';
    for (const rule of [
      "default-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "connect-src 'self'",
    ]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('permissions-policy')).toContain('camera=()');
    // With `no-referrer` browsers would send `Origin: null` with our own forms.
    expect(headers.get('referrer-policy')).toBe('same-origin');
  });

  test('is a page for a person and problem JSON for a program, when there is nothing', async () => {
    const { browser } = await startTestApp();
    const page = await browser.get('/nowhere');
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    const problem = await browser.get('/api/nowhere');
    expect(problem.status).toBe(404);
    expect(problem.headers.get('content-type')).toContain('application/problem+json');
    expect(await problem.json()).toMatchObject({ status: 404, title: 'Not found' });
  });

  test('shows nothing of the inside when something breaks', async () => {
    const { browser } = await startTestApp(
      {},
      {
        renderPage: (page) => {
          if (page.name === 'landing') throw new Error('inside knowledge');
          return page.name;
        },
      },
    );
    const response = await browser.get('/');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('inside');
  });
});

describe('built files', () => {
  async function built() {
    const webDir = await mkdtemp(path.join(tmpdir(), 'web-'));
    await mkdir(path.join(webDir, 'assets'));
    await writeFile(path.join(webDir, 'widget.js'), 'widget()');
    await writeFile(path.join(webDir, 'assets', 'page-abc.js'), 'page()');
    return webDir;
  }

  test('the widget loads from any site, with a short life and an ETag', async () => {
    const { browser } = await startTestApp({}, { webDir: await built() });
    const response = await browser.get('/widget.js');
    expect(await response.text()).toBe('widget()');
    expect(response.headers.get('content-type')).toContain('javascript');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    const again = await browser.get('/widget.js', {
      'if-none-match': response.headers.get('etag') ?? '',
      // Or fetch would add `no-cache`, which asks for the whole file.
      'cache-control': 'max-age=0',
    });
    expect(again.status).toBe(304);
  });

  test('assets are immutable and stay within their folder', async () => {
    const { browser } = await startTestApp({}, { webDir: await built() });
    const response = await browser.get('/assets/page-abc.js');
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect((await browser.get('/assets/..%2fwidget.js')).status).toBe(404);
    expect((await browser.get('/assets/')).status).toBe(404);
  });

  test('a missing build is a 404', async () => {
    const { browser } = await startTestApp();
    expect((await browser.get('/widget.js')).status).toBe(404);
  });
});

describe('health', () => {
  test('alive without anything else', async () => {
    const app = await startTestApp();
    app.temporal.away = true;
    app.mongo.answers = false;
    const response = await app.browser.get('/healthz');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  test('ready when all is there, and for a second without asking again', async () => {
    const app = await startTestApp();
    expect((await app.browser.get('/readyz')).status).toBe(200);
    app.mongo.answers = false;
    expect((await app.browser.get('/readyz')).status).toBe(200);
    app.clock.pass(1_001);
    expect((await app.browser.get('/readyz')).status).toBe(503);
  });

  test.each([
    ['Temporal', (app: Awaited<ReturnType<typeof startTestApp>>) => (app.temporal.away = true)],
    ['MongoDB', (app: Awaited<ReturnType<typeof startTestApp>>) => (app.mongo.answers = false)],
    ['worker', (app: Awaited<ReturnType<typeof startTestApp>>) => (app.temporal.worker = {})],
    ['worker', (app: Awaited<ReturnType<typeof startTestApp>>) => (app.temporal.worker = { workflowTasksAt: start })],
    ['worker', (app: Awaited<ReturnType<typeof startTestApp>>) => app.clock.pass(120_000)],
  ])('names %s when it is missing', async (name, breakIt) => {
    const app = await startTestApp();
    breakIt(app);
    const response = await app.browser.get('/readyz');
    expect(response.status).toBe(503);
    expect(((await response.json()) as { detail: string }).detail).toContain(name);
    // Asked every second by whoever waits for it: no reason to fill the log.
    expect(app.logged).toEqual([]);
  });
});

describe('sessions', () => {
  test.each(['/onboarding', '/dashboard', '/settings'])('%s leads to the sign-in and back', async (page) => {
    const { browser, signIn } = await startTestApp();
    const response = await browser.get(page);
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(`/signin?next=${encodeURIComponent(page)}`);
    await signIn();
    expect((await browser.get(page)).status).toBe(200);
  });

  test.each(['session', 'install', 'dashboard', 'channels'])('/api/%s is for signed-in people', async (name) => {
    const { browser } = await startTestApp();
    const response = await browser.get(`/api/${name}`);
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  test('a forged, altered or expired session is none', async () => {
    const { browser, signIn, clock } = await startTestApp();
    await signIn();
    const [name, value] = [...browser.cookies][0] ?? ['', ''];
    browser.cookies.set(name, `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`);
    expect((await browser.get('/api/session')).status).toBe(401);
    browser.cookies.set(name, 'x');
    expect((await browser.get('/api/session')).status).toBe(401);
    browser.cookies.set(name, value);
    expect((await browser.get('/api/session')).status).toBe(200);
    clock.pass(12 * 3_600_000 + 1_000);
    expect((await browser.get('/api/session')).status).toBe(401);
  });

  test('goes on while it is used, for seven days at most', async () => {
    const { browser, signIn, clock } = await startTestApp();
    await signIn();
    for (let hours = 11; hours < 7 * 24; hours += 11) {
      clock.pass(11 * 3_600_000);
      expect((await browser.get('/api/session')).status).toBe(200);
    }
    clock.pass(11 * 3_600_000);
    expect((await browser.get('/api/session')).status).toBe(401);
  });

  test('is not known by what is stored of it', async () => {
    const { browser, signIn, store } = await startTestApp();
    await signIn();
    const [id] = [...store.sessionsById.keys()];
    const [name] = [...browser.cookies.keys()];
    browser.cookies.set(name ?? '', id ?? '');
    expect((await browser.get('/api/session')).status).toBe(401);
  });

  test('ends with the removal of the app', async () => {
    const { browser, signIn, store } = await startTestApp();
    await signIn();
    store.membersById.set(userId, member({ grantStatus: 'removed' }));
    expect((await browser.get('/api/session')).status).toBe(401);
  });

  test('sign-out ends the session, for copies of its cookie too, and no other one', async () => {
    const { browser, signIn } = await startTestApp();
    await signIn();
    const other = new Map(browser.cookies);
    await signIn();
    const copy = new Map(browser.cookies);
    const as = async (cookies: Map<string, string>) => {
      for (const [name, value] of cookies) browser.cookies.set(name, value);
      return (await browser.get('/api/session')).status;
    };
    expect((await browser.post('/signout')).status).toBe(303);
    expect(browser.cookies.size).toBe(0);
    expect(await as(copy)).toBe(401);
    expect(await as(other)).toBe(200);
  });

  test('pictures and frames of other websites use up nobody’s sign-ins', async () => {
    const { browser } = await startTestApp();
    const headers = { 'sec-fetch-dest': 'image', 'sec-fetch-site': 'cross-site' };
    for (let n = 0; n < 130; n += 1) expect((await browser.get('/install', headers)).status).toBe(403);
    expect((await browser.get('/signin', { 'sec-fetch-dest': 'document' })).status).toBe(302);
    const ahead = { 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' };
    expect((await browser.get('/signin', ahead)).status).toBe(403);
  });

  test('nor their requests to the pages’ own api', async () => {
    const { browser, signIn } = await startTestApp();
    await signIn();
    const headers = { 'sec-fetch-dest': 'image', 'sec-fetch-site': 'cross-site' };
    const statuses = new Set<number>();
    for (let n = 0; n < 1_210; n += 1) statuses.add((await browser.get('/api/session', headers)).status);
    expect([...statuses]).toEqual([403]);
    expect((await browser.get('/api/session', { 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });
});

describe('requests that change something', () => {
  test.each([
    ['POST', '/api/install/done'],
    ['POST', '/api/install/retry'],
    ['PUT', '/api/settings'],
    ['POST', '/signout'],
    ['POST', '/operator/signin'],
    ['POST', '/operator/signout'],
  ])('%s %s is refused from another site, and without an origin', async (method, where) => {
    const { browser, signIn, temporal } = await startTestApp();
    await signIn();
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}]) {
      const response = await browser.send(method, where, { headers });
      expect(response.status).toBe(403);
    }
    expect(temporal.calls).toEqual([]);
    expect((await browser.get('/api/session')).status).toBe(200);
  });

  test('are taken from our own page under another name of this machine', async () => {
    const { browser, signIn } = await startTestApp();
    await signIn();
    const headers = { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-origin' };
    expect((await browser.send('POST', '/signout', { headers })).status).toBe(303);
  });
});

describe('pages', () => {
  test('the preview shows a known widget only', async () => {
    const { browser } = await startTestApp();
    expect((await browser.get('/preview?widget=widget-1')).status).toBe(200);
    for (const query of ['', '?widget=', '?widget=nobody', '?widget=%3Cscript%3E', '?widget=a&widget=b']) {
      expect((await browser.get(`/preview${query}`)).status).toBe(404);
    }
  });

  test('a page says so when MongoDB is away', async () => {
    const { browser, store } = await startTestApp();
    store.broken = true;
    expect((await browser.get('/preview?widget=widget-1')).status).toBe(503);
  });
});

describe('the request log', () => {
  test('has the path, but no query, cookie or body', async () => {
    const { browser, signIn, logged, store } = await startTestApp();
    await signIn();
    store.chatsById.set('c', chat());
    await browser.get('/api/dashboard?secret=query-secret');
    const all = logged.join('\n');
    expect(all).toContain('/api/dashboard');
    expect(all).not.toContain('query-secret');
    for (const value of browser.cookies.values()) expect(all).not.toContain(value);
  });
});
