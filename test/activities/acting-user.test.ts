import { describe, expect, test } from 'vitest';
import { ActingUsers } from '../../activities/acting-user.ts';
import { NeedsReconnectError, RenewalUnavailableError } from '../../activities/user-zoom.ts';
import type { Member } from '../../store/index.ts';
import type { ZoomUserApi } from '../../zoom/index.ts';
import { zoomError } from './fake-zoom.ts';

const member = (_id: string, grantStatus: Member['grantStatus'] = 'connected') =>
  ({ _id, jid: `${_id}@xmpp.zoom.us`, accountId: 'account-1', grantStatus }) as Member;

/** Members in the order in which they added the app; who is refused, and with what. */
function setUp(members: Member[], refused: Record<string, Error> = {}) {
  const tried: string[] = [];
  const attemptAs = async (id: string) => {
    tried.push(id);
    if (refused[id]) throw refused[id];
    return id;
  };
  const acting = new ActingUsers({ ofAccount: async () => members }, async (id, calls) => {
    await attemptAs(id);
    return calls({} as ZoomUserApi);
  });
  const about = { accountId: 'account-1', channelId: 'channel-1' };
  return {
    tried,
    refused,
    asUser: (more: { ownerUserId?: string } = {}) =>
      acting.asUser({ ...about, ...more }, async (_api, userId) => userId),
    asBot: (more: { ownerUserId?: string } = {}) =>
      acting.asBot({ ...about, ...more }, (jid) => attemptAs(jid.split('@')[0] ?? '')),
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

  test('fail with what the first member’s failed with when nobody may, after a few', async () => {
    const forbidden = zoomError('forbidden');
    const scopes = { bob: zoomError('scopeMissing'), cat: zoomError('scopeMissing'), dan: zoomError('scopeMissing') };
    const members = ['ann', 'bob', 'cat', 'dan'].map((id) => member(id));
    const { asUser, tried } = setUp(members, { ann: forbidden, ...scopes });
    await expect(asUser()).rejects.toBe(forbidden);
    expect(tried).toEqual(['ann', 'bob', 'cat']);
  });

  test('wait for a reconnect when nobody’s grant works, or the owner’s does not and nobody else may', async () => {
    const alone = setUp([member('ann', 'needsReconnect')]);
    await expect(alone.asUser()).rejects.toBeInstanceOf(NeedsReconnectError);
    const shut = setUp([member('ann', 'needsReconnect'), member('bob')], { bob: zoomError('forbidden') });
    await expect(shut.asUser({ ownerUserId: 'ann' })).rejects.toBeInstanceOf(NeedsReconnectError);
  });
});

describe('calls of the bot', () => {
  test('need nobody’s grant, but for somebody to act for', async () => {
    expect(await setUp([member('ann', 'needsReconnect')]).asBot()).toBe('ann');
    await expect(setUp([member('ann', 'removed')]).asBot()).rejects.toBeInstanceOf(NeedsReconnectError);
  });

  test('act for another member when Zoom does not accept the first', async () => {
    const { asBot, tried } = setUp([member('ann'), member('bob')], { ann: zoomError('botNotAllowed') });
    await asBot();
    await asBot();
    expect(tried).toEqual(['ann', 'bob', 'bob']);
  });

  test('are not tried for another member after any other failure', async () => {
    const { asBot, tried } = setUp([member('ann'), member('bob')], { ann: zoomError('contentRefused') });
    await expect(asBot()).rejects.toMatchObject({ kind: 'contentRefused' });
    expect(tried).toEqual(['ann']);
  });
});
