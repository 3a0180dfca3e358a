import { describe, expect, test } from 'vitest';
import { createUserZoom, NeedsReconnectError, type RenewTokens } from '../../activities/user-zoom.ts';
import type { TokenSet } from '../../store/index.ts';
import type { ZoomUserApi } from '../../zoom/index.ts';
import { zoomError } from './fake-zoom.ts';

const start = Date.parse('2026-03-01T12:00:00Z');

const tokenSet = (id: string, livesMs = 3_600_000): TokenSet => ({
  id,
  accessToken: `access-${id}`,
  refreshToken: `refresh-${id}`,
  expiresAt: new Date(start + livesMs),
  scopes: [],
});

function setUp(first: TokenSet | null, renewImplementation?: RenewTokens) {
  const state = { newest: first, tokenReads: 0, now: start };
  const renewals: string[] = [];
  const userZoom = createUserZoom({
    store: {
      tokenSets: {
        newest: async () => {
          state.tokenReads += 1;
          return state.newest;
        },
      },
    },
    zoom: {
      asUser: (accessToken, owner) => ({ accessToken, owner }) as unknown as ZoomUserApi,
    },
    renew: async (user, staleId) => {
      renewals.push(staleId);
      await Promise.resolve();
      if (renewImplementation) return renewImplementation(user, staleId);
      state.newest = tokenSet(`${staleId}+`);
      return true;
    },
    clock: () => state.now,
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

  test('say whose token it is and what it may do, for the paths of the calls', async () => {
    const scopes = ['user:read:admin'];
    const { userZoom } = setUp({ ...tokenSet('a'), scopes });
    const owner = await userZoom('u', async (api) => (api as unknown as { owner: unknown }).owner);
    expect(owner).toEqual({ userId: 'u', scopes, apiUrl: undefined });
  });

  test('are made again with a newer grant when a scope is missing, and fail without one', async () => {
    const { userZoom, state, renewals } = setUp(tokenSet('a'));
    const needsScope = async (api: ZoomUserApi) => {
      if ((await tokenOf(api)) === 'access-a') throw zoomError('scopeMissing');
      return tokenOf(api);
    };
    await expect(userZoom('u', needsScope)).rejects.toMatchObject({ kind: 'scopeMissing' });
    state.newest = tokenSet('b');
    expect(await userZoom('u', needsScope)).toBe('access-b');
    expect(renewals).toEqual([]);
  });

  test('read nothing once the tokens are known', async () => {
    const { userZoom, state } = setUp(tokenSet('a'));
    for (let call = 0; call < 20; call += 1) await userZoom('u', tokenOf);
    expect(state.tokenReads).toBe(1);
  });

  test('renew tokens that end within a minute first, known ones too', async () => {
    const { userZoom, renewals, state } = setUp(tokenSet('a', 60_001));
    expect(await userZoom('u', tokenOf)).toBe('access-a');
    state.now += 2;
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

  test('go on with the new grant of a user whose old one is gone', async () => {
    const { userZoom, renewals, state } = setUp(tokenSet('a'));
    await userZoom('u', tokenOf);
    state.newest = tokenSet('b');
    const call = userZoom('u', async (api) => {
      if ((await tokenOf(api)) === 'access-a') throw zoomError('grantInvalid');
      return tokenOf(api);
    });
    expect(await call).toBe('access-b');
    expect(renewals).toEqual([]);
  });

  test('ask once more when a renewal that was under way has brought just the set that does not work', async () => {
    let answers = 0;
    const { userZoom, renewals, state } = setUp(tokenSet('a'), async () => {
      answers += 1;
      if (answers === 2) state.newest = tokenSet('b');
      return true;
    });
    expect(await userZoom('u', acceptsOnly('access-b'))).toBe('access-b');
    expect(renewals).toEqual(['a', 'a']);
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

  test('leave Zoom alone once a grant is known to be gone, until there is a new one', async () => {
    const { userZoom, renewals, state } = setUp(tokenSet('a'), () => Promise.resolve(false));
    let calls = 0;
    const refused = async (api: ZoomUserApi) => {
      calls += 1;
      return acceptsOnly('access-b')(api);
    };
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(userZoom('u', refused)).rejects.toBeInstanceOf(NeedsReconnectError);
    }
    expect({ calls, renewals }).toEqual({ calls: 1, renewals: ['a'] });
    state.newest = tokenSet('b');
    expect(await userZoom('u', refused)).toBe('access-b');
  });

  test('have the grant’s workflow find out when Zoom says that the authorization is gone', async () => {
    const { userZoom, renewals } = setUp(tokenSet('a'), () => Promise.resolve(false));
    await expect(userZoom('u', () => Promise.reject(zoomError('grantInvalid')))).rejects.toBeInstanceOf(
      NeedsReconnectError,
    );
    expect(renewals).toEqual(['a']);
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
