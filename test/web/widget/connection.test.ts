import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoffMs, createConnection, handshakeTimeoutMs, stableAfterMs } from '../../../web/widget/connection.ts';

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: string[] = [];
  closed = false;
  send(data: string): void {
    this.sent.push(data);
  }
  close(): void {
    this.closed = true;
  }
}

function setUp() {
  const sockets: FakeSocket[] = [];
  const events: string[] = [];
  const connection = createConnection({
    openSocket() {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    clock: {
      now: () => Date.now(),
      setTimeout: (fn, ms) => setTimeout(fn, ms) as unknown as number,
      clearTimeout: (timer) => clearTimeout(timer),
      random: () => 1,
    },
    heartbeatMs: 20_000,
    pongTimeoutMs: 10_000,
    onOpen: () => events.push('open'),
    onFrame: ({ type }) => events.push(type),
    onDown: (code, failures) => events.push(`down ${code} ${failures}`),
  });
  const last = (): FakeSocket => {
    const socket = sockets.at(-1);
    if (!socket) throw new Error('no socket yet');
    return socket;
  };
  const welcome = (): void => {
    last().onopen?.();
    last().onmessage?.({ data: '{"type":"welcome"}' });
    connection.welcomed();
    last().sent = [];
  };
  return { connection, sockets, events, last, welcome };
}

const ping = '{"type":"ping"}';

describe('backoff', () => {
  it('comes back at once after the first failure, then ever later up to 30 s', () => {
    expect([0, 1, 2, 3, 4, 5, 10, 11, 20].map((failures) => Math.round(backoffMs(failures, 1)))).toEqual([
      500, 750, 1_125, 1_688, 2_531, 3_797, 28_833, 30_000, 30_000,
    ]);
  });

  it('spreads the tries by chance over the upper half', () => {
    expect(backoffMs(2, 0)).toBe(562.5);
    expect(backoffMs(0, 0)).toBe(0);
  });
});

describe('connection', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('opens, reports frames and passes over what is no JSON', () => {
    const { connection, events, welcome, last } = setUp();
    connection.start();
    welcome();
    last().onmessage?.({ data: 'nonsense' });
    last().onmessage?.({ data: '{"type":"pong"}' });
    expect(events).toEqual(['open', 'welcome', 'pong']);
  });

  it('pings every 20 s, and holds as long as each is answered', () => {
    const { connection, sockets, welcome, last } = setUp();
    connection.start();
    welcome();
    for (const beat of [1, 2, 3]) {
      vi.advanceTimersByTime(11_000);
      expect(last().sent).toHaveLength(beat - 1);
      vi.advanceTimersByTime(9_000);
      expect(last().sent).toHaveLength(beat);
      last().onmessage?.({ data: '{"type":"pong"}' });
    }
    expect(last().sent.every((frame) => frame === ping)).toBe(true);
    expect(sockets).toHaveLength(1);
  });

  it('drops a half-open connection 10 s after an unanswered ping, without waiting for its close', () => {
    const { connection, sockets, events, welcome, last } = setUp();
    connection.start();
    welcome();
    const dead = last();
    vi.advanceTimersByTime(29_999);
    expect(dead.closed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(dead.closed).toBe(true);
    expect(events.at(-1)).toBe('down 1006 1');
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
    // Whatever the dead one still says is not heard.
    expect(dead.onmessage).toBe(null);
  });

  it('takes what the server says by itself for no answer: the way there may be dead', () => {
    const { connection, events, welcome, last } = setUp();
    connection.start();
    welcome();
    vi.advanceTimersByTime(20_000);
    for (let second = 1; second <= 9; second++) {
      vi.advanceTimersByTime(1_000);
      last().onmessage?.({ data: '{"type":"entries","entries":[]}' });
    }
    expect(events.at(-1)).toBe('entries');
    vi.advanceTimersByTime(1_000);
    expect(events.at(-1)).toBe('down 1006 1');
  });

  it('gives a connection that gets no welcome up', () => {
    const { connection, events, last } = setUp();
    connection.start();
    last().onopen?.();
    last().onmessage?.({ data: '{"type":"pong"}' });
    vi.advanceTimersByTime(handshakeTimeoutMs);
    expect(events.at(-1)).toBe('down 1006 1');
  });

  it('waits longer after each failure, and not so after a connection that held', () => {
    const { connection, sockets, events, welcome, last } = setUp();
    connection.start();
    for (const delay of [500, 750, 1_125, 1_687.5]) {
      last().onclose?.({ code: 1006 });
      const before = sockets.length;
      vi.advanceTimersByTime(Math.floor(delay) - 1);
      expect(sockets).toHaveLength(before);
      vi.advanceTimersByTime(2);
      expect(sockets).toHaveLength(before + 1);
    }
    welcome();
    vi.advanceTimersByTime(stableAfterMs);
    last().onclose?.({ code: 1001 });
    expect(events.at(-1)).toBe('down 1001 1');
  });

  it('does not take a short welcome for success', () => {
    const { connection, events, welcome, last } = setUp();
    connection.start();
    last().onclose?.({ code: 1006 });
    vi.advanceTimersByTime(500);
    welcome();
    vi.advanceTimersByTime(stableAfterMs - 1);
    last().onclose?.({ code: 1001 });
    expect(events.at(-1)).toBe('down 1001 2');
  });

  it.each([
    [4429, 19_000],
    [4400, 8_500],
  ])('is patient after close code %d', (code, delay) => {
    const { connection, sockets, last } = setUp();
    connection.start();
    last().onclose?.({ code });
    vi.advanceTimersByTime(delay);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
  });

  it('restarts when asked, not before the time and not together with all others', () => {
    const { connection, sockets, welcome } = setUp();
    connection.start();
    welcome();
    connection.restart(5_000);
    expect(sockets[0]?.closed).toBe(true);
    vi.advanceTimersByTime(5_499);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
  });

  it('does nothing any more once stopped', () => {
    const { connection, sockets, last } = setUp();
    connection.start();
    last().onclose?.({ code: 1006 });
    connection.stop();
    connection.poke();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });

  it('tries at once when poked while waiting', () => {
    const { connection, sockets, last } = setUp();
    connection.start();
    last().onclose?.({ code: 4429 });
    connection.poke();
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(handshakeTimeoutMs - 1);
    expect(sockets).toHaveLength(2);
  });

  it('pings at once when poked while connected, with the patience it is given', () => {
    const { connection, events, welcome, last } = setUp();
    connection.start();
    welcome();
    connection.poke(3_000);
    expect(last().sent).toEqual([ping]);
    vi.advanceTimersByTime(3_000);
    expect(events.at(-1)).toBe('down 1006 1');
  });

  it('survives a socket that cannot be made or written', () => {
    const events: string[] = [];
    const connection = createConnection({
      openSocket() {
        throw new Error('refused by the content security policy');
      },
      clock: { now: () => 0, setTimeout: () => 1, clearTimeout: () => undefined, random: () => 0 },
      heartbeatMs: 1,
      pongTimeoutMs: 1,
      onOpen: () => undefined,
      onFrame: () => undefined,
      onDown: (code) => events.push(`down ${code}`),
    });
    connection.start();
    connection.send({ type: 'ping' });
    expect(events).toEqual(['down 1006']);
  });
});
