import { describe, expect, test } from 'vitest';
import { NeedsReconnectError, RenewalUnavailableError } from '../../activities/user-zoom.ts';
import { TemporalUnavailableError } from '../../api/temporal/call.ts';
import type { DashboardData, InstallProgress, Problem } from '../../domain/dashboard.ts';
import { installSteps } from '../../domain/install-steps.ts';
import type { ZoomChannel } from '../../zoom/index.ts';
import { account, accountId, chat, member, start, userId, zoomError } from './fakes.ts';
import { startTestApp } from './harness.ts';

async function signedIn() {
  const app = await startTestApp();
  await app.signIn();
  return app;
}

function progress(status: InstallProgress['status']): InstallProgress {
  return { status, steps: installSteps.map((id) => ({ id, state: 'done' })) };
}

const channel = (id: string, name: string, type: ZoomChannel['type']): ZoomChannel => ({
  id,
  name,
  type,
  jid: `${id}@conference.xmpp.zoom.us`,
  url: `https://zoom.us/${id}`,
});

describe('the install', () => {
  test('shows what its workflow answers', async () => {
    const { browser, temporal } = await signedIn();
    temporal.progress = progress('ready');
    expect(await (await browser.get('/api/install')).json()).toEqual({ ...progress('ready'), missingScopes: [] });
  });

  test('is not started when there is no workflow', async () => {
    const { browser } = await signedIn();
    expect(await (await browser.get('/api/install')).json()).toMatchObject({ status: 'notStarted' });
  });

  test('is done for a user whose workflow is long forgotten', async () => {
    const { browser, store } = await signedIn();
    store.membersById.set(userId, member({ onboardedAt: new Date() }));
    expect(await (await browser.get('/api/install')).json()).toMatchObject({
      status: 'done',
      inboundChannel: { name: 'Inbound', url: 'https://zoom.us/inbound' },
    });
  });

  test('answers 503 with Retry-After while nobody knows', async () => {
    const { browser, temporal } = await signedIn();
    temporal.away = true;
    const response = await browser.get('/api/install');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });

  test('"I’m Done" is signalled when ready, changes nothing when done, and is refused before', async () => {
    const { browser, temporal } = await signedIn();
    temporal.progress = progress('running');
    expect((await browser.post('/api/install/done')).status).toBe(409);
    temporal.progress = progress('failed');
    expect((await browser.post('/api/install/done')).status).toBe(409);
    expect(temporal.named('done')).toEqual([]);
    temporal.progress = progress('ready');
    const response = await browser.post('/api/install/done');
    expect([response.status, await response.json()]).toEqual([200, { ...progress('done'), missingScopes: [] }]);
    temporal.progress = progress('done');
    expect((await browser.post('/api/install/done')).status).toBe(200);
    expect(temporal.named('done')).toEqual([[userId]]);
  });

  test('a retry is passed on to an install that is not finished, and only to such a one', async () => {
    const { browser, temporal } = await signedIn();
    temporal.installState = 'failed';
    expect((await browser.post('/api/install/retry')).status).toBe(200);
    expect(temporal.named('start')).toEqual([[{ zoomUserId: userId, accountId }]]);
    // Running, and waiting for this at the step that failed.
    temporal.installState = 'running';
    expect((await browser.post('/api/install/retry')).status).toBe(200);
    temporal.installState = 'completed';
    expect((await browser.post('/api/install/retry')).status).toBe(409);
    expect(temporal.named('start')).toHaveLength(2);
  });
});

describe('the dashboard', () => {
  test('shows account, trial, widget and chats', async () => {
    const { browser, store } = await signedIn();
    store.chatsById.set('a', chat({ _id: 'a' }));
    store.chatsById.set('b', chat({ _id: 'b', status: 'missed', agents: [] }));
    store.chatsById.set('other', chat({ _id: 'other', accountId: 'account-2' }));
    const data = (await (await browser.get('/api/dashboard')).json()) as DashboardData;
    expect(data).toMatchObject({
      user: { name: 'Alex Admin', email: 'alex@example.com' },
      account: { id: accountId, name: 'Example Inc' },
      trial: { daysLeft: 14, expired: false },
      channel: { id: 'inbound', name: 'Inbound' },
      widget: {
        id: 'widget-1',
        embedSnippet: '<script async src="http://localhost:3000/widget.js" data-widget="widget-1"></script>',
        previewUrl: 'http://localhost:3000/preview?widget=widget-1',
      },
      needsReconnect: false,
      missingScopes: [],
      chats: { waiting: 1, active: 1, ended: 0 },
    });
    expect(data.recentChats.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(data.recentChats[0]).toMatchObject({ agents: ['Jill'], channelUrl: 'https://zoom.us/chat', waitsFor: null });
  });

  test('says what keeps a chat waiting for Zoom', async () => {
    const { browser, store } = await signedIn();
    store.chatsById.set('a', chat({ _id: 'a', waitsFor: 'BotNotAllowed' }));
    const data = (await (await browser.get('/api/dashboard')).json()) as DashboardData;
    expect(data.recentChats[0]?.waitsFor).toBe('BotNotAllowed');
  });

  test.each([
    [14 * 86_400_000, 14, false],
    [13 * 86_400_000 + 1, 14, false],
    [1, 1, false],
    [0, 0, true],
    [-86_400_000, 0, true],
  ])('with %i ms of trial left it counts %i days', async (left, daysLeft, expired) => {
    const { browser, store } = await signedIn();
    store.accountsById.set(accountId, account({ trialEndsAt: new Date(start + left) }));
    expect(await (await browser.get('/api/dashboard')).json()).toMatchObject({ trial: { daysLeft, expired } });
  });

  test('says when the owner’s grant is gone, and when there is no account yet', async () => {
    const { browser, store } = await signedIn();
    store.membersById.set(userId, member({ grantStatus: 'needsReconnect' }));
    expect(await (await browser.get('/api/dashboard')).json()).toMatchObject({ needsReconnect: true });
    store.accountsById.clear();
    expect((await browser.get('/api/dashboard')).status).toBe(409);
  });
});

describe('the settings', () => {
  test('list every channel of the user by name', async () => {
    const { browser, zoom } = await signedIn();
    zoom.channels = [
      channel('z', 'Zeta', 'public'),
      channel('a', 'Alpha', 'privateInternal'),
      channel('g', 'Mid', 'group'),
    ];
    expect(await (await browser.get('/api/channels')).json()).toEqual({
      channels: [
        { id: 'a', name: 'Alpha', kind: 'private' },
        { id: 'g', name: 'Mid', kind: 'other' },
        { id: 'z', name: 'Zeta', kind: 'public' },
      ],
      selectedId: 'inbound',
      selectedName: 'Inbound',
      mayChange: true,
    });
  });

  test('take a channel that is the user’s in Zoom', async () => {
    const { browser, zoom, store } = await signedIn();
    zoom.channels = [channel('new', 'New', 'private')];
    const response = await browser.post('/api/settings', { channelId: 'new' }, 'PUT');
    expect([response.status, await response.json()]).toEqual([200, { channel: { id: 'new', name: 'New' } }]);
    expect(store.widgetsById.get('widget-1')?.inboundChannel).toEqual({
      id: 'new',
      name: 'New',
      jid: 'new@conference.xmpp.zoom.us',
      url: 'https://zoom.us/new',
    });
  });

  test('have the account’s chats that wait for Zoom try again once another channel is chosen', async () => {
    const { browser, zoom, store, temporal, logged } = await signedIn();
    zoom.channels = [channel('new', 'New', 'private')];
    const waiting = Array.from({ length: 20 }, (_, n) => `waiting-${n}`);
    for (const _id of waiting) store.chatsById.set(_id, chat({ _id, waitsFor: 'ChannelGone' }));
    store.chatsById.set('fine', chat({ _id: 'fine' }));
    store.chatsById.set('other', chat({ _id: 'other', accountId: 'account-2', waitsFor: 'ChannelGone' }));
    // One that fails keeps none of the others from it.
    temporal.before = async (call) => {
      if (call.args[0] === 'waiting-3') throw new TemporalUnavailableError('away');
    };
    expect((await browser.post('/api/settings', { channelId: 'new' }, 'PUT')).status).toBe(200);
    await expect.poll(() => temporal.named('tryAgain').map(([chatId]) => chatId)).toEqual(waiting);
    await expect.poll(() => logged.filter((line) => line.includes('try again'))).toHaveLength(1);
  });

  test('are told to both channels, with who, from and to in the log', async () => {
    const { browser, zoom, temporal, logged } = await signedIn();
    zoom.channels = [channel('new', 'New', 'private')];
    await browser.post('/api/settings', { channelId: 'new' }, 'PUT');
    const change = { accountId, zoomUserId: userId, from: { id: 'inbound' }, to: { id: 'new', name: 'New' } };
    expect(temporal.named('tell')).toMatchObject([[change]]);
    expect(logged.filter((line) => line.includes('routed new chats'))).toMatchObject([
      expect.stringMatching(/"zoomUserId":"user-alex","from":"inbound","to":"new"/),
    ]);
    // Saved again, nothing has changed.
    await browser.post('/api/settings', { channelId: 'new' }, 'PUT');
    expect(temporal.named('tell')).toHaveLength(1);
  });

  test('are for the owner and administrators, by what Zoom says now, whoever installed the app', async () => {
    const { browser, zoom, store, temporal, logged } = await signedIn();
    zoom.channels = [channel('new', 'New', 'private')];
    const save = () => browser.post('/api/settings', { channelId: 'new' }, 'PUT');
    zoom.role = 'agent';
    const refused = await save();
    expect(refused.status).toBe(403);
    expect(((await refused.json()) as Problem).detail).toContain('Ask one of them');
    expect(store.widgetsById.get('widget-1')?.inboundChannel?.id).toBe('inbound');
    expect(temporal.named('tell')).toEqual([]);
    expect(logged.some((line) => line.includes('a change of settings was refused'))).toBe(true);
  });

  test.each([
    ['demoted', 'agent', 'active'],
    ['deactivated', 'admin', 'inactive'],
  ] as const)('end the sessions of somebody who turns out to be %s', async (_what, role, zoomStatus) => {
    const { browser, zoom } = await signedIn();
    zoom.role = role;
    zoom.status = zoomStatus;
    expect((await browser.post('/api/settings', { channelId: 'new' }, 'PUT')).status).toBe(403);
    expect((await browser.get('/api/dashboard')).status).toBe(401);
  });

  test('show to who may not change them where chats go, without asking Zoom', async () => {
    const { browser, zoom, store } = await signedIn();
    store.membersById.set(userId, member({ role: 'agent' }));
    zoom.channelError = new Error('not to be asked');
    expect(await (await browser.get('/api/channels')).json()).toEqual({
      channels: [],
      selectedId: 'inbound',
      selectedName: 'Inbound',
      mayChange: false,
    });
  });

  describe('chosen by another administrator than the account’s owner', () => {
    const owned = async () => {
      const app = await signedIn();
      app.zoom.channels = [channel('new', 'New', 'private')];
      app.store.accountsById.set(accountId, account({ ownerUserId: 'user-olive' }));
      app.store.membersById.set('user-olive', member({ _id: 'user-olive', name: 'Olive Owner' }));
      return { ...app, save: () => app.browser.post('/api/settings', { channelId: 'new' }, 'PUT') };
    };

    test('take a channel that both are in', async () => {
      const { save } = await owned();
      expect((await save()).status).toBe(200);
    });

    test('refuse one that the owner is not in, and name them', async () => {
      const { save, zoom, store } = await owned();
      zoom.outside.set('user-olive', zoomError('channelGone'));
      const refused = await save();
      expect(refused.status).toBe(422);
      expect(((await refused.json()) as Problem).detail).toContain('Olive Owner, who is not in this one');
      expect(store.widgetsById.get('widget-1')?.inboundChannel?.id).toBe('inbound');
    });

    test('do not ask for an owner whose grant does not work', async () => {
      const { save, zoom, store } = await owned();
      zoom.outside.set('user-olive', new NeedsReconnectError());
      expect((await save()).status).toBe(200);
      zoom.outside.set('user-olive', zoomError('channelGone'));
      store.membersById.set('user-olive', member({ _id: 'user-olive', grantStatus: 'needsReconnect' }));
      expect((await save()).status).toBe(200);
    });
  });

  test('take no channel of a single chat, whose visitor reads what is written there', async () => {
    const { browser, zoom, store } = await signedIn();
    store.chatsById.set('c', chat({ _id: 'c' }));
    zoom.channels = [channel('chat-channel', 'A chat', 'private')];
    expect((await browser.post('/api/settings', { channelId: 'chat-channel' }, 'PUT')).status).toBe(422);
  });

  test('refuse another channel, naming the field', async () => {
    const { browser, store } = await signedIn();
    const response = await browser.post('/api/settings', { channelId: 'not-mine' }, 'PUT');
    expect(response.status).toBe(422);
    expect(((await response.json()) as Problem).errors).toMatchObject([{ path: 'channelId' }]);
    expect(store.widgetsById.get('widget-1')?.inboundChannel?.id).toBe('inbound');
  });

  test.each([[{}], [{ channelId: 7 }], [{ channelId: '../x' }], [{ channelId: 'a', more: 1 }], [[]], ['text']])(
    'refuse the body %j',
    async (body) => {
      const { browser } = await signedIn();
      expect((await browser.post('/api/settings', body, 'PUT')).status).toBeOneOf([400, 422]);
    },
  );

  test('refuse what is not JSON, and what is too large', async () => {
    const { browser } = await signedIn();
    const headers = { origin: 'http://localhost:3000', 'content-type': 'application/json' };
    expect((await browser.send('PUT', '/api/settings', { headers, body: '{"a' })).status).toBe(400);
    const large = JSON.stringify({ channelId: 'a'.repeat(30_000) });
    const response = await browser.send('PUT', '/api/settings', { headers, body: large });
    expect(response.status).toBe(413);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  test.each([
    [() => new NeedsReconnectError(), 409],
    [() => new RenewalUnavailableError(), 503],
    [() => zoomError('unavailable'), 503],
    [() => zoomError('scopeMissing'), 409],
    [() => zoomError('userGone'), 502],
  ])('say what Zoom’s trouble means (%#)', async (makeError, status) => {
    const { browser, zoom } = await signedIn();
    zoom.channelError = makeError();
    const response = await browser.get('/api/channels');
    expect(response.status).toBe(status);
    expect(((await response.json()) as Problem).detail).not.toBe('');
  });
});
