import type { IncomingMessage } from 'node:http';

/**
 * The address of whoever opened a connection, read as Express reads it: `trustProxy` is how many proxies of ours stand before
 * us, each of which has added what it saw to `X-Forwarded-For`.
 */
export function clientAddress(request: IncomingMessage, trustProxy: number): string {
  const forwarded = request.headers['x-forwarded-for'];
  const hops = (Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? ''))
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  const path = [request.socket.remoteAddress ?? '', ...hops.reverse()];
  return path[Math.min(trustProxy, path.length - 1)] ?? '';
}
