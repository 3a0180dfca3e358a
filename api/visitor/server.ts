import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { limits } from '../../domain/limits.ts';
import { visitorCloseCodes, visitorErrorCodes } from '../../domain/visitor-protocol.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { accountCache } from './account-cache.ts';
import { chatTokens } from './chat-tokens.ts';
import { clientAddress } from './client-address.ts';
import type { VisitorConnections } from './connections.ts';
import { frameLimit, messageLimit } from './rate-limits.ts';
import { VisitorSession, type SessionDependencies } from './session.ts';
import { Turns, type TurnsOptions } from './turns.ts';

/** Where widgets connect. */
export const visitorPath = '/visitor';

export interface VisitorServerOptions {
  /** Sockets at once: from one IP address, and in all. 0 for none. */
  maxPerAddress: number;
  maxTotal: number;
  /** How long a socket may stay without a `hello`, ms. */
  helloTimeoutMs: number;
  /** How often sockets are asked whether they live, ms; one that has not answered by the next time is dropped. */
  pingEveryMs: number;
  /** Data waiting for a visitor who does not read, bytes; beyond it the socket is dropped. */
  maxUnsentBytes: number;
  /** How long a close waits for the visitor's side, ms. */
  closeTimeoutMs: number;
  /** Visitors who go on with a chat: how many are brought up to date at once, how many may wait, and how long, ms. */
  helloTurns: TurnsOptions;
  /** The same for telling their chats that they are here, which is less urgent than what visitors say. */
  tellTurns: TurnsOptions;
  /** How long chats are told at a stop that their visitors go, ms. */
  farewellMs: number;
}

export const visitorServerDefaults: VisitorServerOptions = {
  maxPerAddress: 100,
  maxTotal: 20_000,
  helloTimeoutMs: 10_000,
  pingEveryMs: 30_000,
  maxUnsentBytes: 2_000_000,
  closeTimeoutMs: 1_000,
  // Well within the 15 s that the widget waits for its welcome.
  helloTurns: { atOnce: 16, maxWaiting: 5_000, maxWaitMs: 8_000 },
  tellTurns: { atOnce: 4, maxWaiting: 20_000, maxWaitMs: 60_000 },
  farewellMs: 3_000,
};

/** Sockets are looked after in so many parts of `pingEveryMs`, or all would be asked in one breath. */
const rounds = 30;

interface OpenSocket {
  session: VisitorSession;
  alive: boolean;
}

/** The visitors' WebSocket. */
export interface VisitorServer {
  /** Take over an `upgrade` of the HTTP server. Other paths, and more sockets than allowed, are refused. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Open sockets now. */
  size: () => number;
  /** Close all sockets with 1001, so that widgets go elsewhere at once, and tell their chats. Takes no new ones. */
  close: () => Promise<void>;
}

type Dependencies = Pick<ApiDependencies, 'config' | 'store' | 'temporal' | 'clock' | 'log' | 'metrics'> & {
  instanceId: string;
  instanceUrl?: string;
  connections: VisitorConnections;
  options?: Partial<VisitorServerOptions>;
};

/**
 * Accept visitors from any website: the widget is made to be embedded, and a chat is reached by its token, never by a cookie.
 * Where it is embedded (`Origin`) is recorded nowhere.
 */
export function createVisitorServer(dependencies: Dependencies): VisitorServer {
  const { config, store, clock, log, metrics } = dependencies;
  const options = { ...visitorServerDefaults, ...dependencies.options };
  const wss = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.visitorFrameBytes,
  });
  const sessionDependencies: SessionDependencies = {
    ...dependencies,
    accountOf: accountCache((widgetId) => store.accounts.byWidget(widgetId), clock),
    tokens: chatTokens(dependencies),
    messageLimit: messageLimit(),
    helloTurns: new Turns(options.helloTurns),
    tellTurns: new Turns(options.tellTurns),
    timings: { missedAfterMs: config.product.missedAfterMs, idleEndMs: config.product.idleEndMs },
  };
  /** The open sockets, by the part of a round in which they are looked after. */
  const open = Array.from({ length: rounds }, () => new Map<WebSocket, OpenSocket>());
  let size = 0;
  let taken = 0;
  const perAddress = new Map<string, number>();
  const goodbyes = new Set<Promise<void>>();
  let closing = false;
  expectSocketMetrics(metrics);

  let round = 0;
  const look = setInterval(() => {
    round = (round + 1) % rounds;
    for (const [socket, entry] of open[round] ?? []) {
      if (!entry.alive) {
        socket.terminate();
        continue;
      }
      entry.alive = false;
      socket.ping();
      void entry.session.refresh();
    }
  }, options.pingEveryMs / rounds);
  look.unref();

  function count(address: string, change: 1 | -1): void {
    const now = (perAddress.get(address) ?? 0) + change;
    if (now > 0) perAddress.set(address, now);
    else perAddress.delete(address);
  }

  function accept(socket: WebSocket, address: string): void {
    const session = new VisitorSession(sessionDependencies, {
      send: (frame) => {
        if (frame.type === 'error') metrics.count('live_chat_frames_refused', { code: frame.code });
        if (socket.readyState !== WebSocket.OPEN) return;
        if (socket.bufferedAmount > options.maxUnsentBytes) socket.terminate();
        else socket.send(JSON.stringify(frame));
      },
      close: (code, reason) => {
        closeSocket(socket, code, reason, options.closeTimeoutMs);
      },
    });
    const entry = { session, alive: true };
    const mayGoOn = frameLimit(clock);
    const part = open[taken++ % rounds];
    part?.set(socket, entry);
    size += 1;
    metrics.count('live_chat_sockets_opened');
    metrics.set('live_chat_open_sockets', size);
    count(address, 1);
    const helloTimer = setTimeout(() => {
      if (!session.isJoined) {
        closeSocket(socket, visitorCloseCodes.helloTimeout, 'no hello', options.closeTimeoutMs);
      }
    }, options.helloTimeoutMs);

    socket.on('message', (data, isBinary) => {
      if (!mayGoOn()) {
        closeSocket(socket, visitorCloseCodes.rateLimited, 'too many frames', options.closeTimeoutMs);
      } else if (isBinary) session.receiveBinary();
      // Without fragments handling of our own, `ws` gives one Buffer.
      else void session.receive((data as Buffer).toString('utf8'));
    });
    socket.on('pong', () => {
      entry.alive = true;
    });
    // What visitors' networks do to sockets is no error of ours; `close` follows.
    socket.on('error', (error) => log.debug({ err: error }, 'a visitor socket failed'));
    socket.on('close', () => {
      clearTimeout(helloTimer);
      part?.delete(socket);
      size -= 1;
      metrics.set('live_chat_open_sockets', size);
      count(address, -1);
      const goodbye: Promise<void> = session.close().finally(() => goodbyes.delete(goodbye));
      goodbyes.add(goodbye);
    });
  }

  return {
    upgrade(request, socket, head) {
      const ignoreErrors = () => undefined;
      socket.on('error', ignoreErrors);
      const [path] = (request.url ?? '').split('?');
      const address = clientAddress(request, config.http.trustProxy);
      if (path !== visitorPath) refuse(socket, 404);
      else if (closing || size >= options.maxTotal) {
        metrics.count('live_chat_sockets_refused', { reason: 'full' });
        refuse(socket, 503);
      } else if ((perAddress.get(address) ?? 0) >= options.maxPerAddress) {
        metrics.count('live_chat_sockets_refused', { reason: 'address' });
        refuse(socket, 429);
      } else {
        socket.off('error', ignoreErrors);
        wss.handleUpgrade(request, socket, head, (accepted) => {
          accept(accepted, address);
        });
      }
    },
    size: () => size,
    async close() {
      closing = true;
      clearInterval(look);
      const closed = open
        .flatMap((part) => [...part.keys()])
        .map((socket) => {
          const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
          closeSocket(socket, visitorCloseCodes.goingAway, 'going away', options.closeTimeoutMs);
          return gone;
        });
      await Promise.all(closed);
      await Promise.all(goodbyes);
      await Promise.race([dependencies.connections.close(), delay(options.farewellMs, undefined, { ref: false })]);
    },
  };
}

/** Show as 0 what has not happened yet. */
function expectSocketMetrics(metrics: Metrics): void {
  metrics.set('live_chat_open_sockets', 0);
  metrics.expect('live_chat_sockets_opened');
  for (const reason of ['full', 'address']) metrics.expect('live_chat_sockets_refused', { reason });
  for (const code of visitorErrorCodes) metrics.expect('live_chat_frames_refused', { code });
}

/** A visitor who does not answer the close is not waited for. */
function closeSocket(socket: WebSocket, code: number, reason: string, timeoutMs: number): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), timeoutMs).unref();
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
