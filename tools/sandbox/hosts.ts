import type { NextFunction, Request, Response } from 'express';

/** The host of a Host header without its port, in lower case; undefined when it is none. */
function hostOf(header: string): string | undefined {
  const url = URL.parse(`http://${header}`);
  const isHost = url !== null && url.pathname === '/' && url.search === '' && url.username === '' && url.hash === '';
  return isHost ? url.hostname : undefined;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

/**
 * Answers only requests that name this machine or the configured public address: a page whose name was pointed at
 * loopback (DNS rebinding) would otherwise read the app's secrets and steer the sandbox.
 */
export function hostGuard(publicUrl: string | undefined) {
  const own = publicUrl === undefined ? undefined : new URL(publicUrl).hostname;
  return (req: Request, res: Response, next: NextFunction): void => {
    const host = hostOf(req.headers.host ?? '');
    if (host !== undefined && (host === own || isLoopback(host))) {
      next();
      return;
    }
    res.status(421).type('text/plain').send('The sandbox answers only at its own address. Set SANDBOX_PUBLIC_URL.\n');
  };
}
