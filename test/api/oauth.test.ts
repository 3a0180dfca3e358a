import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SCOPE_NEEDS } from '../../zoom/index.ts';
import { member, userId, zoomError } from './fakes.ts';
import { Browser, startTestApp } from './harness.ts';

type TestApp = Awaited<ReturnType<typeof startTestApp>>;

async function begin(browser: Browser, path = '/install') {
  const response = await browser.get(path);
  expect(response.status).toBe(302);
  const link = new URL(response.headers.get('location') ?? '');
  return { link, state: link.searchParams.get('state') ?? '' };
}

function nothingChanged({ store, temporal, zoom }: TestApp) {
  expect(zoom.exchanged).toEqual([]);
  expect(store.tokenSetsOf.size).toBe(0);
  expect(temporal.calls).toEqual([]);
}

const allScopes = SCOPE_NEEDS.flatMap((need) => need.granular);
const callback = (query: Record<string, string>) => `/oauth/callback?${new URLSearchParams(query).toString()}`;

describe('a first install', () => {
  test('stores the grant, starts its workflows, signs in and leads to onboarding', async () => {
    const app = await startTestApp();
    app.store.membersById.clear();
    const { link, state } = await begin(app.browser);
    expect(link.searchParams.get('redirect_uri')).toBe('http://localhost:3000/oauth/callback');
    expect(link.searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);

    const response = await app.browser.get(callback({ code: 'the-code', state }));
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/onboarding');
    expect(app.zoom.exchanged).toHaveLength(1);
    expect(app.store.tokenSetsOf.get(userId)).toHaveLength(1);
    expect(app.store.membersById.get(userId)).toMatchObject({ name: 'Alex Admin', grantStatus: 'connected' });
    expect(app.temporal.named('start')).toHaveLength(1);
    expect(app.temporal.named('granted')).toHaveLength(1);
    expect(await (await app.browser.get('/api/session')).json()).toEqual({
      user: { name: 'Alex Admin', email: 'alex@example.com' },
    });
  });

  test('leaves no code, state, token or verifier in logs or in what goes to Temporal', async () => {
    const app = await startTestApp();
    const { state } = await begin(app.browser);
    await app.browser.get(callback({ code: 'the-secret-code', state }));
    const seen = app.logged.join('\n') + JSON.stringify(app.temporal.calls);
    for (const secret of [
      'the-secret-code',
      state,
      'access-secret',
      'refresh-secret',
      app.zoom.exchanged[0]?.codeVerifier,
    ]) {
      expect(seen).not.toContain(secret);
    }
    expect(app.logged.join('\n')).toContain('/oauth/callback');
  });

  test('keeps state and verifier unreadable in an http-only, lax cookie of ten minutes', async () => {
    const app = await startTestApp();
    const response = await app.browser.get('/install');
    const [cookie = ''] = response.headers.getSetCookie();
    const state = new URL(response.headers.get('location') ?? '').searchParams.get('state') ?? '-';
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    expect(cookie).toMatch(/Max-Age=600/i);
    const middle = cookie.split(/[.=;]/).map((part) => Buffer.from(part, 'base64url').toString());
    expect(middle.join()).not.toContain(state);
  });

  test('uses secure __Host- cookies when the public address is https', async () => {
    const app = await startTestApp({ PUBLIC_URL: 'https://chat.example.com' });
    const [cookie = ''] = (await app.browser.get('/install')).headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-.*Secure/i);
  });
});

describe('coming back', () => {
  test('a user who has finished goes to the dashboard and no second install is started', async () => {
    const app = await startTestApp();
    app.store.membersById.set(userId, member({ onboardedAt: new Date() }));
    app.temporal.installState = 'completed';
    const { state } = await begin(app.browser);
    const response = await app.browser.get(callback({ code: 'c', state }));
    expect(response.headers.get('location')).toBe('/dashboard');
    expect(app.temporal.named('start')).toEqual([]);
    expect(app.temporal.named('granted')).toHaveLength(1);
  });

  test('a failed install is started again even for a user who had finished once', async () => {
    const app = await startTestApp();
    app.store.membersById.set(userId, member({ onboardedAt: new Date() }));
    app.temporal.installState = 'failed';
    const { state } = await begin(app.browser);
    expect((await app.browser.get(callback({ code: 'c', state }))).headers.get('location')).toBe('/onboarding');
    expect(app.temporal.named('start')).toHaveLength(1);
  });

  test.each([
    ['/settings?tab=1', '/settings?tab=1'],
    ['//evil.example', '/dashboard'],
    ['/\\evil.example', '/dashboard'],
    ['https://evil.example', '/dashboard'],
    ['/ok\r\nset-cookie: a=b', '/dashboard'],
    ['/.//evil.example', '/dashboard'],
  ])('a sign-in that asks for %j goes on to %s', async (next, expected) => {
    const app = await startTestApp();
    app.store.membersById.set(userId, member({ onboardedAt: new Date() }));
    const { state } = await begin(app.browser, `/signin?next=${encodeURIComponent(next)}`);
    expect((await app.browser.get(callback({ code: 'c', state }))).headers.get('location')).toBe(expected);
  });

  test('several attempts of one browser can be open at once', async () => {
    const app = await startTestApp();
    const first = await begin(app.browser);
    const second = await begin(app.browser);
    expect((await app.browser.get(callback({ code: 'a', state: first.state }))).status).toBe(302);
    expect((await app.browser.get(callback({ code: 'b', state: second.state }))).status).toBe(302);
    expect(app.zoom.exchanged.map(({ code }) => code)).toEqual(['a', 'b']);
  });
});

describe('what is asked for, and what is granted', () => {
  test('the link asks for no scopes, unless a setting says which', async () => {
    const app = await startTestApp();
    await begin(app.browser);
    expect(app.zoom.askedScopes).toEqual([[]]);
    const set = await startTestApp({ ZOOM_SCOPES: 'user:read:admin, imchat:bot' });
    await begin(set.browser);
    expect(set.zoom.askedScopes).toEqual([['user:read:admin', 'imchat:bot']]);
  });

  test('what Zoom left out is on the onboarding page and the dashboard, until it is granted', async () => {
    const app = await startTestApp();
    const missing = async () => {
      const { state } = await begin(app.browser);
      await app.browser.get(callback({ code: 'c', state }));
      const page = z.object({ missingScopes: z.array(z.looseObject({})) });
      const install = page.parse(await (await app.browser.get('/api/install')).json());
      const dashboard = page.parse(await (await app.browser.get('/api/dashboard')).json());
      expect(install.missingScopes).toEqual(dashboard.missingScopes);
      return dashboard.missingScopes;
    };
    app.zoom.scopes = allScopes.filter((name) => name !== 'team_chat:write:members:admin');
    expect(await missing()).toEqual([
      expect.objectContaining({
        label: 'View and manage all users’ chat channels',
        classic: 'chat_channel:write:admin',
        granular: ['team_chat:write:members:admin'],
        required: true,
      }),
    ]);
    app.zoom.scopes = allScopes;
    expect(await missing()).toEqual([]);
  });
});

describe('a callback that must change nothing', () => {
  test('consent denied: no error, but what happened, who may add the app, and the way to it', async () => {
    const app = await startTestApp();
    const { state } = await begin(app.browser);
    const response = await app.browser.get(callback({ error: 'access_denied', state }));
    expect(response.status).toBe(200);
    const page = await response.text();
    expect(page).toContain('nothing was changed');
    expect(page).toContain('Only an administrator of your Zoom account can add it');
    expect(page).toContain('"label":"Add to Zoom","href":"/install"');
    nothingChanged(app);
    expect((await app.browser.get(callback({ code: 'c', state }))).status).toBe(400);
  });

  test('another error of Zoom: says who may add the app, too', async () => {
    const app = await startTestApp();
    const response = await app.browser.get(callback({ error: 'server_error' }));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('Only an administrator of your Zoom account can add it');
    nothingChanged(app);
  });

  test('begun on the Marketplace, without our state: sent through our own install path', async () => {
    const app = await startTestApp();
    const response = await app.browser.get(callback({ code: 'c' }));
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/install');
    nothingChanged(app);
  });

  test('a state that was never given out', async () => {
    const app = await startTestApp();
    await begin(app.browser);
    expect((await app.browser.get(callback({ code: 'c', state: 'made-up' }))).status).toBe(400);
    nothingChanged(app);
    const [line = '', ...more] = app.logged.filter((each) => each.includes('a sign-in by Zoom failed'));
    expect(more).toEqual([]);
    expect(line).toContain('"address":"127.0.0.1"');
    expect(line).toContain('not started in this browser');
    expect(line).not.toContain('made-up');
  });

  test('a state of another browser', async () => {
    const app = await startTestApp();
    const { state } = await begin(app.browser);
    expect((await new Browser(app.url).get(callback({ code: 'c', state }))).status).toBe(400);
    nothingChanged(app);
  });

  test('a state older than ten minutes', async () => {
    const app = await startTestApp();
    const { state } = await begin(app.browser);
    app.clock.pass(10 * 60_000 + 1_000);
    expect((await app.browser.get(callback({ code: 'c', state }))).status).toBe(400);
    nothingChanged(app);
  });

  test('a cookie that was altered', async () => {
    const app = await startTestApp();
    const { state } = await begin(app.browser);
    for (const [name, value] of app.browser.cookies) app.browser.cookies.set(name, `${value.slice(0, -4)}AAAA`);
    expect((await app.browser.get(callback({ code: 'c', state }))).status).toBe(400);
    nothingChanged(app);
  });

  test('neither a code nor an error', async () => {
    const app = await startTestApp();
    expect((await app.browser.get('/oauth/callback')).status).toBe(400);
    expect((await app.browser.get('/oauth/callback?code=a&code=b')).status).toBe(400);
    nothingChanged(app);
  });

  test('a state used before is refused before its code is exchanged', async () => {
    const app = await startTestApp();
    const { state } = await begin(app.browser);
    const cookies = new Map(app.browser.cookies);
    await app.browser.get(callback({ code: 'c', state }));
    const thief = new Browser(app.url);
    for (const [name, value] of cookies) thief.cookies.set(name, value);
    const response = await thief.get(callback({ code: 'another', state }));
    expect(response.status).toBe(400);
    expect(app.zoom.exchanged).toHaveLength(1);
  });
});

describe('trouble on the way', () => {
  test('Zoom refuses the code: nothing is stored', async () => {
    const app = await startTestApp();
    app.zoom.exchangeError = zoomError('grantInvalid');
    const { state } = await begin(app.browser);
    const response = await app.browser.get(callback({ code: 'c', state }));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('too old');
    expect(app.store.tokenSetsOf.size).toBe(0);
  });

  test('codes that Zoom refuses again and again: the address is stopped before Zoom is asked or anything kept', async () => {
    const app = await startTestApp();
    const fail = async () => {
      const { state } = await begin(app.browser);
      return app.browser.get(callback({ code: 'invented', state }));
    };
    app.zoom.exchangeError = zoomError('grantInvalid');
    for (let n = 0; n < 10; n += 1) expect((await fail()).status).toBe(400);
    const stopped = await fail();
    expect(stopped.status).toBe(429);
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(app.zoom.exchanged).toHaveLength(10);
    expect(app.store.states.size).toBe(10);
  });

  test('failures of Zoom’s own stop nobody', async () => {
    const app = await startTestApp();
    app.zoom.exchangeError = zoomError('unavailable');
    for (let n = 0; n < 12; n += 1) {
      const { state } = await begin(app.browser);
      expect((await app.browser.get(callback({ code: 'c', state }))).status).toBe(503);
    }
  });

  test('Zoom does not answer: 503 and a way on', async () => {
    const app = await startTestApp();
    app.zoom.meErrors = Array.from({ length: 10 }, () => zoomError('timeout', { retryAfterMs: 1 }));
    const { state } = await begin(app.browser);
    const response = await app.browser.get(callback({ code: 'c', state }));
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('/install');
    expect(app.store.tokenSetsOf.size).toBe(0);
  });

  test('Zoom fails once it has ended the earlier grant: the new one is not given up for that', async () => {
    const app = await startTestApp();
    app.zoom.meErrors = [zoomError('unavailable', { retryAfterMs: 1 }), zoomError('rateLimited', { retryAfterMs: 1 })];
    const { state } = await begin(app.browser);
    expect((await app.browser.get(callback({ code: 'c', state }))).status).toBe(302);
    expect(app.zoom.exchanged).toHaveLength(1);
    expect(app.store.tokenSetsOf.get(userId)).toHaveLength(1);
  });

  test('Zoom refuses to say who it is: it is not asked again', async () => {
    const app = await startTestApp();
    app.zoom.meErrors = [zoomError('scopeMissing', { missingScopes: ['user:read:user:admin'] })];
    const { state } = await begin(app.browser);
    const response = await app.browser.get(callback({ code: 'c', state }));
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('View all user information: user:read:user:admin or user:read:admin');
  });

  test('Temporal is away: the grant is kept, and the page says what to do', async () => {
    const app = await startTestApp();
    app.temporal.away = true;
    const { state } = await begin(app.browser);
    const response = await app.browser.get(callback({ code: 'c', state }));
    expect(response.status).toBe(503);
    expect(app.store.tokenSetsOf.get(userId)).toHaveLength(1);
  });

  test('MongoDB is away: the code stays unused', async () => {
    const app = await startTestApp();
    const { state } = await begin(app.browser);
    app.store.broken = true;
    expect((await app.browser.get(callback({ code: 'c', state }))).status).toBe(503);
    expect(app.zoom.exchanged).toEqual([]);
  });
});
