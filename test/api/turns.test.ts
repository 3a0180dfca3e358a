import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TooBusyError, Turns } from '../../api/visitor/turns.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that is ended by hand. */
function setUp(options: Partial<ConstructorParameters<typeof Turns>[0]> = {}) {
  const turns = new Turns({ atOnce: 2, maxWaiting: 100, maxWaitMs: 8_000, random: () => 0, ...options });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const refused: TooBusyError[] = [];
  const begin = (name: string, key = 'one'): Promise<void> =>
    turns
      .take(key, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      })
      .catch((error: unknown) => {
        if (!(error instanceof TooBusyError)) throw error;
        refused.push(error);
      });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { turns, begun, refused, begin, end };
}

describe('turns', () => {
  test('let no more than allowed happen at once, and the rest in order', async () => {
    const { begun, begin, end, turns } = setUp();
    for (const name of ['a', 'b', 'c', 'd']) void begin(name);
    expect(begun).toEqual(['a', 'b']);
    expect(turns.waiting).toBe(2);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('a');
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    expect(turns.waiting).toBe(0);
  });

  test('go round between keys: a crowd does not keep others waiting', async () => {
    const { begun, begin, end } = setUp({ atOnce: 1 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) void begin(name, 'a');
    void begin('b1', 'b');
    void begin('b2', 'b');
    for (const name of ['a1', 'a2', 'b1', 'a3', 'b2', 'a4']) await end(name);
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  test('are given on when the work fails, and the failure is the caller’s', async () => {
    const { turns, begun, begin } = setUp({ atOnce: 1 });
    const failing = turns.take('one', () => Promise.reject(new Error('away')));
    void begin('next');
    await expect(failing).rejects.toThrow('away');
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toEqual(['next']);
  });

  test('refuse who waits too long, and leave no trace of them', async () => {
    const { begun, refused, begin, end, turns } = setUp({ atOnce: 1 });
    void begin('a');
    void begin('late');
    await vi.advanceTimersByTimeAsync(7_999);
    expect(refused).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(refused).toHaveLength(1);
    expect(turns.waiting).toBe(0);
    void begin('b');
    await end('a');
    expect(begun).toEqual(['a', 'b']);
  });

  test('refuse at once when too many wait', async () => {
    const { refused, begin } = setUp({ atOnce: 1, maxWaiting: 1 });
    void begin('a');
    void begin('b');
    await begin('c');
    expect(refused).toHaveLength(1);
  });

  test('ask the refused to come back after the backlog, and not all at once', async () => {
    const after = async (waiting: number, random: number) => {
      const { refused, begin, end, turns } = setUp({ atOnce: 1, maxWaiting: waiting, random: () => random });
      // Work of 100 ms each.
      for (let n = 0; n < 40; n++) {
        void begin(`warm-up ${n}`);
        await vi.advanceTimersByTimeAsync(100);
        await end(`warm-up ${n}`);
      }
      for (let n = 0; n <= waiting; n++) void begin(`waiting ${n}`);
      expect(turns.waiting).toBe(waiting);
      await begin('refused');
      return refused[0]?.retryAfterMs ?? 0;
    };
    expect(await after(1, 0)).toBe(2_000);
    expect(await after(1, 0.5)).toBe(3_000);
    expect(await after(100, 0)).toBeGreaterThan(9_000);
    expect(await after(100, 0)).toBeLessThan(10_500);
    expect(await after(100, 0.99)).toBeGreaterThan(18_000);
    expect(await after(10_000, 0.99)).toBeLessThan(30_000);
  });
});
