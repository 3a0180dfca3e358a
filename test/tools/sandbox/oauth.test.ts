import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { basic, challengeOf, clientId, closeAll, part, redirectUri, rig, type Rig } from './helpers.ts';

let r: Rig;
beforeAll(async () => {
  r = await rig();
});
beforeEach(async () => {
  await r.control('/reset');
});
afterAll(closeAll);

const authorizePath = (query: Record<string, string>): string =>
  `/oauth/authorize?${new URLSearchParams(query).toString()}`;
const good = { response_type: 'code', client_id: clientId, redirect_uri: redirectUri };

const exchange = (code: string, extra: Record<string, string> = {}) =>
  r.token({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...extra });

describe('consent page', () => {
  it('asks in words, lets a person choose, and offers Allow and Cancel', async () => {
    const page = await r.call('GET', authorizePath({ ...good, state: 'a"b<c' }));
    expect(page.status).toBe(200);
    expect(page.text).toContain('View and manage all users');
    expect(page.text).toContain('Jill Chill');
    expect(page.text).not.toContain('Ivy Inactive');
    expect(page.text).toMatch(/>Allow<\/button>/);
    expect(page.text).toMatch(/>Cancel<\/button>/);
    expect(page.text).toContain('a&quot;b&lt;c');
    expect(page.headers.get('content-security-policy')).toContain(`form-action 'self' http://localhost:3000`);
  });

  it.each([
    [{ ...good, client_id: 'other' }, '4702'],
    [{ ...good, redirect_uri: `${redirectUri}/` }, '4709'],
    [{ ...good, redirect_uri: 'http://evil.example/' }, '4709'],
    [{ ...good, response_type: 'token' }, '4700'],
    [{ ...good, scope: 'meeting:write' }, '4700'],
    [{ ...good, scope: 'imchat:bot user:read:user:admin' }, '4700'],
    [{ ...good, scope: 'imchat:bot,meeting:write' }, '4700'],
  ])('shows an error page and never redirects: %j', async (query, code) => {
    const page = await r.call('GET', authorizePath(query));
    expect(page.status).toBe(400);
    expect(page.headers.get('location')).toBeNull();
    expect(page.text).toContain(code);
  });

  it('sends code and state back, or an error after Cancel', async () => {
    const alex = await r.person('alex@example.com');
    const form = (decision: string): string =>
      new URLSearchParams({ ...good, state: 's 1&x', user_id: alex.id, decision }).toString();
    const allowed = await r.call('POST', '/oauth/authorize', form('allow'));
    expect(allowed.status).toBe(302);
    const target = new URL(allowed.headers.get('location') ?? '');
    expect(`${target.origin}${target.pathname}`).toBe(redirectUri);
    expect(target.searchParams.get('state')).toBe('s 1&x');
    expect(target.searchParams.get('code')).toBeTruthy();
    const denied = await r.call('POST', '/oauth/authorize', form('cancel'));
    const back = new URL(denied.headers.get('location') ?? '');
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.get('code')).toBeNull();
    expect(back.searchParams.get('state')).toBe('s 1&x');
  });

  it.each(['alex@example.com', 'ada@example.com', 'olive@other.example'])(
    'lets whoever has the role grant scopes of the account: %s',
    async (email) => {
      const form = new URLSearchParams({ ...good, user_id: (await r.person(email)).id, decision: 'allow' });
      const allowed = await r.call('POST', '/oauth/authorize', form.toString());
      expect([allowed.status, allowed.headers.get('location')]).toEqual([302, expect.stringContaining('code=')]);
    },
  );

  it('tells members that an admin has to add the app, and sends them nowhere, whoever has added it', async () => {
    await r.install('alex@example.com');
    const jill = await r.person('jill@example.com');
    const words = 'An account admin is required to install this type of app.';
    expect((await r.call('GET', authorizePath(good))).text).toContain(words);
    const form = new URLSearchParams({ ...good, user_id: jill.id, decision: 'allow' }).toString();
    const refused = await r.call('POST', '/oauth/authorize', form);
    expect([refused.status, refused.headers.get('location')]).toEqual([403, null]);
    expect(refused.text).toContain(words);
    expect(refused.text).not.toContain('Allow');
    const driven = await r.control('/users/jill@example.com/authorize', { redirect_uri: redirectUri });
    expect([driven.status, driven.json['detail']]).toEqual([403, expect.stringContaining(words)]);

    await r.call('PATCH', '/_sandbox/users/jill@example.com', { role: 'admin' });
    expect((await r.call('POST', '/oauth/authorize', form)).status).toBe(302);
  });

  it('lets members add a user-managed app, which has scopes of their own data', async () => {
    await r.switches({ managedType: 'user' });
    expect(String((await exchange(await r.code('jill@example.com'))).json['scope'])).not.toContain(':admin');
  });

  it('keeps people waiting for an admin when the account wants pre-approval', async () => {
    await r.switches({ preApproval: true, managedType: 'user' });
    const jill = await r.person('jill@example.com');
    const form = new URLSearchParams({ ...good, user_id: jill.id, decision: 'allow' }).toString();
    const waiting = await r.call('POST', '/oauth/authorize', form);
    expect([waiting.status, waiting.headers.get('location')]).toEqual([403, null]);
    expect(waiting.text).toContain('An admin has to approve');
    await r.install('alex@example.com');
    expect((await r.call('POST', '/oauth/authorize', form)).status).toBe(302);
  });
});

describe('token endpoint', () => {
  it('exchanges a code once', async () => {
    const code = await r.code('alex@example.com');
    const first = await exchange(code);
    expect(first.status).toBe(200);
    expect(first.json).toEqual({
      access_token: expect.stringMatching(/^eyJ/) as string,
      token_type: 'bearer',
      refresh_token: expect.stringMatching(/^eyJ/) as string,
      expires_in: 3600,
      scope: expect.stringMatching(/^user:read:user:admin team_chat:.*:admin imchat:bot team_chat:/) as string,
      api_url: r.sandbox.url,
    });
    const again = await exchange(code);
    expect([again.status, again.json]).toEqual([400, { reason: 'Invalid authorization code', error: 'invalid_grant' }]);
  });

  it('lets a code expire after five minutes', async () => {
    const code = await r.code('alex@example.com');
    await r.control('/clock', { advance_ms: 5 * 60_000 });
    expect((await exchange(code)).json['error']).toBe('invalid_grant');
  });

  it('refuses a wrong redirect_uri, an unknown code, a missing code and a missing or unknown grant type', async () => {
    const code = await r.code('alex@example.com');
    const wrong = await r.token({ grant_type: 'authorization_code', code, redirect_uri: 'http://localhost:3000/' });
    expect([wrong.status, wrong.json['error']]).toEqual([400, 'invalid_grant']);
    expect((await exchange('nope')).json).toEqual({ reason: 'Invalid authorization code', error: 'invalid_grant' });
    expect((await exchange('')).json['error']).toBe('invalid_request');
    expect((await r.token({})).json['error']).toBe('invalid_request');
    expect((await r.token({ grant_type: 'password' })).json['error']).toBe('unsupported_grant_type');
  });

  it.each(['', 'Basic bm9wZTpub3Bl', 'Bearer x'])('refuses wrong credentials: "%s"', async (authorization) => {
    const reply = await r.token({ grant_type: 'client_credentials' }, authorization);
    expect([reply.status, reply.json]).toEqual([
      400,
      { reason: 'Invalid client_id or client_secret', error: 'invalid_client' },
    ]);
  });

  it('checks PKCE by S256 and plain', async () => {
    const verifier = 'a'.repeat(50);
    const s256 = { code_challenge: challengeOf(verifier), code_challenge_method: 'S256' };
    expect((await exchange(await r.code('alex@example.com', s256))).json['error']).toBe('invalid_grant');
    expect((await exchange(await r.code('alex@example.com', s256), { code_verifier: 'b' })).json['error']).toBe(
      'invalid_grant',
    );
    expect((await exchange(await r.code('alex@example.com', s256), { code_verifier: verifier })).status).toBe(200);
    const plain = { code_challenge: verifier };
    expect((await exchange(await r.code('alex@example.com', plain), { code_verifier: verifier })).status).toBe(200);
  });

  it('gives chatbot tokens by form and by query, without a refresh token and beside each other', async () => {
    const form = await r.token({ grant_type: 'client_credentials' });
    expect(String(form.json['scope']).split(' ')).toEqual([
      'imchat:bot',
      'marketplace:delete:event_subscription',
      'marketplace:read:list_event_subscriptions',
      'marketplace:update:event_subscription',
      'marketplace:write:event_subscription',
    ]);
    expect(form.json).not.toHaveProperty('refresh_token');
    const query = await r.call('POST', '/oauth/token?grant_type=client_credentials', undefined, {
      authorization: basic,
    });
    expect(query.status).toBe(200);
    expect(query.json['access_token']).not.toBe(form.json['access_token']);
  });

  it('rotates without grace: old refresh and access tokens are dead at once', async () => {
    const first = await r.install();
    const next = await r.token({ grant_type: 'refresh_token', refresh_token: first.refresh });
    expect(next.status).toBe(200);
    expect(next.json['refresh_token']).not.toBe(first.refresh);
    const reused = await r.token({ grant_type: 'refresh_token', refresh_token: first.refresh });
    expect([reused.status, reused.json]).toEqual([400, { reason: 'Invalid Token!', error: 'invalid_grant' }]);
    const old = await r.call('GET', '/v2/users/me', undefined, first.auth);
    expect([old.status, old.json['code']]).toEqual([401, 4741]);
    const fresh = await r.call('GET', '/v2/users/me', undefined, {
      authorization: `Bearer ${String(next.json['access_token'])}`,
    });
    expect(fresh.status).toBe(200);
  });

  it('lets only one of several refreshes at once win', async () => {
    const { refresh } = await r.install();
    const all = await Promise.all(
      [1, 2, 3].map(() => r.token({ grant_type: 'refresh_token', refresh_token: refresh })),
    );
    expect(all.map((reply) => reply.status).sort()).toEqual([200, 400, 400]);
  });

  it('ends the earlier pair when the same user consents again', async () => {
    const first = await r.install();
    await r.install();
    expect((await r.call('GET', '/v2/users/me', undefined, first.auth)).status).toBe(401);
    expect((await r.token({ grant_type: 'refresh_token', refresh_token: first.refresh })).status).toBe(400);
  });

  it('expires access tokens after an hour and refresh tokens after 90 days', async () => {
    const { auth, refresh } = await r.install();
    await r.control('/clock', { advance_ms: 3_600_000 });
    const late = await r.call('GET', '/v2/users/me', undefined, auth);
    expect([late.status, late.json]).toEqual([401, { code: 124, message: 'Access token is expired.' }]);
    await r.control('/clock', { advance_ms: 90 * 86_400_000 });
    expect((await r.token({ grant_type: 'refresh_token', refresh_token: refresh })).json['error']).toBe(
      'invalid_grant',
    );
  });

  it('refuses refreshes of users who are gone, after edits of the scopes, and while the app is disabled', async () => {
    const { refresh } = await r.install();
    await r.switches({ appScopes: ['imchat:bot'] });
    expect((await r.token({ grant_type: 'refresh_token', refresh_token: refresh })).json).toEqual({
      reason: 'Refresh token invalid',
      error: 'invalid_grant',
    });
    await r.switches({ appScopes: null, appDisabled: 'by_admin' });
    expect((await r.token({ grant_type: 'refresh_token', refresh_token: refresh })).json['error']).toBe(
      'invalid_client',
    );
    await r.switches({ appDisabled: 'no' });
    await r.call('PATCH', '/_sandbox/users/alex@example.com', { status: 'inactive' });
    expect((await r.token({ grant_type: 'refresh_token', refresh_token: refresh })).json['error']).toBe(
      'invalid_grant',
    );
  });

  it('revokes', async () => {
    const { access, auth } = await r.install();
    const done = await r.call('POST', '/oauth/revoke', `token=${access}`, { authorization: basic });
    expect([done.status, done.json]).toEqual([200, { status: 'success' }]);
    expect((await r.call('GET', '/v2/users/me', undefined, auth)).status).toBe(401);
    expect((await r.call('POST', '/oauth/revoke', `token=${access}`)).json['error']).toBe('invalid_client');
    expect((await r.call('POST', '/oauth/revoke', 'token=x', { authorization: basic })).json['error']).toBe(
      'invalid_request',
    );
  });

  it('grants all scopes of the app’s settings, or those of a list as Zoom takes it', async () => {
    const all = String((await exchange(await r.code('alex@example.com'))).json['scope']).split(' ');
    expect(all).toEqual(part((await r.state())['app'])['scopes']);
    const some = async (scope: string) => (await exchange(await r.code('alex@example.com', { scope }))).json['scope'];
    expect(await some('imchat:bot')).toBe('imchat:bot');
    expect(await some('imchat:bot,user:read:user:admin')).toBe('user:read:user:admin imchat:bot');
    await r.switches({ scopeSeparator: 'space' });
    expect(await some('imchat:bot user:read:user:admin')).toBe('user:read:user:admin imchat:bot');
    const comma = { redirect_uri: redirectUri, scope: 'imchat:bot,user:read:user:admin' };
    expect((await r.control('/users/alex@example.com/authorize', comma)).json['code']).toBe(4700);
  });

  it('grants less where a box of the app’s settings was left unticked', async () => {
    const unticked = 'team_chat:write:members:admin';
    const all = part((await r.state())['app'])['scopes'] as string[];
    await r.switches({ appScopes: all.filter((scope) => scope !== unticked) });
    const { json } = await exchange(await r.code('alex@example.com'));
    expect(String(json['scope']).split(' ')).toEqual(all.filter((scope) => scope !== unticked));
    await r.switches({ scopeForm: 'classic', appScopes: null });
    const classic = await exchange(await r.code('alex@example.com'));
    expect(classic.json['scope']).toBe(
      'user:read:admin chat_channel:write:admin imchat:bot chat_message:read:admin chat_message:write:admin chat:read:admin',
    );
  });
});
