import { describe, expect, test } from 'vitest';
import { ActingUsers } from '../../activities/acting-user.ts';
import { createMemberCheckActivities } from '../../activities/member-check.ts';
import { cacheMembers } from '../../activities/members.ts';
import { createRouteChangeActivities } from '../../activities/route-change.ts';
import { channelJid, channelUrl } from '../../zoom/index.ts';
import { attempt, cardTexts, settledAccount, testStore } from './harness.ts';

const opened = testStore();

async function setUp() {
  const { store } = opened;
  const account = await settledAccount(store);
  const { zoom, accountId } = account;
  await account.addMember(account.agent);
  await store.members.setRole(account.agent.id, 'admin');
  const now = new Date();
  const session = { zoomUserId: account.agent.id, accountId, createdAt: now, usedAt: now };
  const sessionId = `session-${account.agent.id}`;
  await store.sessions.begin({ _id: sessionId, ...session, expiresAt: new Date(now.getTime() + 60_000) });
  const acting = new ActingUsers(cacheMembers(store.members), zoom.userZoom);
  const checks = createMemberCheckActivities({ store, acting });
  const check = () => attempt(1, checks.checkMember, { zoomUserId: account.agent.id, accountId });
  const isSignedIn = async () => (await store.sessions.get(sessionId)) !== null;
  const become = (changes: Partial<typeof account.agent>) =>
    zoom.users.set(account.agent.id, { ...account.agent, ...changes });
  return { ...account, store, acting, check, isSignedIn, become };
}

describe('the look at a member’s role', () => {
  test('changes nothing for an administrator who still is one', async () => {
    const { check, isSignedIn, become } = await setUp();
    become({ role: 'admin' });
    await check();
    expect(await isSignedIn()).toBe(true);
  });

  test.each([
    ['an administrator no longer', { role: 'agent' as const }],
    ['deactivated', { role: 'admin' as const, status: 'inactive' }],
  ])('ends the sessions of somebody who is %s', async (_what, changes) => {
    const { check, isSignedIn, become, store, agent } = await setUp();
    become(changes);
    await check();
    expect(await isSignedIn()).toBe(false);
    expect((await store.members.get(agent.id))?.role).toBe(changes.role);
  });

  test('ends the sessions of somebody whose grant is lost once nobody else can ask', async () => {
    const { store, check, isSignedIn, become, owner, agent, zoom } = await setUp();
    become({ role: 'admin' });
    await store.members.setGrantStatus(agent.id, 'needsReconnect');
    await check();
    expect(await isSignedIn()).toBe(true);
    zoom.deactivate(owner.id);
    await store.members.setGrantStatus(owner.id, 'needsReconnect');
    await check();
    expect(await isSignedIn()).toBe(false);
  });

  test('takes over a new role without ending anything', async () => {
    const { store, check, isSignedIn, become, agent } = await setUp();
    become({ role: 'owner' });
    await check();
    expect((await store.members.get(agent.id))?.role).toBe('owner');
    expect(await isSignedIn()).toBe(true);
  });

  test('ends the sessions of somebody whom Zoom does not know any more', async () => {
    const { check, isSignedIn, zoom, agent } = await setUp();
    zoom.users.delete(agent.id);
    await check();
    expect(await isSignedIn()).toBe(false);
  });
});

test('both channels are told where new chats go, and by whom', async () => {
  const { zoom, store, acting, accountId, owner, inbound } = await setUp();
  const next = zoom.addChannel('Sales', { members: [owner.email ?? ''] });
  const ref = ({ id, name }: { id: string; name: string }) => {
    const jid = channelJid(id);
    return { id, jid, name, url: channelUrl(jid) };
  };
  const publicUrl = 'https://chat.example.com';
  const { tellRouteChange } = createRouteChangeActivities({ store, zoom: zoom.client, acting, publicUrl });
  const change = { accountId, zoomUserId: owner.id, from: ref(inbound), to: ref(next) };
  for (const channel of [change.from, change.to]) await attempt(1, tellRouteChange, { ...change, channel });
  const told = [inbound, next].map(({ messages }) => cardTexts(messages.at(-1)?.botMessage).join(' '));
  expect(told[0]).toContain(`${owner.displayName} has routed new chats from your website to “Sales”`);
  expect(told[1]).toContain('to this channel');
});
