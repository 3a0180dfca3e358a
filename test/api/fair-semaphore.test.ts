import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FairSemaphore, TooBusyError, type FairSemaphoreOptions } from '../../api/visitor/fair-semaphore.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that is ended by hand. */
function setUp(options: Partial<FairSemaphoreOptions> = {}) {
  const semaphore = new FairSemaphore({ slots: 2, maxWaiting: 100, maxWaitMs: 8_000, ...options });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const refused: string[] = [];
  const begin = (name: string, key = 'one'): Promise<void> =>
    semaphore
      .run(key, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      })
      .catch((error: unknown) => {
        expect(error).toBeInstanceOf(TooBusyError);
        refused.push(name);
      });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { semaphore, begun, refused, begin, end };
}

describe('a fair semaphore', () => {
  test('lets no more than allowed happen at once, and the rest in order', async () => {
    const { begun, begin, end } = setUp();
    for (const name of ['a', 'b', 'c', 'd']) void begin(name);
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('a');
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  test('serves the keys in rotation: a crowd does not keep others waiting', async () => {
    const { begun, begin, end } = setUp({ slots: 1 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) void begin(name, 'a');
    void begin('b1', 'b');
    void begin('b2', 'b');
    for (const name of ['a1', 'a2', 'b1', 'a3', 'b2', 'a4']) await end(name);
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  test('gives the slot on when the work fails, and the failure is the caller’s', async () => {
    const { semaphore, begun, begin } = setUp({ slots: 1 });
    const failing = semaphore.run('one', () => Promise.reject(new Error('away')));
    void begin('next');
    await expect(failing).rejects.toThrow('away');
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toEqual(['next']);
  });

  test('refuses who waits too long, and goes on with the others', async () => {
    const { begun, refused, begin, end } = setUp({ slots: 1 });
    void begin('a');
    void begin('late');
    await vi.advanceTimersByTimeAsync(7_999);
    expect(refused).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(refused).toEqual(['late']);
    void begin('b');
    await end('a');
    expect(begun).toEqual(['a', 'b']);
  });

  test('refuses at once when too many wait', async () => {
    const { refused, begin } = setUp({ slots: 1, maxWaiting: 1 });
    void begin('a');
    void begin('b');
    await begin('c');
    expect(refused).toEqual(['c']);
  });
});
