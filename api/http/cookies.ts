import { parseCookie } from 'cookie';
import type { CookieOptions, Request, Response } from 'express';

/** One of the api's cookies: never readable by scripts, sent by links from elsewhere but not by their forms. */
export interface Cookie {
  read: (request: Request) => string | undefined;
  write: (response: Response, value: string, maxAgeSeconds: number) => void;
  clear: (response: Response) => void;
}

/**
 * A cookie named for its purpose. With an https address it is bound to this host alone (`__Host-`). Without, its name
 * holds the port, since browsers share cookies between all ports of a host.
 */
export function hostCookie(purpose: string, publicUrl: string): Cookie {
  const { protocol, port } = new URL(publicUrl);
  const secure = protocol === 'https:';
  const name = secure ? `__Host-chat-${purpose}` : `chat-${purpose}${port === '' ? '' : `-${port}`}`;
  const options: CookieOptions = { httpOnly: true, sameSite: 'lax', secure, path: '/' };
  return {
    // Ours are tokens, which need no decoding.
    read: (request) => parseCookie(request.get('cookie') ?? '', { decode: String })[name],
    write: (response, value, maxAgeSeconds) => {
      response.cookie(name, value, { ...options, maxAge: maxAgeSeconds * 1_000, encode: String });
    },
    clear: (response) => {
      response.clearCookie(name, options);
    },
  };
}
