import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { limits } from '../../domain/limits.ts';
import { visitorCloseCodes, visitorErrorCodes } from '../../domain/visitor-protocol.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { clientAddress, networkOf } from '../http/client-address.ts';
import { frameLimit, messageLimit, newChatLimitsOf, replayLimit } from '../rate-limits.ts';
import { accountServices } from './account-service.ts';
import { chatTokens } from './chat-tokens.ts';
import type { VisitorConnections } from './connections.ts';
import { FairSemaphore, type FairSemaphoreOptions } from './fair-semaphore.ts';
import type { HandshakeDependencies } from './handshake.ts';
import { newChatLimits } from './new-chats.ts';
import { VisitorSocket } from './visitor-socket.ts';
import { cachedWidgets } from './widget-cache.ts';

/** Where widgets connect. */
export const visitorPath = '/visitor';

export interface VisitorServerOptions {
  /** Sockets at once: from one client's network, and in all. 0 for none. */
  maxPerNetwork: number;
  maxTotal: number;
  /** How long a socket may stay without a `hello`, ms. */
  helloTimeoutMs: number;
  /** How often a socket is pinged at least, ms; one that has not answered by the next ping is dropped. */
  pingEveryMs: number;
  /** Data waiting for a visitor who does not read, bytes; beyond it the socket is dropped. */
  maxUnsentBytes: number;
  /** How long a close waits for the visitor's side, ms. */
  closeTimeoutMs: number;
  /** How long an upgrade that is refused may take to be told so, ms. */
  refusalMs: number;
  /** Bounds how many visitors who go on with a chat are brought up to date at the same time. */
  resumptions: FairSemaphoreOptions;
  /** Bounds how many presences are announced at the same time. */
  announcements: FairSemaphoreOptions;
  /** How long disconnects are signalled at a stop, ms. */
  disconnectMs: number;
}

export const visitorServerDefaults: VisitorServerOptions = {
  maxPerNetwork: 100,
  maxTotal: 18_000,
  helloTimeoutMs: 10_000,
  pingEveryMs: 30_000,
  maxUnsentBytes: 2_000_000,
  closeTimeoutMs: 1_000,
  refusalMs: 2_000,
  // Well within the 15 s that the widget waits for its welcome.
  resumptions: { slots: 16, maxWaiting: 5_000, maxWaitMs: 8_000 },
  announcements: { slots: 4, maxWaiting: 20_000, maxWaitMs: 60_000 },
  disconnectMs: 3_000,
};

/** The visitors' WebSocket. */
export interface VisitorServer {
  /** Take over an `upgrade` of the HTTP server. Other paths, and more sockets than allowed, are refused. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Open sockets now. */
  size: () => number;
  /** Close all sockets with 1001, so that widgets go elsewhere at once, and signal their chats. Takes no new ones. */
  close: () => Promise<void>;
}

type Dependencies = Pick<ApiDependencies, 'config' | 'store' | 'temporal' | 'clock' | 'log' | 'metrics'> & {
  instanceId: string;
  instanceUrl: string;
  connections: VisitorConnections;
  options?: Partial<VisitorServerOptions>;
};

/**
 * Accept visitors from any website: the widget is made to be embedded, and a chat is reached by its token, never by a
 * cookie. Where it is embedded (`Origin`) is recorded nowhere.
 */
export function createVisitorServer(dependencies: Dependencies): VisitorServer {
  const { config, store, temporal, connections, clock, log, metrics } = dependencies;
  const options = { ...visitorServerDefaults, ...dependencies.options };
  const handshakeDependencies: HandshakeDependencies = {
    ...dependencies,
    chats: temporal.chats,
    findWidget: cachedWidgets((widgetId) => store.widgets.get(widgetId), clock),
    tokens: chatTokens(dependencies),
    messageLimit: messageLimit(),
    admitNewChat: newChatLimits({ store, config, clock, limits: newChatLimitsOf(config.newChats) }),
    findService: accountServices(store.members, clock),
    replays: replayLimit(),
    challengeBits: config.challengeBits,
    resumptions: new FairSemaphore(options.resumptions),
    announcements: new FairSemaphore(options.announcements),
    timings: timingsOf(config.product),
  };
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.visitorFrameBytes,
  });
  const perNetwork = new Map<string, number>();
  /** Sockets that are gone, with a frame that is still being dealt with. */
  const ending = new Set<Promise<void>>();
  let closing = false;
  expectSocketMetrics(metrics);

  function count(network: string, change: 1 | -1): void {
    const now = (perNetwork.get(network) ?? 0) + change;
    if (now > 0) perNetwork.set(network, now);
    else perNetwork.delete(network);
    metrics.set('live_chat_open_sockets', wss.clients.size);
  }

  function accept(socket: WebSocket, network: string): void {
    const isTooMany = frameLimit();
    const close = (code: number, reason: string) => closeSocket(socket, code, reason, options.closeTimeoutMs);
    const visitor = new VisitorSocket(handshakeDependencies, {
      network,
      close,
      send: (frame) => {
        if (frame.type === 'error') metrics.count('live_chat_frames_refused', { code: frame.code });
        if (socket.readyState !== WebSocket.OPEN) return;
        if (socket.bufferedAmount > options.maxUnsentBytes) socket.terminate();
        else socket.send(JSON.stringify(frame));
      },
    });
    const stopPinging = keepAlive(socket, options.pingEveryMs, () => void visitor.refresh());
    const helloTimer = setTimeout(() => {
      if (visitor.awaitsHello) close(visitorCloseCodes.helloTimeout, 'no hello');
    }, options.helloTimeoutMs);
    metrics.count('live_chat_sockets_opened');
    count(network, 1);

    socket.on('message', (data, isBinary) => {
      if (isTooMany()) close(visitorCloseCodes.rateLimited, 'too many frames');
      else if (isBinary) visitor.receiveBinary();
      // `ws` puts fragments together, and gives one Buffer.
      else void visitor.receive((data as Buffer).toString('utf8'));
    });
    // No browser sends them by the hundred: whoever does so is not told why.
    const control = (): void => {
      if (isTooMany()) socket.terminate();
    };
    socket.on('ping', control);
    socket.on('pong', control);
    // What visitors' networks do to sockets is no error of ours; `close` follows.
    socket.on('error', (error) => log.debug({ err: error }, 'a visitor socket failed'));
    socket.on('close', () => {
      clearTimeout(helloTimer);
      stopPinging();
      count(network, -1);
      const end: Promise<void> = visitor.close().finally(() => ending.delete(end));
      ending.add(end);
    });
  }

  return {
    upgrade(request, socket, head) {
      const ignoreErrors = () => undefined;
      socket.on('error', ignoreErrors);
      const [path] = (request.url ?? '').split('?');
      const network = networkOf(clientAddress(request, config.http.trustProxy));
      const refuse = (status: number): void => refuseUpgrade(socket, status, options.refusalMs);
      if (path !== visitorPath) refuse(404);
      else if (closing || wss.clients.size >= options.maxTotal) {
        metrics.count('live_chat_sockets_refused', { reason: 'full' });
        refuse(503);
      } else if ((perNetwork.get(network) ?? 0) >= options.maxPerNetwork) {
        metrics.count('live_chat_sockets_refused', { reason: 'address' });
        refuse(429);
      } else {
        socket.off('error', ignoreErrors);
        wss.handleUpgrade(request, socket, head, (upgraded) => accept(upgraded, network));
      }
    },
    size: () => wss.clients.size,
    async close() {
      closing = true;
      const closed = [...wss.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of wss.clients) {
        closeSocket(socket, visitorCloseCodes.goingAway, 'going away', options.closeTimeoutMs);
      }
      await Promise.all(closed);
      await Promise.all(ending);
      await Promise.race([connections.close(), delay(options.disconnectMs, undefined, { ref: false })]);
    },
  };
}

function timingsOf({ mailAfterMs, ...timings }: Dependencies['config']['product']): HandshakeDependencies['timings'] {
  return { ...timings, ...(mailAfterMs === undefined ? {} : { mailAfterMs }) };
}

/** Show as 0 what has not happened yet. */
function expectSocketMetrics(metrics: Metrics): void {
  metrics.set('live_chat_open_sockets', 0);
  metrics.expect('live_chat_sockets_opened');
  for (const reason of ['full', 'address']) metrics.expect('live_chat_sockets_refused', { reason });
  for (const code of visitorErrorCodes) metrics.expect('live_chat_frames_refused', { code });
}

/**
 * Ping a socket every `everyMs`, and drop it when it has not answered by the next ping. The first ping comes at a
 * random time, or all who came together after a restart would be looked after together.
 * @param look called with each ping.
 * @returns ends it.
 */
function keepAlive(socket: WebSocket, everyMs: number, look: () => void): () => void {
  let alive = true;
  socket.on('pong', () => {
    alive = true;
  });
  const ping = (): void => {
    if (!alive) {
      socket.terminate();
      return;
    }
    alive = false;
    socket.ping();
    look();
    timer = setTimeout(ping, everyMs).unref();
  };
  let timer = setTimeout(ping, Math.random() * everyMs).unref();
  return () => clearTimeout(timer);
}

/** Close a socket; again is harmless. A visitor who does not answer the close is not waited for. */
function closeSocket(socket: WebSocket, code: number, reason: string, timeoutMs: number): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), timeoutMs).unref();
}

/**
 * Answer an upgrade that is refused, and let go of its socket, whatever the client does: an upgraded socket is under
 * none of the HTTP server's time limits.
 */
function refuseUpgrade(socket: Duplex, status: number, timeoutMs: number): void {
  const destroy = (): void => void socket.destroy();
  const timer = setTimeout(destroy, timeoutMs).unref();
  socket.once('close', () => clearTimeout(timer));
  const answer = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(answer, destroy);
}
