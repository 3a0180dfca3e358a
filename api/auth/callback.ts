import { setTimeout as delay } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { isZoomError, scopesNamed, type TokenSet, type ZoomError } from '../../zoom/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem, type NextStep } from '../http/problem.ts';
import { failureLimit, requestLimits } from '../rate-limits.ts';
import { TemporalUnavailableError } from '../temporal/call.ts';
import { redirectUri, stateHash, type oauthAttempts } from './attempts.ts';
import type { Sessions } from './session.ts';

/** Codes and states are of any form, so only their length is bounded. */
const querySchema = z.object({
  code: z.string().min(1).max(4_000).optional(),
  state: z.string().min(1).max(500).optional(),
  error: z.string().max(500).optional(),
});

/** How long somebody at the callback waits for Zoom to say who they are. */
const patience = { tries: 4, pauseMs: 500, longestPauseMs: 2_000 };

const again: NextStep = { label: 'Add to Zoom', href: '/install' };
/** Zoom lets only those add the app who may allow it for everybody. */
const whoMayAdd =
  'Only an administrator of your Zoom account can add it, once for everybody. If you are not one, ask yours to open this website and press “Add to Zoom”.';

function refused(detail: string): HttpProblem {
  const title = 'This sign-in could not be completed';
  return new HttpProblem('bad-request', detail, { title, next: again });
}

/**
 * Zoom sends the browser back here. In this order, so that nothing is changed for a callback that does not belong to
 * this browser: is it ours → was it used before → exchange the code → store the grant → signal its workflows → sign in.
 */
export function oauthCallback(
  dependencies: ApiDependencies,
  attempts: ReturnType<typeof oauthAttempts>,
  sessions: Sessions,
): RequestHandler {
  const { store, renderPage, log } = dependencies;
  const refusedCodes = failureLimit(requestLimits.refusedCodes);

  /** Exchange the code, unless too many from this network were refused of late. */
  const exchange = async (address: string, code: string, verifier: string): Promise<TokenSet> => {
    try {
      return await exchangeCode(dependencies, code, verifier);
    } catch (error) {
      if (isZoomError(error, 'grantInvalid')) await refusedCodes.failed(address);
      throw zoomTrouble(error);
    }
  };

  const signIn: RequestHandler = async (request, response) => {
    response.set('Cache-Control', 'no-store');
    const query = querySchema.safeParse(request.query);
    if (!query.success) throw refused('The address that Zoom sent you to is incomplete. Nothing was changed.');
    const { code, state, error } = query.data;

    if (error !== undefined) {
      if (state !== undefined) await attempts.take(request, response, state);
      if (error !== 'access_denied') {
        throw refused(`Zoom did not add the app, so nothing was changed. You can try again. ${whoMayAdd}`);
      }
      const message = `You have not added the app, and nothing was changed. You can add it at any time. ${whoMayAdd}`;
      response
        .type('html')
        .send(renderPage({ name: 'error', status: 200, title: 'Live Chat was not added', message, next: again }));
      return;
    }
    if (code === undefined) throw refused('Zoom sent no authorization. Nothing was changed.');
    if (state === undefined) {
      // Begun on Zoom's Marketplace, without a state of ours. The code stays unused; our own path has state and PKCE.
      response.redirect(302, again.href);
      return;
    }
    const attempt = await attempts.take(request, response, state);
    if (!attempt) {
      throw refused('This sign-in was not started in this browser, or more than 10 minutes ago. Nothing was changed.');
    }
    const address = request.ip ?? '';
    const waitMs = await refusedCodes.waitMs(address);
    if (waitMs !== undefined) {
      const detail = 'Zoom has refused too many sign-ins from your network address. Wait some minutes, then try again.';
      throw new HttpProblem('too-many-requests', detail, { retryAfterSeconds: Math.ceil(waitMs / 1_000), next: again });
    }
    if (!(await store.usedStates.use(stateHash(state)))) {
      throw refused('This sign-in was used before. Nothing was changed.');
    }
    const tokens = await exchange(address, code, attempt.verifier);
    const member = await connect(dependencies, tokens);
    await sessions.start(response, member, request.ip);
    response.redirect(302, member.onboarded ? (attempt.next ?? '/dashboard') : '/onboarding');
  };
  return async (request, response, next) => {
    try {
      await signIn(request, response, next);
    } catch (error) {
      if (error instanceof HttpProblem)
        log.warn({ address: request.ip, why: error.message }, 'a sign-in by Zoom failed');
      throw error;
    }
  };
}

function exchangeCode({ zoom, config }: ApiDependencies, code: string, codeVerifier: string): Promise<TokenSet> {
  return zoom.oauth.exchangeCode({ code, codeVerifier, redirectUri: redirectUri(config.http.publicUrl) });
}

/** Store the grant, and see that its workflows run. */
async function connect({ zoom, store, temporal }: ApiDependencies, tokens: TokenSet) {
  const user = await whoIs(() => zoom.asUser(tokens.accessToken, { apiUrl: tokens.apiUrl }).getMe());
  const holder = {
    zoomUserId: user.id,
    accountId: user.accountId,
    name: user.displayName,
    email: user.email ?? '',
  };
  // The tokens first: this grant has ended the earlier one's tokens, so they must not get lost in what follows.
  await store.tokenSets.addGranted(user.id, tokens);
  const { accountId, name, email } = holder;
  await store.members.connect({ _id: user.id, accountId, name, email, jid: user.jid, role: user.role });
  const member = await store.members.get(user.id);

  try {
    await temporal.grants.granted(holder);
    const finished = ['completed', 'none'].includes(await temporal.installs.state(user.id));
    const onboarded = member?.onboardedAt !== undefined && finished;
    if (!onboarded) await temporal.installs.start(holder);
    return { ...holder, onboarded };
  } catch (cause) {
    if (!(cause instanceof TemporalUnavailableError)) throw cause;
    const detail = 'Zoom is connected, but the install could not be started just now. Try again in a moment.';
    throw new HttpProblem('unavailable', detail, { next: again, cause });
  }
}

/**
 * The grant has ended the one before it, and cannot be kept until it is known whose it is: so this is tried more than
 * once.
 */
async function whoIs<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = patience.tries; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      if (left === 1 || !isZoomError(error) || !error.retryable) throw zoomTrouble(error);
      await delay(Math.min(error.retryAfterMs ?? patience.pauseMs, patience.longestPauseMs));
    }
  }
}

function zoomTrouble(error: unknown): unknown {
  if (!isZoomError(error)) return error;
  if (error.retryable) {
    const detail = 'Zoom does not answer as it should right now. Try again in a moment.';
    return new HttpProblem('unavailable', detail, { next: again, cause: error });
  }
  if (error.kind === 'grantInvalid') {
    return refused('Zoom no longer accepts this authorization: it was used before or is too old. Nothing was changed.');
  }
  const detail =
    error.kind === 'scopeMissing'
      ? `Zoom did not grant a permission that the app needs (${nameMissing(error)}). Tick it in the app’s settings on marketplace.zoom.us, on the page Scopes, then add the app again.`
      : `Zoom refused the authorization. ${error.advice}`;
  return new HttpProblem('zoom', detail, {
    ...(error.kind === 'scopeMissing' ? { status: 403 } : {}),
    next: again,
    cause: error,
  });
}

/** The first thing that a new grant is used for is to ask who it is of. */
function nameMissing({ missingScopes }: ZoomError): string {
  const names = scopesNamed(missingScopes ?? ['user:read:admin']).map(({ label, classic, granular }) => {
    return `${label}: ${[...granular, classic].join(' or ')}`;
  });
  return names.length > 0 ? names.join('; ') : (missingScopes ?? []).join(', ');
}
