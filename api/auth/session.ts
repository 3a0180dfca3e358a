import type { Request, RequestHandler, Response } from 'express';
import type { Member } from '../../store/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { sessionCookie } from './session-cookie.ts';

const day = 24 * 60 * 60;

/** Sign-in sessions of the dashboard, of members who have not removed the app. */
export function sessions(dependencies: Pick<ApiDependencies, 'config' | 'store' | 'clock' | 'log'>) {
  const { store, log } = dependencies;
  const cookie = sessionCookie(dependencies, { name: 'session', idleSeconds: day / 2, longestSeconds: 7 * day });

  async function member(request: Request): Promise<Member | null> {
    const session = await cookie.read(request);
    if (session?.zoomUserId === undefined) return null;
    const found = await store.members.get(session.zoomUserId);
    // A user who has changed to another account has to sign in anew: the session was for the old one.
    return found && found.grantStatus !== 'removed' && found.accountId === session.accountId ? found : null;
  }

  return {
    /** Who is signed in, or null. */
    member,

    /** Who is signed in. @throws {HttpProblem} 401 when nobody is. */
    async required(request: Request): Promise<Member> {
      const found = await member(request);
      if (found) return found;
      throw new HttpProblem('unauthorized', 'Your session has ended. Sign in again.', {
        next: { label: 'Sign in with Zoom', href: '/signin' },
      });
    },

    async start(
      response: Response,
      { zoomUserId, accountId }: { zoomUserId: string; accountId: string },
      address?: string,
    ): Promise<void> {
      await cookie.begin(response, { zoomUserId, accountId });
      log.info({ zoomUserId, accountId, address }, 'a member has signed in');
    },

    /** Sign out: the session ends here and wherever its cookie was copied to. */
    end: (async (request, response) => {
      await cookie.end(request, response);
      response.redirect(303, '/');
    }) satisfies RequestHandler,
  };
}
export type Sessions = ReturnType<typeof sessions>;
