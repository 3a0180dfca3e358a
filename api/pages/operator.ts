import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Router, urlencoded, type Request } from 'express';
import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { signedToken } from '../auth/signed-token.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { hostCookie } from '../http/cookies.ts';
import { HttpProblem } from '../http/problem.ts';
import { limitRequests, requestLimits } from '../http/rate-limits.ts';
import { sameOriginOnly } from '../http/security.ts';
import { sendPage } from './routes.ts';

const lifetimeSeconds = 12 * 60 * 60;
const operatorPath = '/operator';
const formSchema = z.object({ password: z.string().max(1_000) });

/** Sign-in of the operators, by a password from the configuration: it lets Temporal UI decrypt payloads in their browser. */
export function operatorSignIn({ config, clock }: Pick<ApiDependencies, 'config' | 'clock'>) {
  const cookie = hostCookie('operator', config.http.publicUrl);
  const token = signedToken({ sessionSecret: config.sessionSecret, purpose: 'operator', lifetimeSeconds, clock });
  return {
    cookie,
    sign: () => token.sign({ sub: 'operator' }),
    /** Whether an operator is signed in by this request's cookie. */
    async signedIn(request: Request): Promise<boolean> {
      const value = cookie.read(request);
      return value !== undefined && config.operator.password !== undefined && (await token.read(value)) !== null;
    },
  };
}
export type OperatorSignIn = ReturnType<typeof operatorSignIn>;

/** The operators' sign-in page and its forms. */
export function operatorRoutes({ config, renderPage, log }: ApiDependencies, operator: OperatorSignIn): Router {
  const { password } = config.operator;
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
    const page = renderPage({
      name: 'error',
      status: 200,
      title: 'You are signed in as an operator',
      message: 'Temporal UI shows decrypted payloads in this browser for the next 12 hours.',
      next: { label: 'Open Temporal UI', href: config.temporal.uiUrl },
    });
    sendPage(response, page);
  });
  router.post(
    `${operatorPath}/signin`,
    limitRequests(requestLimits.operatorSignIn),
    sameOriginOnly(config.http.publicUrl),
    urlencoded({ extended: false, limit: limits.apiBodyBytes }),
    async (request, response) => {
      const given = formSchema.safeParse(request.body);
      if (password === undefined || !given.success || !sameSecret(given.data.password, password)) {
        log.warn('an operator sign-in with a wrong password was refused');
        sendPage(response, form('This is not the operator password.'), 401);
        return;
      }
      operator.cookie.write(response, await operator.sign(), lifetimeSeconds);
      // Not on to Temporal UI at once: the page's policy lets no form lead to another address.
      response.redirect(303, operatorPath);
    },
  );
  router.post(`${operatorPath}/signout`, sameOriginOnly(config.http.publicUrl), (_request, response) => {
    operator.cookie.clear(response);
    response.redirect(303, operatorPath);
  });
  return router;
}

/** Compares in a time that tells nothing about where two secrets differ, nor about their lengths. */
function sameSecret(a: string, b: string): boolean {
  const key = randomBytes(32);
  const digest = (text: string) => createHmac('sha256', key).update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
