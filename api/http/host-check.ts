import type { RequestHandler } from 'express';
import { HttpProblem } from './problem.ts';

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses requests for other hosts. A page elsewhere can have its own name lead to this machine (DNS rebinding): the
 * browser then takes us for that page's own server, and lets it read what we answer. No page can have itself called
 * `localhost`. By `Host` alone, which browsers set: proxies pass it on, or name us by a loopback address.
 * @param publicUrl whose host is allowed, beside the loopback names.
 */
export function hostCheck(publicUrl: string): RequestHandler {
  const ours = new URL(publicUrl).hostname;
  return (request, _response, next) => {
    const { host = '' } = request.headers;
    const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
    if (name === ours || loopbackNames.has(name)) {
      next();
      return;
    }
    throw new HttpProblem('forbidden', `There is nothing at this address: open ${publicUrl}.`, {
      status: 421,
      title: 'Wrong address',
    });
  };
}
