import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import proxyAddr from 'proxy-addr';

/**
 * The address of whoever opened a connection, as Express reads it too.
 * @param trustProxy how many proxies of ours stand before us, each of which has added what it saw to `X-Forwarded-For`.
 */
export function clientAddress(request: IncomingMessage, trustProxy: number): string {
  return proxyAddr(request, (_address, hop) => hop < trustProxy);
}

/**
 * What rate limits count by: the IPv4 address, or the first 64 bits of the IPv6 address, of which one client has all
 * the rest.
 */
export function networkOf(address: string): string {
  const [mapped] = /(?<=^::ffff:)[\d.]+$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [front = [], back = []] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => '0'), ...back];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
