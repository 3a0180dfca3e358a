import { Router } from 'express';
import type { ApiDependencies } from './dependencies.ts';
import { HttpProblem } from './http/problem.ts';

/** Answers are kept this long, ms, so that probes cost little however often they come. */
const keepMs = 1_000;
/**
 * How long ago the last poll of a worker may be, ms. An idle worker's poll waits on the server for up to a minute, and
 * counts from its beginning.
 */
const pollerFreshMs = 75_000;

/** `/healthz`: this process is alive. `/readyz`: Temporal, MongoDB and a worker are there too. */
export function healthRoutes(dependencies: Pick<ApiDependencies, 'temporal' | 'mongoAnswers' | 'clock'>): Router {
  const { clock } = dependencies;
  let last: { at: number; missing: Promise<string[]> } | undefined;

  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    if (!last || clock() - last.at >= keepMs) last = { at: clock(), missing: whatIsMissing(dependencies) };
    const missing = await last.missing;
    if (missing.length > 0) {
      throw new HttpProblem('unavailable', `Not ready: ${missing.join('; ')}.`, { retryAfterSeconds: 1 });
    }
    response.set('Cache-Control', 'no-store').json({ status: 'ready' });
  });
  return router;
}

/** What the api needs, and whether it is there: `worker` is unknown while Temporal is away. */
export async function whatIsThere({
  temporal,
  mongoAnswers,
  clock,
}: Pick<ApiDependencies, 'temporal' | 'mongoAnswers' | 'clock'>): Promise<{
  temporal: boolean;
  worker: boolean | undefined;
  mongodb: boolean;
}> {
  const [worker, mongodb] = await Promise.all([
    temporal.system.workerActivity().catch(() => null),
    mongoAnswers().catch(() => false),
  ]);
  const polls = (at: number | undefined) => at !== undefined && clock() - at < pollerFreshMs;
  return {
    temporal: worker !== null,
    worker: worker ? polls(worker.workflowTasksAt) && polls(worker.activityTasksAt) : undefined,
    mongodb,
  };
}

async function whatIsMissing(dependencies: Parameters<typeof whatIsThere>[0]): Promise<string[]> {
  const { temporal, worker, mongodb } = await whatIsThere(dependencies);
  const missing: string[] = [];
  if (!temporal) missing.push('Temporal does not answer');
  else if (!worker) missing.push('no worker is running');
  if (!mongodb) missing.push('MongoDB does not answer');
  return missing;
}
