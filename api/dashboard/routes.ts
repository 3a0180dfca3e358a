import { json, Router, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import {
  settingsInputSchema,
  type ChannelChoices,
  type DashboardData,
  type InstallProgress,
  type SessionData,
  type SettingsSaved,
} from '../../domain/dashboard.ts';
import { limits } from '../../domain/limits.ts';
import type { Person, Sessions } from '../auth/session.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { limitRequests, requestLimits } from '../http/rate-limits.ts';
import { sameOriginOnly } from '../http/security.ts';
import { channelChoices, chooseChannel } from './channels.ts';
import { dashboardData } from './dashboard-data.ts';
import { finishInstall, installProgress, retryInstall } from './install.ts';

/** The JSON API of the pages: same origin, session cookie, problems as `application/problem+json`. */
export function dashboardRoutes(dependencies: ApiDependencies, sessions: Sessions): Router {
  /** A route for a signed-in person that answers with what `work` gives. */
  const forPerson =
    <Answer>(work: (person: Person, body: unknown) => Promise<Answer> | Answer): RequestHandler =>
    async (request, response: Response) => {
      const person = await sessions.required(request);
      response.json(await work(person, request.body));
    };

  const router = Router();
  router.use(
    '/api',
    limitRequests(requestLimits.api),
    sameOriginOnly(dependencies.config.http.publicUrl),
    (_request, response, next) => {
      response.set('Cache-Control', 'no-store');
      next();
    },
  );
  router.get(
    '/api/session',
    forPerson<SessionData>(({ name, email }) => ({ user: { name, email } })),
  );
  router.get(
    '/api/install',
    forPerson<InstallProgress>((person) => installProgress(dependencies, person)),
  );
  router.post(
    '/api/install/done',
    forPerson<InstallProgress>((person) => finishInstall(dependencies, person)),
  );
  router.post(
    '/api/install/retry',
    forPerson<InstallProgress>((person) => retryInstall(dependencies, person)),
  );
  router.get(
    '/api/dashboard',
    forPerson<DashboardData>((person) => dashboardData(dependencies, person)),
  );
  router.get(
    '/api/channels',
    forPerson<ChannelChoices>((person) => channelChoices(dependencies, person)),
  );
  router.put(
    '/api/settings',
    json({ limit: limits.apiBodyBytes }),
    forPerson<SettingsSaved>((person, body) => chooseChannel(dependencies, person, parse(settingsInputSchema, body))),
  );
  return router;
}

/** @throws {HttpProblem} 422 naming each field that is wrong. */
function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new HttpProblem('invalid', errors[0]?.message ?? 'The input is not valid.', { errors });
}
