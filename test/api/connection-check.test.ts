import { describe, expect, test } from 'vitest';
import {
  connectionCheckSteps,
  type ConnectionCheckData,
  type ConnectionCheckProgress,
} from '../../domain/connection-check.ts';
import { accountId, member, userId } from './fakes.ts';
import { startTestApp } from './harness.ts';

async function signedIn(changes: Parameters<typeof member>[0] = {}) {
  const app = await startTestApp();
  app.store.membersById.set(userId, member(changes));
  await app.signIn();
  return app;
}

const progress = (by: string): ConnectionCheckProgress => ({
  status: 'running',
  startedAt: 1,
  word: 'check 4271',
  steps: connectionCheckSteps.map((id) =>
    id === 'word' ? { id, state: 'passed', outcome: 'ok', by } : { id, state: 'pending' },
  ),
});
const path = '/api/connection-check';

describe('the connection check', () => {
  test('is known not to have run, with the addresses that Zoom needs', async () => {
    const { browser } = await signedIn();
    expect(await (await browser.get(path)).json()).toEqual({
      mayRun: true,
      check: null,
      names: {},
      endpoints: {
        events: 'http://localhost:3000/webhooks/zoom/events',
        bot: 'http://localhost:3000/webhooks/zoom/bot',
      },
    });
  });

  test('is started by an administrator, in their name', async () => {
    const { browser, temporal } = await signedIn();
    temporal.check = progress('somebody');
    const response = await browser.post(path);
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ mayRun: true, check: temporal.check }),
    ]);
    expect(temporal.named('startCheck')).toEqual([[{ accountId, zoomUserId: userId }]]);
  });

  test('names colleagues who took part, and nobody of another account', async () => {
    const { browser, store, temporal } = await signedIn();
    store.membersById.set('jill', member({ _id: 'jill', name: 'Jill Chill' }));
    store.membersById.set('robin', member({ _id: 'robin', name: 'Robin Other', accountId: 'account-2' }));
    const names = async (by: string) => {
      temporal.check = progress(by);
      return ((await (await browser.get(path)).json()) as ConnectionCheckData).names;
    };
    expect(await names('jill')).toEqual({ jill: 'Jill Chill' });
    expect(await names('robin')).toEqual({});
    expect(await names('')).toEqual({});
  });

  test('takes a choice, and refuses one when no check runs', async () => {
    const { browser, temporal } = await signedIn();
    const chosen = { step: 'word', choice: 'nothingHappened' };
    expect((await browser.post(`${path}/choice`, chosen)).status).toBe(200);
    expect(temporal.named('chooseInCheck')).toEqual([[accountId, chosen]]);
    temporal.checkOutcome = 'ended';
    expect((await browser.post(`${path}/choice`, chosen)).status).toBe(409);
  });

  test.each([
    [{}],
    [{ step: 'word' }],
    [{ step: 'other', choice: 'skip' }],
    [{ step: 'word', choice: 'skip', more: 1 }],
    [[]],
  ])('refuses the choice %j', async (body) => {
    const { browser, temporal } = await signedIn();
    expect((await browser.post(`${path}/choice`, body)).status).toBe(422);
    expect(temporal.calls).toEqual([]);
  });

  test('is for administrators; others may look', async () => {
    const { browser, store, temporal } = await signedIn({ role: 'agent' });
    temporal.check = progress('');
    expect(await (await browser.get(path)).json()).toMatchObject({ mayRun: false, check: temporal.check });
    expect((await browser.post(path)).status).toBe(403);
    expect((await browser.post(`${path}/choice`, { step: 'word', choice: 'skip' })).status).toBe(403);
    expect(temporal.named('startCheck')).toEqual([]);
    store.membersById.set(userId, member({ role: 'owner' }));
    expect((await browser.post(path)).status).toBe(200);
  });

  test('is not for strangers or other sites', async () => {
    const { browser, temporal } = await startTestApp();
    expect((await browser.get(path)).status).toBe(401);
    expect((await browser.post(path)).status).toBe(401);
    expect((await browser.get('/connection-check')).headers.get('location')).toContain('/signin?next=');
    const app = await signedIn();
    const headers = { origin: 'https://evil.example' };
    expect((await app.browser.send('POST', path, { headers })).status).toBe(403);
    expect([...temporal.calls, ...app.temporal.calls]).toEqual([]);
  });

  test('says so while Temporal or its workers are away', async () => {
    const { browser, temporal } = await signedIn();
    temporal.away = true;
    expect((await browser.get(path)).status).toBe(503);
    expect((await browser.post(path)).status).toBe(503);
  });
});
