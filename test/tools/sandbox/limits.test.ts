import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Clock } from '../../../tools/sandbox/clock.ts';
import { botJid, closeAll, joinCard, rig, type Rig } from './helpers.ts';

let now = Date.parse('2026-03-02T10:00:00Z');
let r: Rig;
let auth: Record<string, string>;
beforeAll(async () => {
  r = await rig({ clock: new Clock(() => now) });
});
beforeEach(async () => {
  now += 3_600_000;
  await r.control('/reset');
  await r.switches({ rateLimits: false });
  auth = (await r.install()).auth;
});
afterAll(closeAll);

const me = () => r.call('GET', '/v2/users/me', undefined, auth);
const channels = () => r.call('GET', '/v2/chat/users/me/channels', undefined, auth);
const accepted = async (work: () => Promise<{ status: number }>, tries: number): Promise<number> => {
  let count = 0;
  for (let index = 0; index < tries; index++) if ((await work()).status < 300) count++;
  return count;
};

describe('per-account limits', () => {
  it.each([
    ['free', 4, 2],
    ['pro', 30, 20],
    ['business', 80, 60],
  ] as const)('keeps those of the plan %s by label', async (ratePlan, light, medium) => {
    await r.switches({ rateLimits: true, ratePlan });
    expect(await accepted(me, light + 2)).toBe(light);
    expect(await accepted(channels, medium + 2)).toBe(medium);
    now += 1_000;
    expect((await me()).status).toBe(200);
  });

  it('answers 429 in Zoom’s words, without headers unless switched on', async () => {
    await r.switches({ rateLimits: true, ratePlan: 'free' });
    await accepted(channels, 2);
    const refused = await channels();
    expect(refused.status).toBe(429);
    expect(refused.json).toEqual({
      code: 429,
      message: 'You have reached the maximum per-second rate limit for this API. Try again later.',
    });
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(refused.headers.get('x-ratelimit-type')).toBeNull();
    await r.switches({ rateLimitHeaders: true, retryAfter: 'seconds' });
    const shown = await channels();
    expect(shown.headers.get('x-ratelimit-category')).toBe('Medium');
    expect(shown.headers.get('x-ratelimit-type')).toBe('QPS');
    expect(shown.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(shown.headers.get('retry-after')).toBe('1');
  });

  it('keeps the daily cap until midnight UTC', async () => {
    await r.switches({ rateLimits: true, ratePlan: 'free', rateScale: 10, retryAfter: 'iso', rateLimitHeaders: true });
    await r.switches({ rateScale: 0.5 });
    // Half of the free plan: one medium call a second, 1000 a day.
    for (let index = 0; index < 1_000; index++) {
      now += 1_000;
      const reply = await channels();
      if (reply.status !== 200) throw new Error(`call ${index}: ${reply.text}`);
    }
    now += 1_000;
    const refused = await channels();
    expect(refused.json['message']).toContain('maximum daily rate limit');
    expect(refused.headers.get('x-ratelimit-type')).toBe('Daily-limit');
    expect(refused.headers.get('retry-after')).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/);
  });

  it('lets another app eat from the quota, and can be switched off', async () => {
    await r.switches({ rateLimits: true, ratePlan: 'pro', foreignCallsPerSecond: 18 });
    expect(await accepted(channels, 5)).toBe(2);
    await r.switches({ rateLimits: false });
    expect(await accepted(channels, 5)).toBe(5);
  });
});

describe('per-channel burst', () => {
  const channel = async (): Promise<{ id: string; jid: string }> => {
    const made = await r.call('POST', '/v2/chat/users/me/channels', { name: `C ${now}`, type: 2 }, auth);
    return { id: String(made.json['id']), jid: String(made.json['jid']) };
  };
  const poster = (id: string) => () =>
    r.call('POST', '/v2/chat/users/me/messages', { to_channel: id, message: 'x' }, auth);

  it('blocks the channel for 10 s after 10 messages in 1 s, and lifts by itself', async () => {
    const { id } = await channel();
    const post = poster(id);
    expect(await accepted(post, 12)).toBe(10);
    now += 9_999;
    expect((await post()).status).toBe(429);
    now += 1;
    expect((await post()).status).toBe(201);
    const other = poster((await channel()).id);
    expect((await other()).status).toBe(201);
  });

  it('keeps 30 in 10 s, and answers 5301 by switch', async () => {
    const { id } = await channel();
    const post = poster(id);
    for (let step = 0; step < 3; step++) {
      expect(await accepted(post, 10)).toBe(10);
      now += 1_001;
    }
    expect((await post()).status).toBe(429);
    await r.switches({ burstAnswer: '5301' });
    expect((await post()).json['code']).toBe(5301);
    now += 30_000;
    expect((await post()).status).toBe(201);
  });

  it('counts bot posts by switch, scales, and can be forced', async () => {
    const { id, jid } = await channel();
    const bot = await r.botAuth();
    const alex = await r.person('alex@example.com');
    const send = () =>
      r.call(
        'POST',
        '/v2/im/chat/messages',
        { robot_jid: botJid, to_jid: jid, account_id: alex.account_id, user_jid: alex.jid, content: joinCard },
        bot,
      );
    expect(await accepted(send, 11)).toBe(10);
    await r.switches({ burstCountsBotPosts: false });
    expect(await accepted(send, 11)).toBe(11);
    now += 1_100_000;
    await r.switches({ channelBurstScale: 2 });
    expect(await accepted(poster(id), 25)).toBe(20);
    now += 1_100_000;
    await r.control('/faults', { block_channel: { channel_id: id, ms: 5_000 } });
    expect((await poster(id)()).status).toBe(429);
  });
});
