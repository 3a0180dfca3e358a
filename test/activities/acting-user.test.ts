import { describe, expect, test } from 'vitest';
import { ActingUsers } from '../../activities/acting-user.ts';
import { NeedsReconnectError, RenewalUnavailableError } from '../../activities/user-zoom.ts';
import type { Member } from '../../store/index.ts';
import type { ZoomUserApi } from '../../zoom/index.ts';
import { zoomError } from './fake-zoom.ts';

const member = (_id: string, grantStatus: Member['grantStatus'] = 'connected', role: Member['role'] = 'agent') =>
  ({ _id, jid: `${_id}@xmpp.zoom.us`, accountId: 'account-1', grantStatus, role }) as Member;

/** Members in the order in which they added the app; who is refused, and with what. The bot without a user: nobody. */
function setUp(members: Member[], refused: Record<string, Error> = {}) {
  const told: { accountId: string; scopes: readonly string[] }[] = [];
  /** What the members are by now, when that is not known yet. */
  const now = { members };
  const tried: string[] = [];
  const attemptAs = async (id: string) => {
    tried.push(id);
    if (refused[id]) throw refused[id];
    return id;
  };
  const acting = new ActingUsers(
    { ofAccount: async (_id, options) => (options?.forceRefresh ? now.members : members) },
    async (id, calls) => {
      await attemptAs(id);
      return calls({} as ZoomUserApi);
    },
    async (accountId, scopes) => void told.push({ accountId, scopes }),
  );
  const about = { accountId: 'account-1', channelId: 'channel-1' };
  return {
    tried,
    refused,
    told,
    now,
    asUser: (more: { ownerUserId?: string } = {}) =>
      acting.asUser({ ...about, ...more }, async (_api, userId) => userId),
    asAccountOwner: (ownerUserId: string) =>
      acting.asAccountOwner({ accountId: 'account-1', ownerUserId }, async (_api, userId) => userId),
    findAsAny: (sees: (id: string | undefined) => string | undefined) =>
      acting.findAsAny('account-1', async () => sees(tried.at(-1))),
    asBot: (more: { ownerUserId?: string } = {}) =>
      acting.asBot({ ...about, ...more }, (jid) => attemptAs(jid?.split('@')[0] ?? 'nobody')),
  };
}

describe('calls in a member’s name', () => {
  test('are made as the channel’s owner, else as who added the app first', async () => {
    const { asUser } = setUp([member('ann'), member('bob')]);
    expect(await asUser({ ownerUserId: 'bob' })).toBe('bob');
    expect(await setUp([member('ann'), member('bob')]).asUser()).toBe('ann');
  });

  test.each([
    ['the grant is gone', new NeedsReconnectError()],
    ['the token is refused', zoomError('unauthorized')],
    ['they are not in the channel, or may not', zoomError('forbidden')],
    ['their grant lacks a scope', zoomError('scopeMissing')],
  ])('go on as another member at once when %s', async (_what, error) => {
    const { asUser, tried } = setUp([member('ann'), member('bob')], { ann: error });
    expect(await asUser()).toBe('bob');
    expect(await asUser()).toBe('bob');
    // Who was allowed is remembered for that channel.
    expect(tried).toEqual(['ann', 'bob', 'bob']);
  });

  test.each([zoomError('unavailable', { ambiguous: true }), zoomError('userGone'), new RenewalUnavailableError()])(
    'are not made by another member after %s, which has nothing to do with who calls',
    async (error) => {
      const { asUser, tried } = setUp([member('ann'), member('bob')], { ann: error });
      await expect(asUser()).rejects.toBe(error);
      expect(tried).toEqual(['ann']);
    },
  );

  test('leave out members whose grant is known not to work', async () => {
    const { asUser, tried } = setUp([member('ann', 'needsReconnect'), member('bob', 'removed'), member('cat')]);
    expect(await asUser({ ownerUserId: 'ann' })).toBe('cat');
    expect(tried).toEqual(['cat']);
  });

  test('are made by whoever is in the channel, though the owner and many others are not', async () => {
    const ids = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay'];
    const refused = Object.fromEntries(ids.slice(0, -1).map((id) => [id, zoomError('forbidden')]));
    const { asUser, tried } = setUp(
      ids.map((id) => member(id)),
      refused,
    );
    expect(await asUser({ ownerUserId: 'bob' })).toBe('fay');
    expect(await asUser({ ownerUserId: 'bob' })).toBe('fay');
    expect(tried).toEqual(['bob', 'ann', 'cat', 'dan', 'eve', 'fay', 'fay']);
  });

  test('fail with what the first member’s failed with when nobody may, after some', async () => {
    const forbidden = zoomError('forbidden');
    const ids = Array.from({ length: 30 }, (_, n) => `member-${n}`);
    const refused = Object.fromEntries(ids.map((id) => [id, zoomError('forbidden')]));
    const { asUser, tried } = setUp(
      ids.map((id) => member(id)),
      { ...refused, 'member-0': forbidden },
    );
    await expect(asUser()).rejects.toBe(forbidden);
    expect(tried).toEqual(ids.slice(0, 10));
  });

  test('are made by somebody who has added the app again a moment ago', async () => {
    const { asUser, now } = setUp([member('ann', 'needsReconnect'), member('bob')], { bob: zoomError('forbidden') });
    now.members = [member('ann'), member('bob')];
    expect(await asUser({ ownerUserId: 'ann' })).toBe('ann');
  });

  test('say which scope is missing once nobody else may', async () => {
    const missingScopes = ['team_chat:write:members:admin'];
    const scopeMissing = zoomError('scopeMissing', { missingScopes });
    const alone = setUp([member('ann'), member('bob')], { ann: scopeMissing, bob: zoomError('forbidden') });
    await expect(alone.asUser()).rejects.toBe(scopeMissing);
    expect(alone.told).toEqual([{ accountId: 'account-1', scopes: missingScopes }]);
    const helped = setUp([member('ann'), member('bob')], { ann: scopeMissing });
    await helped.asUser();
    expect(helped.told).toEqual([]);
  });

  test('wait for a reconnect when nobody’s grant works, or the owner’s does not and nobody else may', async () => {
    const alone = setUp([member('ann', 'needsReconnect')]);
    await expect(alone.asUser()).rejects.toBeInstanceOf(NeedsReconnectError);
    const shut = setUp([member('ann', 'needsReconnect'), member('bob')], { bob: zoomError('forbidden') });
    await expect(shut.asUser({ ownerUserId: 'ann' })).rejects.toBeInstanceOf(NeedsReconnectError);
  });
});

describe('calls by which somebody becomes a channel’s owner', () => {
  const people = [
    member('ann'),
    member('bob', 'connected', 'admin'),
    member('cem', 'connected', 'owner'),
    member('dan', 'needsReconnect', 'admin'),
  ];

  test('are made as the account’s owner, whatever their role', async () => {
    expect(await setUp(people).asAccountOwner('ann')).toBe('ann');
  });

  test('are made as an administrator when the owner’s grant does not work, and never as anybody else', async () => {
    const { asAccountOwner, tried, refused } = setUp(people, { bob: new NeedsReconnectError() });
    expect(await asAccountOwner('dan')).toBe('cem');
    expect(tried).toEqual(['bob', 'cem']);
    refused['cem'] = zoomError('unauthorized');
    await expect(asAccountOwner('dan')).rejects.toBeInstanceOf(NeedsReconnectError);
    expect(tried).not.toContain('ann');
  });
});

describe('calls of the bot', () => {
  const malformed = () => zoomError('contentRefused', { status: 400, code: 7001 });

  test('name no user, and need no grant, but for somebody who has the app', async () => {
    expect(await setUp([member('ann', 'needsReconnect')]).asBot()).toBe('nobody');
    await expect(setUp([member('ann', 'removed')]).asBot()).rejects.toBeInstanceOf(NeedsReconnectError);
  });

  test('name a member where Zoom does not accept nobody, and remember whom', async () => {
    const { asBot, tried } = setUp([member('ann'), member('bob')], {
      nobody: zoomError('botNotAllowed'),
      ann: zoomError('botNotAllowed'),
    });
    await asBot();
    await asBot();
    expect(tried).toEqual(['nobody', 'ann', 'bob', 'bob']);
  });

  test('name a member from then on when the app turns out to be a user-managed one', async () => {
    const { asBot, tried, refused } = setUp([member('ann'), member('bob')], { nobody: malformed() });
    await asBot();
    refused['ann'] = zoomError('botNotAllowed');
    await asBot();
    expect(tried).toEqual(['nobody', 'ann', 'ann', 'bob']);
  });

  test('name a member also where Zoom took an edit of the bot’s for nobody: of posts that says nothing', async () => {
    const { asBot, tried, refused } = setUp([member('ann')]);
    await asBot();
    refused['nobody'] = malformed();
    expect(await asBot()).toBe('ann');
    expect(tried).toEqual(['nobody', 'nobody', 'ann']);
  });

  test('fail as the member’s post did, whose content is refused too', async () => {
    const { asBot, tried } = setUp([member('ann'), member('bob')], { nobody: malformed(), ann: malformed() });
    await expect(asBot()).rejects.toMatchObject({ kind: 'contentRefused' });
    expect(tried).toEqual(['nobody', 'ann']);
  });

  test('do not blame the content when no member may post', async () => {
    const refused = { nobody: malformed(), ann: zoomError('botNotAllowed') };
    await expect(setUp([member('ann')], refused).asBot()).rejects.toMatchObject({ kind: 'botNotAllowed' });
  });

  test('look for nobody again when the remembered member may no longer post', async () => {
    const { asBot, tried, refused } = setUp([member('ann')], { nobody: zoomError('botNotAllowed') });
    await asBot();
    delete refused['nobody'];
    refused['ann'] = zoomError('botNotAllowed');
    expect(await asBot()).toBe('nobody');
    expect(tried).toEqual(['nobody', 'ann', 'ann', 'nobody']);
  });

  test('are not tried for anybody else after any other failure', async () => {
    const { asBot, tried } = setUp([member('ann'), member('bob')], { nobody: zoomError('channelGone') });
    await expect(asBot()).rejects.toMatchObject({ kind: 'channelGone' });
    expect(tried).toEqual(['nobody']);
  });
});

describe('what any member may see', () => {
  test('is looked for by one after the other, but for those whose grants do not work', async () => {
    const members = [member('ann'), member('bob', 'needsReconnect'), member('cem'), member('dan')];
    const { findAsAny, tried } = setUp(members, { ann: new NeedsReconnectError() });
    expect(await findAsAny((id) => (id === 'dan' ? 'seen' : undefined))).toEqual({ found: 'seen', userId: 'dan' });
    expect(tried).toEqual(['ann', 'cem', 'dan']);
    expect(await findAsAny(() => undefined)).toBeUndefined();
  });
});
