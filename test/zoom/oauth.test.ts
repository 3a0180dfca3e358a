import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BotTokenSource } from '../../zoom/bot-token.ts';
import { createPkce, ZoomError } from '../../zoom/index.ts';
import { clientOf, rejection, send, startServer } from './fake-server.ts';

const NOW = Date.parse('2026-02-10T18:00:00Z');
const pair = {
  access_token: 'at',
  token_type: 'bearer',
  refresh_token: 'rt',
  expires_in: 3599,
  scope: 'a:b c:d',
  api_url: 'https://api-us.zoom.us',
};

describe('authorize', () => {
  const { zoom } = clientOf({ url: 'https://zoom.example' });

  it('builds the link with PKCE, and without scopes: a list is refused by Zoom', () => {
    const url = new URL(
      zoom.oauth.authorizeUrl({ redirectUri: 'https://x.test/cb?a=1', state: 'a.b-c_d~e', codeChallenge: 'ch' }),
    );
    expect(url.origin + url.pathname).toBe('https://zoom.example/oauth/authorize');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'client-id',
      redirect_uri: 'https://x.test/cb?a=1',
      state: 'a.b-c_d~e',
      code_challenge: 'ch',
      code_challenge_method: 'S256',
    });
  });

  it('refuses a state that Zoom would mangle', () => {
    expect(() => zoom.oauth.authorizeUrl({ redirectUri: 'x', state: '{"a":1}', codeChallenge: 'c' })).toThrow(
      TypeError,
    );
  });

  it('separates scopes that it is told to ask for by commas', () => {
    const input = { redirectUri: 'x', state: 's', codeChallenge: 'c', scopes: ['a:b', 'c:d'] };
    expect(new URL(zoom.oauth.authorizeUrl(input)).searchParams.get('scope')).toBe('a:b,c:d');
  });

  it('makes a new S256 pair each time', () => {
    const [one, two] = [createPkce(), createPkce()];
    expect(one.codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(one.codeChallenge).toBe(createHash('sha256').update(one.codeVerifier).digest('base64url'));
    expect(one.codeVerifier).not.toBe(two.codeVerifier);
  });
});

describe('tokens', () => {
  it('exchanges a code with Basic auth and a form body', async () => {
    const server = await startServer(() => pair);
    const { zoom } = clientOf(server, { clock: () => NOW });
    const tokens = await zoom.oauth.exchangeCode({ code: 'c', redirectUri: 'https://x/cb', codeVerifier: 'v' });
    expect(tokens).toEqual({
      accessToken: 'at',
      refreshToken: 'rt',
      expiresAt: new Date(NOW + 3_599_000),
      scopes: ['a:b', 'c:d'],
      apiUrl: 'https://api-us.zoom.us',
    });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/oauth/token' });
    expect(request?.headers.authorization).toMatch(/^Basic /);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'authorization_code',
      code: 'c',
      redirect_uri: 'https://x/cb',
      code_verifier: 'v',
    });
  });

  it('refreshes, and needs a new refresh token in the answer', async () => {
    const { refresh_token: _, ...without } = pair;
    let answer: unknown = pair;
    const server = await startServer(() => answer);
    const { zoom } = clientOf(server);
    await expect(zoom.oauth.refresh({ refreshToken: 'old' })).resolves.toMatchObject({ refreshToken: 'rt' });
    answer = without;
    expect(await rejection(zoom.oauth.refresh({ refreshToken: 'old' }))).toMatchObject({
      kind: 'malformedAnswer',
      ambiguous: true,
    });
  });

  it('says when only a new authorization helps', async () => {
    const server = await startServer((_request, response) =>
      send(response, 400, { reason: 'Invalid Token!', error: 'invalid_grant' }),
    );
    const error = await rejection(clientOf(server).zoom.oauth.refresh({ refreshToken: 'used' }));
    expect(error).toMatchObject({ kind: 'grantInvalid', code: 'invalid_grant', retryable: false, ambiguous: false });
  });
});

describe('the bot token', () => {
  const content = { head: { text: 'New chat' }, body: [] };

  function source(lifetimeMs = 3_600_000) {
    const state = { now: NOW, fetched: 0, fail: false };
    const tokens = new BotTokenSource(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (state.fail) throw new ZoomError({ kind: 'unavailable', operation: 'x', ambiguous: true });
        return { accessToken: `t${++state.fetched}`, expiresAt: new Date(state.now + lifetimeMs), scopes: [] };
      },
      () => state.now,
    );
    return { tokens, state };
  }

  it('is fetched once for many callers', async () => {
    const { tokens, state } = source();
    const all = await Promise.all(Array.from({ length: 20 }, () => tokens.get()));
    expect(new Set(all)).toEqual(new Set(['t1']));
    expect(state.fetched).toBe(1);
  });

  it('is renewed 60 s ahead of its end, not before', async () => {
    const { tokens, state } = source();
    await tokens.get();
    state.now += 3_600_000 - 60_001;
    expect(await tokens.get()).toBe('t1');
    state.now += 1;
    expect(await tokens.get()).toBe('t2');
  });

  it('of a short life is still used for half of it', async () => {
    const { tokens, state } = source(10_000);
    await tokens.get();
    state.now += 4_000;
    expect(await tokens.get()).toBe('t1');
  });

  it('is asked for again after a failure', async () => {
    const { tokens, state } = source();
    state.fail = true;
    await rejection(tokens.get());
    state.fail = false;
    expect(await tokens.get()).toBe('t1');
  });

  it('is dropped once on 401, together for all who met it', async () => {
    let issued = 0;
    const server = await startServer((request, response) => {
      if (request.path === '/oauth/token') return { access_token: `t${++issued}`, expires_in: 3600 };
      if (request.headers.authorization !== 'Bearer t1') return { message_id: 'm1' };
      send(response, 401, { code: 7010, message: 'Invalid authorization token.' });
      return undefined;
    });
    const { zoom } = clientOf(server);
    const post = () => zoom.bot.postMessage({ accountId: 'a', toJid: 'c@conference.xmpp.zoom.us', content });
    const posted = await Promise.all([post(), post(), post()]);
    expect(posted).toEqual(Array(3).fill({ messageId: 'm1' }));
    expect(issued).toBe(2);
  });

  it('refused twice, the call fails', async () => {
    const server = await startServer((request, response) =>
      request.path === '/oauth/token' ? { access_token: 't', expires_in: 3600 } : send(response, 401, { code: 7010 }),
    );
    const { zoom } = clientOf(server);
    const error = await rejection(zoom.bot.updateMessage({ messageId: 'm', accountId: 'a', content }));
    expect(error).toMatchObject({ kind: 'unauthorized', operation: 'bot.update' });
    expect(server.requests.filter((request) => request.method === 'PUT')).toHaveLength(2);
  });
});
