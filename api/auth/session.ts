import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Member } from '../../store/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { hostCookie } from '../http/cookies.ts';
import { HttpProblem } from '../http/problem.ts';
import { signedToken } from './signed-token.ts';

const lifetimeSeconds = 7 * 24 * 60 * 60;
const claimsSchema = z.object({ sub: z.string().min(1), account: z.string().min(1) });

/** Sign-in sessions of the dashboard: a signed cookie of 7 days, of a member who has not removed the app. */
export function sessions({ config, store, clock }: Pick<ApiDependencies, 'config' | 'store' | 'clock'>) {
  const cookie = hostCookie('session', config.http.publicUrl);
  const token = signedToken({ sessionSecret: config.sessionSecret, purpose: 'session', lifetimeSeconds, clock });

  async function member(request: Request): Promise<Member | null> {
    const value = cookie.read(request);
    const claims = value === undefined ? null : claimsSchema.safeParse(await token.read(value)).data;
    if (!claims) return null;
    const found = await store.members.get(claims.sub);
    // A user who has changed to another account has to sign in anew: the session was for the old one.
    return found && found.grantStatus !== 'removed' && found.accountId === claims.account ? found : null;
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

    async start(response: Response, { zoomUserId, accountId }: { zoomUserId: string; accountId: string }) {
      cookie.write(response, await token.sign({ sub: zoomUserId, account: accountId }), lifetimeSeconds);
    },

    end: ((_request, response) => {
      cookie.clear(response);
      response.redirect(303, '/');
    }) satisfies RequestHandler,
  };
}
export type Sessions = ReturnType<typeof sessions>;
