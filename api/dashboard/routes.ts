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
import type { ConnectionCheckData } from '../../domain/connection-check.ts';
import { limits } from '../../domain/limits.ts';
import type { Member } from '../../store/index.ts';
import type { Sessions } from '../auth/session.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { notForOtherSites, sameOriginOnly } from '../http/security.ts';
import { limitRequests, requestLimits } from '../rate-limits.ts';
import { channelChoices, chooseChannel } from './channels.ts';
import {
  checkChoiceSchema,
  chooseInConnectionCheck,
  connectionCheck,
  startConnectionCheck,
} from './connection-check.ts';
import { dashboardData } from './dashboard-data.ts';
import { finishInstall, installProgress, retryInstall } from './install.ts';

/** The JSON API of the pages: same origin, session cookie, problems as `application/problem+json`. */
export function dashboardRoutes(dependencies: ApiDependencies, sessions: Sessions): Router {
  /** A route for a signed-in member that answers with what `work` gives. */
  const forMember =
    <Answer>(work: (member: Member, body: unknown) => Promise<Answer> | Answer): RequestHandler =>
    async (request, response: Response) => {
      const member = await sessions.required(request);
      response.json(await work(member, request.body));
    };

  const router = Router();
  router.use(
    '/api',
    notForOtherSites,
    sameOriginOnly(dependencies.config.http.publicUrl),
    limitRequests(requestLimits.api),
    (_request, response, next) => {
      response.set('Cache-Control', 'no-store');
      next();
    },
  );
  router.get(
    '/api/session',
    forMember<SessionData>(({ name, email }) => ({ user: { name, email } })),
  );
  router.get(
    '/api/install',
    forMember<InstallProgress>((member) => installProgress(dependencies, member)),
  );
  router.post(
    '/api/install/done',
    forMember<InstallProgress>((member) => finishInstall(dependencies, member)),
  );
  router.post(
    '/api/install/retry',
    forMember<InstallProgress>((member) => retryInstall(dependencies, member)),
  );
  router.get(
    '/api/dashboard',
    forMember<DashboardData>((member) => dashboardData(dependencies, member)),
  );
  router.get(
    '/api/channels',
    forMember<ChannelChoices>((member) => channelChoices(dependencies, member)),
  );
  router.put(
    '/api/settings',
    json({ limit: limits.apiBodyBytes }),
    forMember<SettingsSaved>((member, body) => chooseChannel(dependencies, member, parse(settingsInputSchema, body))),
  );
  router.get(
    '/api/connection-check',
    forMember<ConnectionCheckData>((member) => connectionCheck(dependencies, member)),
  );
  router.post(
    '/api/connection-check',
    forMember<ConnectionCheckData>((member) => startConnectionCheck(dependencies, member)),
  );
  router.post(
    '/api/connection-check/choice',
    json({ limit: limits.apiBodyBytes }),
    forMember<ConnectionCheckData>((member, body) =>
      chooseInConnectionCheck(dependencies, member, parse(checkChoiceSchema, body)),
    ),
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
