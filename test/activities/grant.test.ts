import type { ChatStatus } from '../../domain/transcript.ts';
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createGrantActivities } from '../../activities/grant.ts';
import { SCOPE_NEEDS } from '../../zoom/index.ts';
import { lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, cardTexts, failureOf, settledAccount, testStore } from './harness.ts';

const database = testStore();
const pause = () => new Promise((resolve) => setTimeout(resolve, 3));

async function setUp() {
  const { store } = database;
  const { zoom, owner, agent, accountId, addMember } = await settledAccount(store);
  const triedAgain: string[] = [];
  const dependencies = {
    store,
    zoom: zoom.client,
    publicUrl: 'https://chat.example.com',
    tryAgain: async (chatId: string) => void triedAgain.push(chatId),
  };
  const activities = createGrantActivities(dependencies);
  /** A grant as the OAuth callback stores it. */
  const grant = async (scopes: readonly string[] = []) => {
    const refreshToken = `refresh-${randomUUID()}`;
    zoom.refreshTokens.add(refreshToken);
    const tokens = { accessToken: `access-${randomUUID()}`, refreshToken, expiresAt: new Date(), scopes };
    const id = await store.tokenSets.addGranted(owner.id, tokens);
    await pause();
    return { id, ...tokens };
  };
  const renew = (staleTokenSetId: string, number = 1) =>
    attempt(number, activities.renewTokens, { zoomUserId: owner.id, staleTokenSetId });
  const setsKept = () => store.tokenSets.model.countDocuments({ zoomUserId: owner.id });
  const account = { zoom, owner, agent, accountId, addMember };
  return { store, ...account, dependencies, activities, triedAgain, grant, renew, setsKept };
}

describe('renewTokens', () => {
  test('rotates the stale set once; for whoever asks for the same set after that there is a newer one', async () => {
    const { store, zoom, owner, grant, renew, setsKept } = await setUp();
    const { id } = await grant();
    expect(await renew(id)).toBe('renewed');
    expect(await renew(id)).toBe('alreadyNewer');
    expect(zoom.calls).toEqual(['oauth.refresh']);
    const newest = await store.tokenSets.newest(owner.id);
    expect(zoom.refreshTokens).toEqual(new Set([newest?.refreshToken]));
    expect(await setsKept()).toBe(1);
  });

  test('tries again after a fault before Zoom acted', async () => {
    const { zoom, grant, renew } = await setUp();
    const { id } = await grant();
    zoom.fail('oauth.refresh', zoomError('unavailable'));
    expect(await failureOf(renew(id))).toMatchObject({ type: 'ZoomUnavailable', nonRetryable: false });
    expect(await renew(id, 2)).toBe('renewed');
  });

  test('finds the grant lost when the answer with the new tokens was lost', async () => {
    const { zoom, grant, renew } = await setUp();
    const { id } = await grant();
    zoom.fail('oauth.refresh', { afterEffect: lostAnswer() });
    expect(await failureOf(renew(id))).toMatchObject({ type: 'ZoomUnavailable', nonRetryable: false });
    expect(await renew(id, 2)).toBe('grantInvalid');
  });

  test('sees a new authorization that crossed the refresh and ended the old grant', async () => {
    const { store, zoom, owner, grant, renew } = await setUp();
    const { id, refreshToken } = await grant();
    const { refresh } = zoom.oauth;
    let fresh = '';
    zoom.oauth.refresh = async (input) => {
      // The user authorizes again just now, which ends the older grant.
      fresh = (await grant()).id;
      zoom.refreshTokens.delete(refreshToken);
      return refresh(input);
    };
    expect(await renew(id)).toBe('alreadyNewer');
    expect((await store.tokenSets.newest(owner.id))?.id).toBe(fresh);
  });

  test('keeps a new authorization that came while Zoom refreshed the earlier tokens', async () => {
    const { store, zoom, owner, grant, renew } = await setUp();
    const { id } = await grant();
    const { refresh } = zoom.oauth;
    let fresh = '';
    zoom.oauth.refresh = async (input) => {
      const refreshed = await refresh(input);
      // Zoom gave these first: its new pair for the new authorization has ended them already.
      fresh = (await grant()).id;
      zoom.refreshTokens.delete(refreshed.refreshToken);
      return refreshed;
    };
    expect(await renew(id)).toBe('renewed');
    expect((await store.tokenSets.newest(owner.id))?.id).toBe(fresh);
    zoom.oauth.refresh = refresh;
    expect(await renew(fresh)).toBe('renewed');
  });

  test('refreshes a new authorization though the one before it was lost', async () => {
    const { zoom, owner, activities, grant, renew } = await setUp();
    const { id: lostTokenSetId } = await grant();
    zoom.refreshTokens.clear();
    expect(await renew(lostTokenSetId)).toBe('grantInvalid');
    await attempt(1, activities.recordLost, { zoomUserId: owner.id, lostTokenSetId });
    // Its tokens are stored, and before the user is marked as connected somebody finds them expired.
    const { id } = await grant();
    expect(await renew(id)).toBe('renewed');
  });

  test('says that the grant is gone when there are no tokens, or Zoom refuses them', async () => {
    const { zoom, grant, renew } = await setUp();
    expect(await renew('none')).toBe('grantInvalid');
    const { id } = await grant();
    zoom.refreshTokens.clear();
    expect(await renew(id)).toBe('grantInvalid');
  });

  test('asks Zoom no more for a grant that is known to be lost', async () => {
    const { zoom, owner, activities, grant, renew } = await setUp();
    const { id } = await grant();
    zoom.refreshTokens.clear();
    expect(await renew(id)).toBe('grantInvalid');
    await attempt(1, activities.recordLost, { zoomUserId: owner.id, lostTokenSetId: id });
    const before = zoom.calls.filter((call) => call === 'oauth.refresh').length;
    expect(await renew(id)).toBe('grantInvalid');
    expect(zoom.calls.filter((call) => call === 'oauth.refresh')).toHaveLength(before);
  });

  test('does not take a wrong client secret for a lost grant', async () => {
    const { zoom, grant, renew } = await setUp();
    const { id } = await grant();
    zoom.fail('oauth.refresh', zoomError('appCredentials'));
    expect(await failureOf(renew(id))).toMatchObject({ type: 'ZoomRefused', nonRetryable: true });
  });

  test('never names a token in a failure', async () => {
    const { zoom, grant, renew } = await setUp();
    const { id, refreshToken, accessToken } = await grant();
    zoom.fail('oauth.refresh', zoomError('unavailable'));
    const failure = await failureOf(renew(id));
    const words = [failure.message, failure.stack, JSON.stringify(failure)].join('\n');
    expect(words).not.toContain(refreshToken);
    expect(words).not.toContain(accessToken);
  });
});

describe('recordLost', () => {
  test('marks the grant', async () => {
    const { store, owner, activities, grant } = await setUp();
    const { id: lostTokenSetId } = await grant();
    expect(await attempt(1, activities.recordLost, { zoomUserId: owner.id, lostTokenSetId })).toEqual({ lost: true });
    expect((await store.members.get(owner.id))?.grantStatus).toBe('needsReconnect');
  });

  test('leaves a user who has added the app again since', async () => {
    const { store, owner, activities, grant } = await setUp();
    const { id: lostTokenSetId } = await grant();
    await grant();
    expect(await attempt(1, activities.recordLost, { zoomUserId: owner.id, lostTokenSetId })).toEqual({ lost: false });
    expect((await store.members.get(owner.id))?.grantStatus).toBe('connected');
  });

  test('does not mark a user who adds the app again at that very moment', async () => {
    const { store, owner, accountId, dependencies, grant } = await setUp();
    const { id: lostTokenSetId } = await grant();
    const { setGrantStatus } = store.members;
    let crossed = false;
    const crossing = {
      ...store,
      members: {
        ...store.members,
        setGrantStatus: async (...args: Parameters<typeof setGrantStatus>) => {
          if (!crossed) {
            crossed = true;
            // What the OAuth callback writes.
            await grant();
            const role = 'admin' as const;
            await store.members.connect({ _id: owner.id, accountId, name: 'Owner', email: '', jid: owner.jid, role });
          }
          await setGrantStatus(...args);
        },
      },
    };
    const { recordLost } = createGrantActivities({ ...dependencies, store: crossing });
    expect(await attempt(1, recordLost, { zoomUserId: owner.id, lostTokenSetId })).toEqual({ lost: false });
    expect((await store.members.get(owner.id))?.grantStatus).toBe('connected');
  });
});

describe('askToReconnect', () => {
  test('says to the user where to go', async () => {
    const { zoom, owner, activities } = await setUp();
    await attempt(1, activities.askToReconnect, { zoomUserId: owner.id });
    expect(zoom.directMessages).toEqual([expect.objectContaining({ toJid: owner.jid })]);
    expect(cardTexts(zoom.directMessages[0]?.card)).toContain('https://chat.example.com/install');
  });

  test('is tried again while Zoom is away, and fails with the reason when the bot may not write to the user', async () => {
    const { zoom, owner, activities } = await setUp();
    // Refused without and with naming a user.
    zoom.fail('bot.postMessage', zoomError('unavailable'), zoomError('botNotAllowed'), zoomError('botNotAllowed'));
    const ask = () => failureOf(attempt(1, activities.askToReconnect, { zoomUserId: owner.id }));
    expect(await ask()).toMatchObject({ type: 'ZoomUnavailable', nonRetryable: false });
    expect(await ask()).toMatchObject({ type: 'BotNotAllowed', nonRetryable: true });
  });
});

describe('tellMissingScopes', () => {
  const all = SCOPE_NEEDS.flatMap((need) => need.granular);
  const without = (...names: string[]) => all.filter((name) => !names.includes(name));

  test('names what is missing in both families, what does not work and where to go', async () => {
    const { zoom, owner, activities, grant } = await setUp();
    await grant(without('team_chat:write:members:admin', 'team_chat:delete:member:admin'));
    await attempt(1, activities.tellMissingScopes, { zoomUserId: owner.id });
    expect(zoom.directMessages).toEqual([expect.objectContaining({ toJid: owner.jid })]);
    const words = cardTexts(zoom.directMessages[0]?.card).join('\n');
    expect(words).toContain('View and manage all users’ chat channels');
    expect(words).toContain('team_chat:write:members:admin');
    expect(words).toContain('chat_channel:write:admin');
    expect(words).toContain('Nobody can be let into a chat');
    expect(words).toContain('https://chat.example.com/install');
    // The app works without it.
    expect(words).not.toContain('team_chat:delete:member:admin');
  });

  test.each([
    ['all of it is granted', [all]],
    ['only what the app can do without is missing', [without('team_chat:write:user_message:admin')]],
    ['Zoom named no scopes', [[]]],
    ['it was granted later', [without('user:read:user:admin'), all]],
  ])('says nothing when %s', async (_what, grants) => {
    const { zoom, owner, activities, grant } = await setUp();
    for (const scopes of grants) await grant(scopes);
    await attempt(1, activities.tellMissingScopes, { zoomUserId: owner.id });
    expect(zoom.directMessages).toEqual([]);
  });

  test('says nothing when a colleague has granted it', async () => {
    const { zoom, store, accountId, owner, agent, addMember, activities, grant } = await setUp();
    await grant(without('user:read:user:admin'));
    await addMember(agent);
    const tokens = { accessToken: 'a', refreshToken: 'r', expiresAt: new Date() };
    await store.tokenSets.addGranted(agent.id, { ...tokens, scopes: all });
    await attempt(1, activities.tellMissingScopes, { zoomUserId: owner.id });
    expect(zoom.directMessages).toEqual([]);
    // Whose grant does not work grants nothing.
    await store.members.setGrantStatus(agent.id, 'needsReconnect');
    await attempt(1, activities.tellMissingScopes, { zoomUserId: owner.id });
    expect(zoom.directMessages).toHaveLength(1);
    expect(await store.accounts.get(accountId)).not.toBeNull();
  });
});

describe('wakeChats', () => {
  test('has each chat of the account try again that is open or waits for Zoom, and no other', async () => {
    const { store, accountId, activities, triedAgain } = await setUp();
    const begin = async (_id: string, ofAccount: string, waitsFor: string | null, status: ChatStatus = 'active') => {
      const visitor = { name: 'Jane' };
      const chat = { _id, accountId: ofAccount, widgetId: 'w', visitor, status, agents: [], answeredBy: [] };
      await store.chats.begin({ ...chat, createdAt: new Date(), deliveredSeq: 0, waitsFor });
      return _id;
    };
    const waiting = [
      await begin(randomUUID(), accountId, 'NeedsReconnect', 'ended'),
      await begin(randomUUID(), accountId, null, 'missed'),
      await begin(randomUUID(), accountId, null),
    ];
    await begin(randomUUID(), accountId, null, 'ended');
    await begin(randomUUID(), randomUUID(), 'NeedsReconnect');
    await attempt(1, activities.wakeChats, { accountId });
    expect(triedAgain.sort()).toEqual(waiting.sort());
  });
});

describe('forgetGrant', () => {
  test('forgets the tokens and marks the member as removed, as often as it runs', async () => {
    const { store, owner, activities, grant, setsKept } = await setUp();
    await grant();
    const input = { zoomUserId: owner.id, grantedBefore: Date.now() };
    expect(await attempt(1, activities.forgetGrant, input)).toEqual({ removed: true });
    expect(await attempt(2, activities.forgetGrant, input)).toEqual({ removed: true });
    expect(await setsKept()).toBe(0);
    expect((await store.members.get(owner.id))?.grantStatus).toBe('removed');
  });

  test('keeps a grant that came after the removal', async () => {
    const { store, owner, activities, grant } = await setUp();
    await grant();
    const grantedBefore = Date.now();
    await pause();
    const { id } = await grant();
    const done = await attempt(1, activities.forgetGrant, { zoomUserId: owner.id, grantedBefore });
    expect(done).toEqual({ removed: false });
    expect((await store.tokenSets.newest(owner.id))?.id).toBe(id);
    expect((await store.members.get(owner.id))?.grantStatus).toBe('connected');
  });
});
