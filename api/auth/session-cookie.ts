import { createHash, randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Session } from '../../store/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { hostCookie } from '../http/cookies.ts';

export interface SessionCookieOptions {
  /** Of the cookie. */
  name: string;
  /** A session ends so long after it was last used, and at the latest so long after its start, s. */
  idleSeconds: number;
  longestSeconds: number;
}

/** The last use is written at most so often, ms. */
const usedEveryMs = 5 * 60_000;

/**
 * Sessions by a random id in a cookie, kept in MongoDB: what is ended there is refused at once by every api process,
 * whoever has copied the cookie.
 */
export function sessionCookie(
  { config, store, clock }: Pick<ApiDependencies, 'config' | 'store' | 'clock'>,
  { name, idleSeconds, longestSeconds }: SessionCookieOptions,
) {
  const cookie = hostCookie(name, config.http.publicUrl);
  const hash = (id: string) => createHash('sha256').update(id).digest('hex');

  return {
    async begin(response: Response, whose: Pick<Session, 'zoomUserId' | 'accountId' | 'passwordMark'>): Promise<void> {
      const id = randomBytes(32).toString('base64url');
      const now = clock();
      const at = new Date(now);
      const expiresAt = new Date(now + longestSeconds * 1_000);
      await store.sessions.begin({ _id: hash(id), ...whose, createdAt: at, usedAt: at, expiresAt });
      cookie.write(response, id, longestSeconds);
    },

    /** The session of this request, or null. */
    async read(request: Request): Promise<Session | null> {
      const id = cookie.read(request);
      if (id === undefined || id === '') return null;
      const session = await store.sessions.get(hash(id));
      if (!session) return null;
      const now = clock();
      const unusedMs = now - session.usedAt.getTime();
      if (unusedMs > idleSeconds * 1_000 || now > session.expiresAt.getTime()) return null;
      if (unusedMs > usedEveryMs) await store.sessions.used(session._id, new Date(now));
      return session;
    },

    /** End the session of this request. */
    async end(request: Request, response: Response): Promise<void> {
      const id = cookie.read(request);
      if (id !== undefined && id !== '') await store.sessions.end(hash(id));
      cookie.clear(response);
    },
  };
}
