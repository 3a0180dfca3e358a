import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

const anyAddress = ['127.0.0.1', '::1', '0.0.0.0', '::'] as const;
const loopback = ['127.0.0.1'] as const;
const probeMs = 500;

/** Why a port cannot be listened on. */
export type PortFault = 'in-use' | 'not-allowed';

/**
 * Whether a port can be listened on; tried by listening for a moment, since only that finds every obstacle, and by
 * connecting, since some systems let a port be shared between 127.0.0.1 and all addresses.
 *
 * @param bind `loopback` for servers on 127.0.0.1, `any` for servers on all addresses
 */
export async function portFault(port: number, bind: 'loopback' | 'any'): Promise<PortFault | undefined> {
  if ((await answers(port, '127.0.0.1')) || (bind === 'any' && (await answers(port, '::1')))) return 'in-use';
  // One after the other: they exclude each other.
  for (const host of bind === 'loopback' ? loopback : anyAddress) {
    const code = await listenFault(port, host);
    if (code === 'EADDRINUSE') return 'in-use';
    if (code === 'EACCES') return 'not-allowed';
    // Anything else (no IPv6, no such address) says nothing about the port.
  }
  return undefined;
}

/** Below the range that systems hand out for outgoing connections, so that none of those takes the port meanwhile. */
const freeRange = { from: 15_000, to: 31_999 };

/**
 * A port that is free now on all addresses, and is not one of `taken`. Only a process that listens on a fixed port can
 * still take it.
 */
export async function freePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (;;) {
    const port = randomInt(freeRange.from, freeRange.to + 1);
    if (!taken.has(port) && (await portFault(port, 'any')) === undefined) return port;
  }
}

function listenFault(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? 'unknown');
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}

function answers(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const settle = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(probeMs, () => {
      settle(false);
    });
    socket.once('connect', () => {
      settle(true);
    });
    socket.once('error', () => {
      settle(false);
    });
  });
}
