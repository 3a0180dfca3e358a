import { get } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { basic, closeAll, list, part, redirectUri, rig, type Rig } from './helpers.ts';

let r: Rig;
let auth: Record<string, string>;
let refresh: string;
beforeAll(async () => {
  r = await rig({ switches: { rateLimits: false } });
});
beforeEach(async () => {
  await r.control('/faults', {});
  await r.call('DELETE', '/_sandbox/faults');
  await r.control('/reset');
  ({ auth, refresh } = await r.install());
});
afterAll(closeAll);

const me = () => r.call('GET', '/v2/users/me', undefined, auth);
const faults = (...rules: object[]) => r.control('/faults', { rules });
const create = (name: string) => r.call('POST', '/v2/chat/users/me/channels', { name, type: 2 }, auth);
const names = async () => list((await r.state())['channels']).map((one) => one['name']);

describe('fault rules', () => {
  it('answer a status of choice, a number of times, for a path pattern', async () => {
    await faults({
      kind: 'status',
      status: 503,
      code: 5000,
      message: 'Down',
      headers: { 'retry-after': '2' },
      times: 2,
      skip: 1,
      match: { method: 'GET', path: '/v2/users/*' },
    });
    expect((await me()).status).toBe(200);
    const refused = await me();
    expect([refused.status, refused.json, refused.headers.get('retry-after')]).toEqual([
      503,
      { code: 5000, message: 'Down' },
      '2',
    ]);
    expect((await me()).status).toBe(503);
    expect((await me()).status).toBe(200);
  });

  it('strike before the effect or after it', async () => {
    await faults({ kind: 'status', status: 500, when: 'before', times: 1, match: { path: '/v2/chat/*' } });
    expect((await create('Before')).status).toBe(500);
    expect(await names()).not.toContain('Before');
    await faults({ kind: 'status', status: 500, when: 'after', times: 1, match: { path: '/v2/chat/*' } });
    expect((await create('After')).status).toBe(500);
    expect(await names()).toContain('After');
  });

  it('commit and cut the connection, hang, delay, and send broken JSON', async () => {
    await faults({ kind: 'reset', times: 1, match: { path: '/v2/chat/*' } });
    await expect(create('Cut')).rejects.toThrow();
    expect(await names()).toContain('Cut');
    await faults({ kind: 'hang', times: 1, match: { path: '/v2/chat/*' } });
    const hung = fetch(`${r.sandbox.url}/v2/chat/users/me/channels`, {
      headers: auth,
      signal: AbortSignal.timeout(100),
    });
    await expect(hung).rejects.toThrow();
    await faults({ kind: 'delay', delay_ms: 120, times: 1, match: { path: '/v2/users/me' } });
    const start = Date.now();
    await me();
    expect(Date.now() - start).toBeGreaterThanOrEqual(115);
    await faults({ kind: 'malformed_json', times: 1 });
    const broken = await me();
    expect(broken.status).toBe(200);
    expect(() => JSON.parse(broken.text) as unknown).toThrow();
  });

  it('lose the answer of a refresh after rotating', async () => {
    await faults({ kind: 'token_answer_lost', times: 1 });
    expect((await r.token({ grant_type: 'client_credentials' })).status).toBe(200);
    await expect(r.token({ grant_type: 'refresh_token', refresh_token: refresh })).rejects.toThrow();
    expect((await r.token({ grant_type: 'refresh_token', refresh_token: refresh })).json['error']).toBe(
      'invalid_grant',
    );
    expect((await me()).status).toBe(401);
  });

  it('repeat the same chances for the same seed', async () => {
    const run = async (): Promise<number[]> => {
      await r.control('/faults', { clear: true, seed: 7, rules: [{ kind: 'status', status: 500, probability: 0.5 }] });
      const all: number[] = [];
      for (let index = 0; index < 12; index++) all.push((await me()).status);
      return all;
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect(new Set(first)).toEqual(new Set([200, 500]));
  });

  it('can be listed, removed one by one, and cleared together with the switches', async () => {
    const added = await faults(
      { kind: 'reset', match: { path: '/nowhere' } },
      { kind: 'reset', match: { path: '/nowhere' } },
    );
    const ids = added.json['added'] as string[];
    expect((await r.call('DELETE', `/_sandbox/faults/${ids[0] ?? ''}`)).json['rules']).toHaveLength(1);
    await r.switches({ ratePlan: 'free' });
    const cleared = await r.call('DELETE', '/_sandbox/faults');
    expect(cleared.json).toMatchObject({ rules: [], switches: { ratePlan: 'business', rateLimits: false } });
  });

  it('expire and revoke tokens at once', async () => {
    const ended = await r.control('/faults', { tokens: { action: 'expire', kinds: ['access'] } });
    expect(ended.json['tokens_ended']).toBe(1);
    expect((await me()).json['message']).toBe('Access token is expired.');
    await r.control('/faults', { tokens: { action: 'revoke', kinds: ['refresh'], user: 'alex@example.com' } });
    expect((await r.token({ grant_type: 'refresh_token', refresh_token: refresh })).status).toBe(400);
  });

  it('set the strict preset', async () => {
    const strict = await r.control('/faults', { switches: { preset: 'strict', ratePlan: 'pro' } });
    expect(strict.json['switches']).toMatchObject({
      botInPrivateChannels: 'refused',
      userJidRequired: true,
      ratePlan: 'pro',
      rateLimits: true,
    });
  });
});

describe('control endpoints', () => {
  it.each([
    ['/faults', { switches: { nope: 1 } }],
    ['/faults', { switches: { ratePlan: 'gold' } }],
    ['/faults', { rules: [{ kind: 'nope' }] }],
    ['/users/jill@example.com/messages', { message: 'x' }],
    ['/users/jill@example.com/messages', { to_channel: 'General', message: '  ' }],
    ['/users/jill@example.com/press', {}],
    ['/clock', { advance_ms: -1 }],
  ])('refuse bad input with a problem document: %s %j', async (path, body) => {
    const reply = await r.control(path, body);
    expect(reply.status).toBe(400);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    expect(list(reply.json['errors']).length).toBeGreaterThan(0);
  });

  it('refuse unknown people, channels, paths, other sites and other media types', async () => {
    expect((await r.control('/users/nobody/messages', { to_bot: true, message: 'x' })).status).toBe(404);
    expect((await r.control('/users/jill@example.com/messages', { to_channel: 'nope', message: 'x' })).status).toBe(
      404,
    );
    expect((await r.control('/nothing')).status).toBe(404);
    expect((await r.call('POST', '/_sandbox/reset', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await r.call('POST', '/_sandbox/reset', 'a=b')).status).toBe(415);
    const broken = await fetch(`${r.sandbox.url}/_sandbox/reset`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect([broken.status, broken.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('application/problem+json'),
    ]);
  });

  it('answer only requests that name this machine, whatever a foreign name leads to', async () => {
    const statusFor = (host: string) =>
      new Promise((resolve, reject) => {
        get(`${r.sandbox.url}/_sandbox/state`, { headers: { host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        }).on('error', reject);
      });
    for (const host of ['localhost', '127.0.0.1:3100', '[::1]:3100', 'zoom.localhost'])
      expect([host, await statusFor(host)]).toEqual([host, 200]);
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil.example@localhost'])
      expect([host, await statusFor(host)]).toEqual([host, 421]);
  });

  it('show the state and what a person can see', async () => {
    const state = await r.state();
    expect(part(state['app'])).toMatchObject({
      client_id: 'sandbox-client-id',
      bot_jid: expect.any(String) as string,
      redirect_uris: [redirectUri],
    });
    expect(list(state['users'])).toHaveLength(8);
    await create('Secret');
    await r.control('/users/alex@example.com/messages', { to_channel: 'Secret', message: 'hidden' });
    const view = await r.call('GET', '/_sandbox/users/jill@example.com/view');
    expect(view.text).not.toContain('hidden');
    expect(list(view.json['channels']).map((one) => one['name'])).toEqual(['General']);
    expect((await r.control('/users/jill@example.com/messages', { to_channel: 'General', message: 'hi' })).status).toBe(
      201,
    );
    const alex = await r.call('GET', '/_sandbox/users/alex@example.com/view');
    expect(list(alex.json['channels'])[0]).toMatchObject({ name: 'General', unread: 1, last_text: 'hi' });
  });

  it('let a driver wait for the next happening', async () => {
    const { json } = await r.call('GET', '/_sandbox/events?timeout_ms=0&since=0');
    const wait = r.call('GET', `/_sandbox/events?since=${String(json['next'])}&type=message.`);
    await r.control('/users/jill@example.com/messages', { to_channel: 'General', message: 'now' });
    expect(list((await wait).json['events'])[0]).toMatchObject({
      type: 'message.created',
      data: { text: 'now', bot: false },
    });
    const nothing = await r.call('GET', '/_sandbox/events?timeout_ms=20');
    expect(nothing.json['events']).toEqual([]);
  });

  it('keep edits and deletions to the author', async () => {
    const sent = await r.control('/users/jill@example.com/messages', { to_channel: 'General', message: 'mine' });
    const path = `/messages/${String(sent.json['id'])}`;
    expect((await r.call('PATCH', `/_sandbox/users/sam@example.com${path}`, { message: 'x' })).status).toBe(403);
    expect((await r.call('PATCH', `/_sandbox/users/jill@example.com${path}`, { message: 'x' })).json['edited']).toBe(
      true,
    );
    expect((await r.call('DELETE', `/_sandbox/users/jill@example.com${path}`)).status).toBe(204);
  });

  it('serve the regional base and health', async () => {
    await r.switches({ apiUrl: 'regional' });
    const reply = await r.token({ grant_type: 'client_credentials' });
    expect(reply.json['api_url']).toBe(`${r.sandbox.url}/region/us`);
    expect((await r.call('GET', '/region/us/v2/users/me', undefined, auth)).status).toBe(200);
    await faults({ kind: 'reset', when: 'before', match: { path: '/region/*' } });
    await expect(r.call('GET', '/region/us/v2/users/me', undefined, auth)).rejects.toThrow();
    expect((await r.call('GET', '/healthz', undefined, { authorization: basic })).status).toBe(200);
  });
});
