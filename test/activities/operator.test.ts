import { expect, test } from 'vitest';
import { createOperatorActivities } from '../../activities/operator.ts';
import { FakeZoom, zoomError } from './fake-zoom.ts';
import { attempt, failureOf } from './harness.ts';

function setUp() {
  const zoom = new FakeZoom();
  const [owner, jill, sam] = ['owner', 'jill', 'sam'].map((id) => zoom.addUser(id)) as [User, User, User];
  const channel = zoom.addChannel('chat', { members: [owner, jill, sam].map(({ email }) => email ?? '') });
  const { removeAgents } = createOperatorActivities({ userZoom: zoom.userZoom });
  const agents = [owner, jill, sam].map(({ id, displayName }) => ({ id, name: displayName }));
  const remove = (number: number, ...ids: string[]) =>
    attempt(number, removeAgents, {
      channelId: channel.id,
      ownerUserId: owner.id,
      agents: agents.filter(({ id }) => ids.includes(id)),
    });
  return { zoom, channel, remove };
}
type User = ReturnType<FakeZoom['addUser']>;

test('takes agents out of the channel, and counts those who are gone already as removed', async () => {
  const { channel, remove } = setUp();
  expect(await remove(1, 'jill', 'sam')).toEqual({ stayed: [] });
  expect(channel.members).toEqual(['owner@example.com']);
  expect(await remove(2, 'jill', 'sam')).toEqual({ stayed: [] });
});

test('leaves the owner, whom Zoom keeps in, without asking', async () => {
  const { zoom, channel, remove } = setUp();
  expect(await remove(1, 'owner', 'jill')).toMatchObject({ stayed: [{ agent: { id: 'owner' }, why: 'owner' }] });
  expect(channel.members).toEqual(['owner@example.com', 'sam@example.com']);
  expect(zoom.calls.filter((call) => call === 'removeMember')).toHaveLength(1);
});

test('goes on with the others when Zoom refuses one', async () => {
  const { zoom, channel, remove } = setUp();
  zoom.fail('removeMember', zoomError('scopeMissing'));
  expect(await remove(1, 'jill', 'sam')).toMatchObject({ stayed: [{ agent: { id: 'jill' }, why: 'refused' }] });
  expect(channel.members).toEqual(['owner@example.com', 'jill@example.com']);
});

test('fails, to be tried again, when Zoom is away', async () => {
  const { zoom, remove } = setUp();
  zoom.fail('removeMember', zoomError('unavailable', { retryable: true }));
  expect(await failureOf(remove(1, 'jill'))).toMatchObject({ type: 'ZoomUnavailable', nonRetryable: false });
});
