import type { VisitorFrame } from '../../domain/visitor-protocol.ts';

/** The part of a WebSocket that is used, so that a test can give a fake. */
export type Socket = Pick<WebSocket, 'onopen' | 'onmessage' | 'onclose' | 'send' | 'close'>;

/** Timers and chance, so that a test can hold them. */
export interface Clock {
  now: () => number;
  setTimeout: (fn: () => void, ms: number) => number;
  clearTimeout: (timer: number) => void;
  random: () => number;
}

export interface ConnectionOptions {
  openSocket: () => Socket;
  clock: Clock;
  /** Time between pings. */
  heartbeatMs: number;
  /** Wait for the answer to a ping; without it the connection is dead, in one direction or both. */
  pongTimeoutMs: number;
  onOpen: () => void;
  /** A frame as parsed JSON: any object with a `type`. */
  onFrame: (frame: { type: string }) => void;
  /** The connection was lost or could not be made; the next try is already planned. */
  onDown: (code: number, failures: number) => void;
}

/** A connection that, once started, keeps itself up until it is stopped. */
export interface Connection {
  start: () => void;
  stop: () => void;
  send: (frame: VisitorFrame) => void;
  /** The handshake is done: heartbeats begin, and holding from now on counts as a success. */
  welcomed: () => void;
  /**
   * Drops the connection and makes a new one, not before `afterMs`, and with the backoff on top: others were asked the
   * same.
   */
  restart: (afterMs: number) => void;
  /** The world has changed (page shown, network back): try at once, or find out at once whether it still works. */
  poke: (pongTimeoutMs?: number) => void;
}

/** From opening a socket to the welcome. */
export const handshakeTimeoutMs = 15_000;
/** A connection that held this long after its welcome was a good one: the backoff starts anew. */
export const stableAfterMs = 10_000;
const maxDelayMs = 30_000;

/** Close codes that say "you are doing something wrong" or "too much": each waits as after this many failures. */
const patience: Readonly<Record<number, number>> = { 4400: 7, 4429: 9 };

/** What browsers give for a connection that ended without a close frame. */
const abnormal = 1006;

/**
 * Wait before a try, by how many have failed before it. The first comes nearly at once; after that the waits grow by
 * half each time up to 30 s, so that after an outage nobody waits much longer than half of what it took. The random
 * part keeps thousands of widgets from coming back in the same instant.
 */
export function backoffMs(failures: number, random: number): number {
  return failures === 0 ? random * 500 : Math.min(maxDelayMs, 500 * 1.5 ** failures) * (0.5 + random / 2);
}

/** Makes the connection; nothing happens until `start`. */
export function createConnection(options: ConnectionOptions): Connection {
  const { clock } = options;
  let socket: Socket | null = null;
  let failures = 0;
  /** Null before the welcome. */
  let welcomedAt: number | null = null;
  // Timers; 0 is never one.
  let retry = 0;
  let beat = 0;
  let deadline = 0;

  /** Lets go of the socket without waiting for its close event, which a half-open connection never gets. */
  function drop(): void {
    [retry, beat, deadline].forEach(clock.clearTimeout);
    retry = deadline = 0;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  }

  function expectFrameWithin(ms: number): void {
    deadline = clock.setTimeout(() => lost(abnormal), ms);
  }

  function open(): void {
    drop();
    expectFrameWithin(handshakeTimeoutMs);
    try {
      socket = options.openSocket();
      socket.onopen = options.onOpen;
      socket.onmessage = receive;
      socket.onclose = ({ code }) => lost(code);
    } catch {
      // A page's content security policy can make the constructor throw.
      lost(abnormal);
    }
  }

  /** Drops what there is and plans the next try. */
  function restart(afterMs: number, code = 0): void {
    if (welcomedAt !== null && clock.now() - welcomedAt >= stableAfterMs) failures = 0;
    welcomedAt = null;
    drop();
    failures = Math.max(failures, patience[code] ?? 0);
    retry = clock.setTimeout(open, afterMs + backoffMs(failures++, clock.random()));
  }

  function lost(code: number): void {
    restart(0, code);
    options.onDown(code, failures);
  }

  function receive({ data }: MessageEvent<unknown>): void {
    let frame: { type: string };
    try {
      frame = JSON.parse(String(data)) as typeof frame;
    } catch {
      return;
    }
    if (welcomedAt !== null && frame.type === 'pong') {
      // Nothing else will do: what the server sends by itself arrives also where nothing of ours does.
      clock.clearTimeout(deadline);
      deadline = 0;
    }
    options.onFrame(frame);
  }

  function send(frame: VisitorFrame): void {
    try {
      socket?.send(JSON.stringify(frame));
    } catch {
      // Not open (any more): what matters is sent again after the next welcome.
    }
  }

  function ping(timeoutMs = options.pongTimeoutMs): void {
    clock.clearTimeout(beat);
    beat = clock.setTimeout(ping, options.heartbeatMs);
    send({ type: 'ping' });
    if (!deadline) expectFrameWithin(timeoutMs);
  }

  return {
    start: open,
    stop() {
      drop();
      failures = 0;
      welcomedAt = null;
    },
    send,
    welcomed() {
      welcomedAt = clock.now();
      clock.clearTimeout(deadline);
      deadline = 0;
      beat = clock.setTimeout(ping, options.heartbeatMs);
    },
    restart,
    poke(pongTimeoutMs) {
      if (retry) open();
      else if (welcomedAt !== null) ping(pongTimeoutMs);
    },
  };
}
