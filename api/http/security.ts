import { Router, type Request, type RequestHandler } from 'express';
import helmet from 'helmet';
import { HttpProblem } from './problem.ts';

/** Security headers of every answer. `secure`: the public address is https. */
export function securityHeaders({ secure }: { secure: boolean }): RequestHandler {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
      },
    },
    // Not helmet's `no-referrer`: with it browsers send `Origin: null` with our own forms, and the check below would
    // refuse them.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: secure ? { maxAge: 31_536_000 } : false,
    xFrameOptions: { action: 'deny' },
  });
  return Router().use(headers, (_request, response, next) => {
    response.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
    next();
  });
}

/**
 * Whether a browser asks for a page to show now, not for a picture, a frame or a script of another page, nor ahead of
 * time.
 */
export function isForPage(request: Request): boolean {
  const destination = request.get('sec-fetch-dest');
  return (destination === undefined || destination === 'document') && request.get('sec-purpose') === undefined;
}

/**
 * Refuses what other websites' pages have a browser fetch. Before limits: their pictures and scripts must not use up
 * the requests of whoever visits them.
 */
export const notForOtherSites: RequestHandler = (request, _response, next) => {
  const site = request.get('sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') {
    next();
    return;
  }
  throw new HttpProblem('forbidden', 'This address is for the app’s own pages.');
};

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests that change something unless our own pages made them: a second wall behind the `SameSite=Lax`
 * cookie. Browsers send `Origin` with every such request, and `Sec-Fetch-Site`, which no page can forge.
 */
export function sameOriginOnly(publicUrl: string): RequestHandler {
  const ours = new URL(publicUrl).origin;
  return (request, _response, next) => {
    const ourPage = request.get('sec-fetch-site') === 'same-origin' || request.get('origin') === ours;
    if (safeMethods.has(request.method) || ourPage) {
      next();
      return;
    }
    throw new HttpProblem('forbidden', `Requests like this one are accepted from the pages at ${ours} only.`);
  };
}
