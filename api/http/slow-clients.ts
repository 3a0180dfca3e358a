import type { Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from './client-address.ts';

/**
 * How long a client may take, ms: for the head of a request, and for all of it. Zoom's webhooks and browsers need a
 * fraction of that. Node looks at both every few seconds only.
 */
export const requestTimes: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
};

export interface ConnectionLimits {
  /** Connections at once, over all clients. */
  inAll: number;
  /** From one client's network; only where clients connect themselves, since a proxy is one network. */
  perNetwork?: number;
}

/** Connections beyond these are closed at once: each takes one of the files that the process may have open. */
export function limitConnections(server: Server, { inAll, perNetwork }: ConnectionLimits): void {
  server.maxConnections = inAll;
  if (perNetwork === undefined) return;
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const network = networkOf(socket.remoteAddress ?? '');
    const count = (open.get(network) ?? 0) + 1;
    open.set(network, count);
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1;
      if (left > 0) open.set(network, left);
      else open.delete(network);
    });
    if (count > perNetwork) socket.destroy();
  });
}
