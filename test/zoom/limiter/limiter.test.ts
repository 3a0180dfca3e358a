import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RATES, type Turn, type ZoomPlan } from '../../../zoom/index.ts';
import {
  comingBack,
  CountingZoom,
  firstTime,
  generator,
  makeCall,
  MemoryBoard,
  onFakeTime,
  pause,
  startProcess,
  tryToEnter,
  zoomError,
  type Done,
  type Process,
} from './simulation.ts';

const start = Date.UTC(2026, 0, 5, 12);
beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(start);
});
afterEach(() => {
  vi.useRealTimers();
});

const percentile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;

/** `chats` chats of one account that always have something to post, for a while. */
async function flood(processes: readonly Process[], zoom: CountingZoom, chats: number, seconds: number, seed = 7) {
  const random = generator(seed);
  const end = Date.now() + seconds * 1_000;
  const perChat: Done[][] = [];
  const chat = async () => {
    const done: Done[] = [];
    perChat.push(done);
    while (Date.now() < end) done.push(await makeCall(processes, zoom, random));
  };
  await Promise.all(Array.from({ length: chats }, chat));
  const used = zoom.times.filter((time) => time < end).length / seconds;
  return { used, perChat, done: perChat.flat() };
}

describe('a busy account', () => {
  test.each([
    ['pro', 1],
    ['pro', 2],
    ['pro', 4],
    ['business', 3],
    ['business', 8],
  ] as const)('of plan %s in %i processes is never refused, and uses most of what it may', async (plan, count) => {
    const board = new MemoryBoard();
    const processes = Array.from({ length: count }, (_, n) => startProcess(board, `p${n}`, plan, n + 1));
    const zoom = new CountingZoom(RATES[plan].medium.perSecond);
    // Three chats for each call that may be made in a second.
    const { used } = await onFakeTime(() => flood(processes, zoom, 3 * zoom.perSecond, 30));
    expect(zoom.refused).toBe(0);
    expect(used).toBeGreaterThanOrEqual(0.7 * zoom.perSecond);
    // What it costs: about two exchanges a second for each process, whatever the rate.
    expect(board.exchanges / count / ((Date.now() - start) / 1_000)).toBeLessThan(4);
  });

  test('is never refused when Zoom is slow and uneven, nor when everybody starts at the same moment', async () => {
    const board = new MemoryBoard(15);
    const processes = Array.from({ length: 3 }, (_, n) => startProcess(board, `p${n}`, 'pro', n + 1));
    const zoom = new CountingZoom(20);
    const random = generator(3);
    zoom.latency = () => (random() < 0.1 ? 900 : 40);
    const { used } = await onFakeTime(() => flood(processes, zoom, 100, 20));
    expect(zoom.refused).toBe(0);
    expect(used).toBeGreaterThan(10);
  });

  test('lets its chats take turns: none waits long over the others, few try in vain', async () => {
    const board = new MemoryBoard();
    const processes = [startProcess(board, 'a'), startProcess(board, 'b', 'pro', 2)];
    const zoom = new CountingZoom(20);
    const { perChat, done, used } = await onFakeTime(() => flood(processes, zoom, 80, 40));
    // A turn comes about every 80/16 seconds.
    const turn = (80 / used) * 1_000;
    const later = done.filter((_, index) => index > 80).map(({ waited }) => waited);
    expect(percentile(later, 0.99)).toBeLessThan(2.5 * turn);
    const counts = perChat.map((chat) => chat.length);
    expect(Math.min(...counts)).toBeGreaterThan(0.5 * Math.max(...counts));
    const tries = done.reduce((sum, one) => sum + one.tries, 0) / done.length;
    expect(tries).toBeLessThan(2.8);
  });

  test('does not hold back another account in the same process', async () => {
    const board = new MemoryBoard();
    const process = startProcess(board, 'a');
    const zoom = new CountingZoom(20);
    const waits: unknown[] = [];
    await onFakeTime(async () => {
      const flooding = flood([process], zoom, 50, 5);
      for (let second = 0; second < 4; second += 1) {
        await pause(1_000);
        waits.push(await tryToEnter(process, { accountId: 'quiet' }));
      }
      await flooding;
    });
    expect(waits.every((wait) => typeof wait === 'object' && wait !== null && 'leave' in wait)).toBe(true);
  });

  test('of one process takes all there is; a second that comes later soon has its part', async () => {
    const board = new MemoryBoard();
    const [first, second] = [startProcess(board, 'a'), startProcess(board, 'b', 'pro', 2)];
    const zoom = new CountingZoom(20);
    const ofSecond = new CountingZoom(20);
    await onFakeTime(async () => {
      const flooding = flood([first], zoom, 40, 12);
      await pause(4_000);
      expect(zoom.times.filter((time) => time > Date.now() - 2_000).length).toBeGreaterThan(2 * 15);
      await Promise.all([flooding, flood([second], ofSecond, 40, 8)]);
    });
    expect(zoom.refused + ofSecond.refused).toBe(0);
    const all = [...zoom.times, ...ofSecond.times].sort((a, b) => a - b);
    for (const [index, time] of all.entries())
      expect((all[index + 20] ?? Infinity) - time).toBeGreaterThanOrEqual(1_000);
    const lastSeconds = (times: number[]) => times.filter((t) => t > start + 8_000 && t < start + 12_000).length / 4;
    expect(lastSeconds(ofSecond.times)).toBeGreaterThan(6);
    expect(lastSeconds(zoom.times)).toBeGreaterThan(6);
  });

  test('is not refused when a process comes back that the others took for dead', async () => {
    const board = new MemoryBoard();
    const [hanging, other] = [startProcess(board, 'a'), startProcess(board, 'b', 'pro', 2)];
    const zoom = new CountingZoom(20);
    await onFakeTime(async () => {
      await flood([hanging], zoom, 40, 3);
      board.dead.add('a');
      const rest = flood([other], zoom, 40, 12);
      await pause(9_000);
      // The other has it all by now; the one that comes back still believes in what it had.
      board.dead.delete('a');
      await Promise.all([rest, flood([hanging], zoom, 40, 5)]);
    });
    expect(zoom.refused).toBe(0);
  });

  test('lets a person’s request wait a moment, behind no more than is served in that time', async () => {
    const process = startProcess(new MemoryBoard(), 'a');
    const zoom = new CountingZoom(20);
    await onFakeTime(async () => {
      const flooding = flood([process], zoom, 60, 4);
      await pause(2_500);
      const turn = { ...firstTime, comesBack: false, patienceMs: 2_000 } as const;
      expect((await tryToEnter(process, { turn, operation: 'channels.list' })).leave).toBeTypeOf('function');
      await flooding;
    });
  });

  test('gets the part of a process that has died', async () => {
    const board = new MemoryBoard();
    const [dying, staying] = [startProcess(board, 'a'), startProcess(board, 'b', 'pro', 2)];
    const zoom = new CountingZoom(20);
    let died = 0;
    await onFakeTime(async () => {
      await flood([dying, staying], zoom, 40, 3);
      board.dead.add('a');
      died = Date.now();
      await flood([staying], zoom, 40, 13);
    });
    expect(zoom.refused).toBe(0);
    // Over the last four seconds of the flood.
    const [from, to] = [died + 9_000, died + 13_000];
    expect(zoom.times.filter((time) => time >= from && time < to).length / 4).toBeGreaterThan(14);
  });
});

describe('a quiet account', () => {
  test('asks nobody: its calls go at once, with no word to the other processes', async () => {
    const board = new MemoryBoard();
    const process = startProcess(board, 'a');
    await onFakeTime(async () => {
      for (let message = 0; message < 20; message += 1) {
        process.turn = firstTime;
        const leave = process.gate.enter({ accountId: 'quiet', label: 'medium', operation: 'bot.post', write: true });
        // Not even a promise: nothing was waited for.
        expect(leave).toBeTypeOf('function');
        if (typeof leave === 'function') leave();
        await pause(1_200);
      }
    });
    expect(board.exchanges).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('of plan free asks nobody either', async () => {
    const board = new MemoryBoard();
    const process = startProcess(board, 'a', 'free');
    await onFakeTime(async () => {
      for (let message = 0; message < 5; message += 1) {
        (await tryToEnter(process)).leave?.();
        await pause(1_200);
      }
    });
    expect(board.exchanges).toBe(0);
  });

  test('of many calls at once, as when an agent joins, is through in well under a second', async () => {
    const board = new MemoryBoard();
    const process = startProcess(board, 'a');
    const zoom = new CountingZoom(20);
    const begun = Date.now();
    await onFakeTime(async () => {
      for (let call = 0; call < 7; call += 1) await makeCall([process], zoom, generator(1));
    });
    expect(Date.now() - begun).toBeLessThan(500);
  });

  test('leaves nothing behind: no timer, no post on the board', async () => {
    const board = new MemoryBoard();
    const process = startProcess(board, 'a');
    const zoom = new CountingZoom(20);
    await onFakeTime(() => flood([process], zoom, 10, 2));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(board.posts.get('account-1/medium')?.size).toBe(0);
  });
});

describe('a call that is held back', () => {
  /** Takes all permits there are, and answers none of them. */
  const hog = async (process: Process) => {
    for (;;) {
      const entered = await tryToEnter(process);
      if (entered.leave === undefined) return;
    }
  };

  test('fails as a kind of its own: nothing was sent, and it tells when to come back', async () => {
    const process = startProcess(new MemoryBoard(), 'a');
    await onFakeTime(() => hog(process));
    process.turn = firstTime;
    const entering = async () =>
      process.gate.enter({ accountId: 'account-1', label: 'medium', operation: 'bot.post', write: true });
    await expect(entering()).rejects.toMatchObject({
      kind: 'heldBack',
      operation: 'bot.post',
      retryable: true,
      ambiguous: false,
      retryAfterMs: expect.any(Number) as number,
    });
  });

  test('gets a time of its own, each later than the one before', async () => {
    const process = startProcess(new MemoryBoard(), 'a');
    const waits: number[] = [];
    await onFakeTime(async () => {
      await hog(process);
      for (let call = 0; call < 50; call += 1) waits.push((await tryToEnter(process)).waitMs ?? 0);
    });
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(new Set(waits).size).toBe(waits.length);
    expect(Math.max(...waits)).toBeLessThanOrEqual(20_000);
  });

  test('goes before those that come for the first time when it comes back', async () => {
    // Of a board that is away nobody gets more than the free permits.
    const board = Object.assign(new MemoryBoard(), { away: true });
    const process = startProcess(board, 'a');
    await onFakeTime(async () => {
      const leaves = [];
      for (;;) {
        const entered = await tryToEnter(process);
        if (entered.leave === undefined) break;
        leaves.push(entered.leave);
      }
      const { waitMs = 0 } = await tryToEnter(process);
      for (const leave of leaves.slice(0, 1)) leave();
      await pause(Math.max(waitMs, 1_001));
      // One permit has come back, and one is due: whoever is new waits.
      expect((await tryToEnter(process)).waitMs).toBeGreaterThan(0);
      expect((await tryToEnter(process, { turn: comingBack })).leave).toBeTypeOf('function');
    });
  });

  test('is not held back in the middle: work of several calls is finished, however many others have begun too', async () => {
    const plan: ZoomPlan = 'free';
    const process = startProcess(new MemoryBoard(), 'a', plan);
    const zoom = new CountingZoom(2);
    const random = generator(9);
    /** An activity of four calls, which starts over when one of them is held back. */
    const work = async () => {
      let turn: Turn = firstTime;
      for (let call = 0; call < 4;) {
        const entered = await tryToEnter(process, { turn });
        if (entered.leave) {
          await zoom.call(random);
          entered.leave();
          call += 1;
          turn = { ...firstTime, continues: true, patienceMs: 5_000 };
        } else {
          await pause(entered.waitMs + random() * 20);
          call = 0;
          turn = comingBack;
        }
      }
    };
    const begun = Date.now();
    await onFakeTime(() => Promise.all(Array.from({ length: 10 }, work)));
    expect(zoom.refused).toBe(0);
    // Ten times four calls, two a second, and little in vain.
    expect(zoom.times.length).toBeLessThanOrEqual(44);
    expect(Date.now() - begun).toBeLessThan(45_000);
  });
});

describe('what Zoom refuses all the same', () => {
  test('because another app eats half of the account’s rate: it slows down until refusals are rare, and recovers', async () => {
    const board = new MemoryBoard();
    const processes = [startProcess(board, 'a'), startProcess(board, 'b', 'pro', 2)];
    const zoom = new CountingZoom(10);
    const random = generator(5);
    const run = async (seconds: number) => {
      const end = Date.now() + seconds * 1_000;
      const refusedBefore = zoom.refused;
      const begun = Date.now();
      const chat = async () => {
        while (Date.now() < end) await makeCall(processes, zoom, random, { refusal: { limit: 'second' } });
      };
      await Promise.all(Array.from({ length: 40 }, chat));
      const through = zoom.times.filter((time) => time >= begun && time < end).length / seconds;
      return { refused: (zoom.refused - refusedBefore) / seconds, through };
    };
    await onFakeTime(() => run(10));
    const shared = await onFakeTime(() => run(30));
    expect(shared.refused).toBeLessThan(0.1 * shared.through);
    expect(shared.through).toBeGreaterThan(4);
    zoom.perSecond = 20;
    await onFakeTime(() => run(25));
    expect((await onFakeTime(() => run(10))).through).toBeGreaterThan(13);
  });

  test('with a Retry-After: nothing goes before it is over', async () => {
    const process = startProcess(new MemoryBoard(), 'a');
    await onFakeTime(async () => {
      const { leave } = await tryToEnter(process);
      leave?.(zoomError({ limit: 'second', retryAfterMs: 3_000 }));
      expect((await tryToEnter(process)).waitMs).toBeGreaterThanOrEqual(3_000);
      await pause(5_000);
      expect((await tryToEnter(process, { turn: comingBack })).leave).toBeTypeOf('function');
    });
  });

  test('perhaps for one channel alone does not stop the account', async () => {
    const process = startProcess(new MemoryBoard(), 'a');
    await onFakeTime(async () => {
      const { leave } = await tryToEnter(process);
      leave?.(zoomError({ retryAfterMs: 300_000 }));
      expect((await tryToEnter(process)).leave).toBeTypeOf('function');
    });
  });

  test('for the day: until 00:00 UTC nothing goes, and then not all at once', async () => {
    const process = startProcess(new MemoryBoard(), 'a');
    await onFakeTime(async () => {
      const { leave } = await tryToEnter(process);
      leave?.(zoomError({ limit: 'daily', retryAfterMs: 12 * 3_600_000 }));
      const waits = await Promise.all(Array.from({ length: 5 }, async () => (await tryToEnter(process)).waitMs ?? 0));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(12 * 3_600_000 - 1_000);
      expect(new Set(waits).size).toBe(5);
      expect((await tryToEnter(process, { label: 'light', operation: 'users.get' })).leave).toBeTypeOf('function');
    });
  });
});

describe('the cap on a day', () => {
  test('of plan free is kept by all processes together, and another day begins at 00:00 UTC', async () => {
    const board = new MemoryBoard();
    const plan: ZoomPlan = 'free';
    const processes = [startProcess(board, 'a', plan), startProcess(board, 'b', plan, 2)];
    let made = 0;
    const makeAll = async () => {
      for (let turn = 0; ; turn += 1) {
        const process = processes[turn % 2] as Process;
        const entered = await tryToEnter(process, { turn: comingBack });
        if (entered.leave) {
          made += 1;
          entered.leave();
        } else if (entered.waitMs > 60_000) return;
        await pause(700);
      }
    };
    await onFakeTime(makeAll);
    expect(made).toBeLessThanOrEqual(2_000);
    expect(made).toBeGreaterThan(1_800);
    await vi.advanceTimersByTimeAsync(12 * 3_600_000);
    expect((await onFakeTime(() => tryToEnter(processes[0] as Process))).leave).toBeTypeOf('function');
  });
});

test('while the board is away only the free permits are used, and calls go on', async () => {
  const board = new MemoryBoard();
  board.away = true;
  const process = startProcess(board, 'a');
  const zoom = new CountingZoom(20);
  const { used } = await onFakeTime(() => flood([process], zoom, 20, 10));
  expect(zoom.refused).toBe(0);
  expect(used).toBeGreaterThan(1.5);
  expect(used).toBeLessThanOrEqual(2.1);
});

test('accounts that are not used any more are forgotten: thousands cost no more than the limit', async () => {
  const process = startProcess(new MemoryBoard(), 'a');
  await onFakeTime(async () => {
    for (let account = 0; account < 5_000; account += 1) {
      const { leave } = await tryToEnter(process, { accountId: `account-${account}` });
      leave?.();
    }
  });
  expect(vi.getTimerCount()).toBe(0);
});
