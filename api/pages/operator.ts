import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Router, urlencoded, type Request, type Response } from 'express';
import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { deriveKey } from '../auth/keys.ts';
import { sessionCookie } from '../auth/session-cookie.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { guessLimit, requestLimits } from '../rate-limits.ts';
import { sameOriginOnly } from '../http/security.ts';
import type { OperatorHomeProps } from '../../web/server.tsx';
import { findForOperator } from '../operator/find.ts';
import { operatorListNames, operatorLists, temporalUi } from '../operator/queries.ts';
import { sendPage } from './routes.ts';

const lifetimeSeconds = 12 * 60 * 60;
const operatorPath = '/operator';
const formSchema = z.object({ password: z.string().max(1_000) });
const findLength = 254;
const findSchema = z.object({ words: z.string().trim().min(1).max(findLength) });

/**
 * Sign-in of the operators, by a password from the configuration: it lets Temporal UI decrypt payloads in their
 * browser.
 */
export function operatorSignIn(dependencies: Pick<ApiDependencies, 'config' | 'store' | 'clock'>) {
  const { config } = dependencies;
  const { password } = config.operator;
  const cookie = sessionCookie(dependencies, {
    name: 'operator',
    idleSeconds: lifetimeSeconds,
    longestSeconds: lifetimeSeconds,
  });
  // With another password the sessions of the one before are over.
  const passwordMark = createHmac('sha256', deriveKey(config.sessionSecret, 'operator'))
    .update(password ?? '')
    .digest('hex');
  return {
    begin: (response: Response) => cookie.begin(response, { passwordMark }),
    end: (request: Request, response: Response) => cookie.end(request, response),
    /** Whether an operator is signed in by this request's cookie. */
    async signedIn(request: Request): Promise<boolean> {
      return password !== undefined && (await cookie.read(request))?.passwordMark === passwordMark;
    },
  };
}
export type OperatorSignIn = ReturnType<typeof operatorSignIn>;

/**
 * The operators' sign-in page and, behind it, their start page: ready-made lists of Temporal UI, and a way from names
 * to ids.
 */
export function operatorRoutes(dependencies: ApiDependencies, operator: OperatorSignIn): Router {
  const { config, renderPage, log, store, temporal } = dependencies;
  const { password } = config.operator;
  const ui = temporalUi(config.temporal);
  const guesses = guessLimit({
    ofNetwork: requestLimits.operatorGuesses,
    ofAll: requestLimits.allOperatorGuesses,
  });
  const home = async (more: Pick<OperatorHomeProps, 'found' | 'error'> = {}) => {
    const lists = await Promise.all(
      operatorListNames.map(async (name) => ({
        name,
        href: ui.list(operatorLists[name]),
        count: await temporal.system.countWorkflows(operatorLists[name]),
      })),
    );
    return renderPage({ name: 'operator', temporalUi: ui.home, lists, ...more });
  };
  const form = (error?: string) =>
    renderPage({ name: 'operatorSignIn', next: operatorPath, ...(error === undefined ? {} : { error }) });

  const router = Router();
  router.use(operatorPath, (_request, _response, next) => {
    if (password !== undefined) {
      next();
      return;
    }
    throw new HttpProblem('not-found', 'The operator sign-in is switched off: set OPERATOR_PASSWORD to switch it on.');
  });
  router.get(operatorPath, async (request, response) => {
    if (!(await operator.signedIn(request))) {
      sendPage(response, form());
      return;
    }
    sendPage(response, await home());
  });
  // Names are looked for, and names are no part of an address: a form that posts.
  router.post(
    `${operatorPath}/find`,
    sameOriginOnly(config.http.publicUrl),
    urlencoded({ extended: false, limit: limits.apiBodyBytes }),
    async (request, response) => {
      if (!(await operator.signedIn(request))) {
        response.redirect(303, operatorPath);
        return;
      }
      const given = findSchema.safeParse(request.body);
      const page = given.success
        ? await home({ found: await findForOperator({ store, ui }, given.data.words) })
        : await home({ error: `Write up to ${String(findLength)} characters of what you look for.` });
      sendPage(response, page, given.success ? 200 : 400);
    },
  );
  router.post(
    `${operatorPath}/signin`,
    // First of all: another website's posts must not use up the guesses of whoever visits it.
    sameOriginOnly(config.http.publicUrl),
    urlencoded({ extended: false, limit: limits.apiBodyBytes }),
    async (request, response) => {
      const { ip: address = '' } = request;
      const waitMs = await guesses.begin(address);
      if (waitMs !== undefined) {
        log.warn({ address }, 'an operator sign-in was refused: too many wrong passwords');
        const minutes = Math.ceil(waitMs / 60_000);
        const wait = minutes === 1 ? 'a minute' : `${minutes} minutes`;
        response.set('Retry-After', String(Math.ceil(waitMs / 1_000)));
        sendPage(response, form(`There were too many wrong passwords. Wait ${wait}, then try again.`), 429);
        return;
      }
      const given = formSchema.safeParse(request.body);
      if (password === undefined || !given.success || !sameSecret(given.data.password, password)) {
        log.warn({ address }, 'an operator sign-in with a wrong password was refused');
        sendPage(response, form('This is not the operator password.'), 401);
        return;
      }
      await guesses.right(address);
      await operator.begin(response);
      log.info({ address }, 'an operator has signed in');
      // Not on to Temporal UI at once: the page's policy lets no form lead to another address.
      response.redirect(303, operatorPath);
    },
  );
  router.post(`${operatorPath}/signout`, sameOriginOnly(config.http.publicUrl), async (request, response) => {
    await operator.end(request, response);
    response.redirect(303, operatorPath);
  });
  return router;
}

/** Compares in a time that says nothing about where two secrets differ, nor about their lengths. */
function sameSecret(a: string, b: string): boolean {
  const key = randomBytes(32);
  const digest = (text: string) => createHmac('sha256', key).update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
