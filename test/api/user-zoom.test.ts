import { describe, expect, test } from 'vitest';
import { createUserZoom, NeedsReconnectError, type RenewTokens } from '../../activities/user-zoom.ts';
import type { TokenSet } from '../../store/index.ts';
import { renewTokensUpdate } from '../../workflows/installation/messages.ts';
import { renewTokensUpdateName } from '../../activities/renew-tokens.ts';
import type { ZoomUserApi } from '../../zoom/index.ts';
import { start, zoomError } from './fakes.ts';

const tokenSet = (id: string, livesMs = 3_600_000): TokenSet => ({
  id,
  accessToken: `access-${id}`,
  refreshToken: `refresh-${id}`,
  expiresAt: new Date(start + livesMs),
  scopes: [],
});

function setUp(first: TokenSet | null, renewImplementation?: RenewTokens) {
  const state = { newest: first };
  const renewals: string[] = [];
  const userZoom = createUserZoom({
    store: { tokenSets: { newest: async () => state.newest } },
    zoom: { asUser: (accessToken) => ({ accessToken }) as unknown as ZoomUserApi },
    renew: async (user, staleId) => {
      renewals.push(staleId);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (renewImplementation) return renewImplementation(user, staleId);
      state.newest = tokenSet(`${staleId}+`);
      return true;
    },
    clock: () => start,
  });
  return { state, renewals, userZoom };
}
const tokenOf = async (api: ZoomUserApi) => (api as unknown as { accessToken: string }).accessToken;
/** Fails as Zoom does for all tokens but `good`. */
const acceptsOnly = (good: string) => async (api: ZoomUserApi) => {
  if ((await tokenOf(api)) !== good) throw zoomError('unauthorized');
  return good;
};

describe('calls by a user’s grant', () => {
  test('use the newest tokens', async () => {
    const { userZoom, renewals } = setUp(tokenSet('a'));
    expect(await userZoom('u', tokenOf)).toBe('access-a');
    expect(renewals).toEqual([]);
  });

  test('renew tokens that end within a minute first', async () => {
    const { userZoom, renewals } = setUp(tokenSet('a', 59_999));
    expect(await userZoom('u', tokenOf)).toBe('access-a+');
    expect(renewals).toEqual(['a']);
  });

  test('renew once and try again when Zoom refuses the token', async () => {
    const { userZoom, renewals } = setUp(tokenSet('a'));
    expect(await userZoom('u', acceptsOnly('access-a+'))).toBe('access-a+');
    expect(renewals).toEqual(['a']);
    await expect(userZoom('u', acceptsOnly('none'))).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(renewals).toEqual(['a', 'a+']);
  });

  test('share one renewal, however many wait', async () => {
    const { userZoom, renewals } = setUp(tokenSet('a'));
    await Promise.all(Array.from({ length: 50 }, () => userZoom('u', acceptsOnly('access-a+'))));
    expect(renewals).toEqual(['a']);
  });

  test('take a newer set that somebody else has stored, without a renewal', async () => {
    const { userZoom, renewals, state } = setUp(tokenSet('a'));
    const call = userZoom('u', async (api) => {
      state.newest = tokenSet('b');
      return acceptsOnly('access-b')(api);
    });
    expect(await call).toBe('access-b');
    expect(renewals).toEqual([]);
  });

  test.each([
    ['there are no tokens', null, undefined],
    ['the renewal brought none', tokenSet('a', 0), () => Promise.resolve(false)],
  ])('need a reconnect when %s', async (_what, tokens, renew) => {
    const { userZoom } = setUp(tokens, renew);
    const failure = await userZoom('u', tokenOf).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NeedsReconnectError);
    expect(failure).toMatchObject({ type: 'NeedsReconnect', nonRetryable: true });
  });

  test('need a reconnect when Zoom says that the authorization is gone', async () => {
    const { userZoom, renewals } = setUp(tokenSet('a'));
    await expect(userZoom('u', () => Promise.reject(zoomError('grantInvalid')))).rejects.toBeInstanceOf(
      NeedsReconnectError,
    );
    expect(renewals).toEqual([]);
  });

  test('pass on every other error, and a renewal that failed can be tried again', async () => {
    const failing = setUp(tokenSet('a', 0), () => Promise.reject(new Error('no worker')));
    await expect(failing.userZoom('u', tokenOf)).rejects.toThrow('no worker');
    await expect(failing.userZoom('u', tokenOf)).rejects.toThrow('no worker');
    expect(failing.renewals).toEqual(['a', 'a']);
    const { userZoom } = setUp(tokenSet('a'));
    await expect(userZoom('u', () => Promise.reject(zoomError('forbidden')))).rejects.toMatchObject({
      kind: 'forbidden',
    });
  });
});

test('the renewal is asked for by the name that the workflow listens to', () => {
  expect(renewTokensUpdateName).toBe(renewTokensUpdate.name);
});
