import type { Client } from '@temporalio/client';
import { describe, expect, test, vi } from 'vitest';
import { oldestWaiting, watchSystem } from '../../api/system-watch.ts';
import { RecordedMetrics } from '../support/recorded-metrics.ts';
import { fakeDependencies, start } from './fakes.ts';

/** Visibility over the start times of waiting chats: counts and lists, newest first, as Temporal does. */
function visibility(waitingSince: number[], counts: (query: string) => number = () => 0) {
  const asked: string[] = [];
  const matching = (query: string) => {
    const [, upTo] = /StartTime <= "([^"]+)"/.exec(query) ?? [];
    return waitingSince.filter((at) => upTo === undefined || at <= Date.parse(upTo)).sort((a, b) => b - a);
  };
  const client = {
    withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
    workflow: {
      count: async (query: string) => {
        asked.push(query);
        return { count: query.includes('StartTime <=') ? matching(query).length : counts(query) };
      },
      list: async function* ({ query }: { query: string }) {
        asked.push(query);
        for (const at of matching(query)) yield { startTime: new Date(at) };
      },
    },
  };
  return { client: client as unknown as Client, asked };
}

describe('the chat that has waited longest', () => {
  test.each([
    ['none', 0, undefined],
    ['a few', 3, start - 3 * 60_000],
    ['just as many as are listed', 5, start - 5 * 60_000],
    ['many', 400, start - 400 * 60_000],
  ])('is found among %s', async (_what, number, expected) => {
    const times = Array.from({ length: number }, (_, index) => start - (index + 1) * 60_000);
    const { client, asked } = visibility(times);
    expect(await oldestWaiting(client, () => start, 5)).toBe(expected);
    expect(asked.length).toBeLessThan(60);
  });

  test('is found to the second where more than are listed began at once', async () => {
    const { client } = visibility([...Array.from({ length: 50 }, () => start - 90_000), start - 1_000]);
    const found = await oldestWaiting(client, () => start, 5);
    expect(Math.abs((found ?? 0) - (start - 90_000))).toBeLessThan(1_000);
  });
});

describe('the watch', () => {
  function watched(counts: (query: string) => number, waiting: number[] = []) {
    const fakes = fakeDependencies();
    const { client } = visibility(waiting, counts);
    const metrics = new RecordedMetrics();
    const end = watchSystem({ ...fakes.dependencies, client, metrics });
    return { ...fakes, client, metrics, end };
  }

  test('shows how many chats are in which state, since when one waits, and what is there', async () => {
    const { metrics, end } = watched(
      (query) => {
        if (query.includes('"install"')) return query.includes('"failed"') ? 3 : 0;
        return query.includes('"waiting"')
          ? 2
          : query.includes('"active"')
            ? 7
            : query.includes('needsReconnect')
              ? 1
              : 0;
      },
      [start - 5_000, start - 45_000],
    );
    await vi.waitFor(() => expect(metrics.values.has('live_chat_installs_failed')).toBe(true));
    end();
    expect(Object.fromEntries(metrics.values)).toEqual({
      'live_chat_chats{status="waiting"}': 2,
      'live_chat_chats{status="missed"}': 0,
      'live_chat_chats{status="joining"}': 0,
      'live_chat_chats{status="active"}': 7,
      live_chat_oldest_waiting_seconds: 45,
      live_chat_chats_closed_badly: 0,
      live_chat_grants_to_reconnect: 1,
      live_chat_installs_failed: 3,
      'live_chat_dependency_up{dependency="temporal"}': 1,
      'live_chat_dependency_up{dependency="worker"}': 1,
      'live_chat_dependency_up{dependency="mongodb"}': 1,
    });
  });

  test('says that it does not know, in place of an old number, while Temporal is away', async () => {
    const fakes = fakeDependencies();
    fakes.temporal.away = true;
    fakes.mongo.answers = false;
    const client = {
      withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
      workflow: {
        count: async () => Promise.reject(new Error('14 UNAVAILABLE')),
        list: () => {
          throw new Error('14 UNAVAILABLE');
        },
      },
    } as unknown as Client;
    const metrics = new RecordedMetrics();
    const end = watchSystem({ ...fakes.dependencies, client, metrics });
    await vi.waitFor(() => expect(metrics.values.size).toBe(11));
    end();
    for (const name of [
      'live_chat_chats{status="waiting"}',
      'live_chat_oldest_waiting_seconds',
      'live_chat_chats_closed_badly',
      'live_chat_grants_to_reconnect',
      'live_chat_installs_failed',
      // With Temporal away nobody can tell.
      'live_chat_dependency_up{dependency="worker"}',
    ])
      expect(metrics.values.get(name), name).toBeNaN();
    expect(metrics.values.get('live_chat_dependency_up{dependency="temporal"}')).toBe(0);
    expect(metrics.values.get('live_chat_dependency_up{dependency="mongodb"}')).toBe(0);
  });
});
