import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { basic, challengeOf, clientId, closeAll, redirectUri, rig, type Rig } from './helpers.ts';

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
  ])('shows an error page and never redirects: %j', async (query, code) => {
    const page = await r.call('GET', authorizePath(query));
    expect(page.status).toBe(400);
    expect(page.headers.get('location')).toBeNull();
    expect(page.text).toContain(code);
  });

  it('sends code and state back, or an error after Cancel', async () => {
    const jill = await r.person('jill@example.com');
    const form = (decision: string): string =>
      new URLSearchParams({ ...good, state: 's 1&x', user_id: jill.id, decision }).toString();
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

  it('keeps people waiting for an admin when the account wants pre-approval', async () => {
    await r.switches({ preApproval: true });
    const jill = await r.person('jill@example.com');
    const form = new URLSearchParams({ ...good, user_id: jill.id, decision: 'allow' }).toString();
    const waiting = await r.call('POST', '/oauth/authorize', form);
    expect(waiting.status).toBe(200);
    expect(waiting.text).toContain('An admin has to approve');
    await r.install('alex@example.com');
    expect((await r.call('POST', '/oauth/authorize', form)).status).toBe(302);
  });
});

describe('token endpoint', () => {
  const exchange = (code: string, extra: Record<string, string> = {}) =>
    r.token({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...extra });

  it('exchanges a code once', async () => {
    const code = await r.code('alex@example.com');
    const first = await exchange(code);
    expect(first.status).toBe(200);
    expect(first.json).toEqual({
      access_token: expect.stringMatching(/^eyJ/) as string,
      token_type: 'bearer',
      refresh_token: expect.stringMatching(/^eyJ/) as string,
      expires_in: 3600,
      scope: 'user:read:admin chat_channel:write:admin imchat:bot chat_message:read:admin chat_message:write:admin',
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
    expect(form.json['scope']).toBe('imchat:bot');
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
    const { refresh } = await r.install('jill@example.com');
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
    await r.call('PATCH', '/_sandbox/users/jill@example.com', { status: 'inactive' });
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

  it('grants the subset of scopes that was asked for, and granular names by switch', async () => {
    const reply = await exchange(await r.code('alex@example.com', { scope: 'imchat:bot user:read:admin' }));
    expect(reply.json['scope']).toBe('user:read:admin imchat:bot');
    await r.switches({ scopeForm: 'granular' });
    const { auth } = await r.install('alex@example.com');
    expect((await r.call('GET', '/v2/chat/users/me/channels', undefined, auth)).status).toBe(200);
    expect((await r.call('GET', '/v2/users/jill@example.com', undefined, auth)).status).toBe(200);
  });
});
