import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { taskQueues } from '../../domain/workflow-ids.ts';
import type { ProgramContext, Programs } from './stack-options.ts';
import { thisSystem } from './system.ts';

const callMs = 3_000;
const buildMs = 120_000;
const build = ['--import', 'tsx', 'tools/scripts/build-development.ts'];
/** The workflow code, as the build leaves it for every worker. */
export const developmentBundle = fileURLToPath(new URL('../../dist/.workflow-bundle.js', import.meta.url));

/** The product's programs and how each shows that it is ready. */
export const defaultPrograms: Programs = {
  build,
  sandbox: {
    args: ['--import', 'tsx', 'tools/sandbox/main.ts'],
    ready: ({ urls }) => answers200(`${urls.sandbox ?? ''}/healthz`),
  },
  worker: { args: ['--import', 'tsx', 'worker/main.ts'], ready: workerPolls },
  api: {
    args: ['--import', 'tsx', 'api/main.ts'],
    // 200 only when Temporal, MongoDB and a worker are there: the stack is ready then.
    ready: ({ urls }) => answers200(`${urls.app}/readyz`),
  },
};

/**
 * Runs a build of browser files and workflow code, `Programs.build`, to its end.
 *
 * @throws Error with the reason in one sentence
 */
export async function runBuild(args: readonly string[] = build, signal?: AbortSignal): Promise<void> {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const options = { cwd, timeoutMs: buildMs, ...(signal === undefined ? {} : { signal }) };
  const { ok, fault } = await thisSystem.run(process.execPath, args, options);
  if (!ok) throw new Error(`Web pages and workflow code could not be built: the build ${fault}.`);
}

/** Resolves when a GET of `url` answers 200; throws otherwise. */
export async function answers200(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(callMs) });
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
}

/**
 * Resolves when this very worker asks for work: Temporal lists pollers by identity, which by default is `<pid>@<host>`.
 * That there is some poller says nothing, since Temporal remembers those of a killed worker for minutes.
 */
async function workerPolls({ pid, temporal, temporalNamespace }: ProgramContext): Promise<void> {
  const connection = await Connection.connect({ ...temporal, connectTimeout: callMs });
  try {
    const { pollers } = await connection.withDeadline(Date.now() + callMs, () =>
      connection.workflowService.describeTaskQueue({
        namespace: temporalNamespace,
        taskQueue: { name: taskQueues.main },
        taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
      }),
    );
    const own = new RegExp(`(^|\\D)${pid}(\\D|$)`);
    if (!pollers.some(({ identity }) => own.test(identity ?? ''))) throw new Error('it does not poll Temporal yet');
  } finally {
    await connection.close();
  }
}
