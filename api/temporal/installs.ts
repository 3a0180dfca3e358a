import { WorkflowIdReusePolicy, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { InstallProgress } from '../../domain/dashboard.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  getInstallProgressQuery,
  installWorkflowType,
  onboardingDoneSignal,
  retryAskedSignal,
  type InstallInput,
} from '../../workflows/install/messages.ts';
import { callTemporal, signal, startOptions, type SignalOutcome } from './call.ts';
import type { GrantHolder } from './grants.ts';

type InstallWorkflow = (input: InstallInput) => Promise<void>;

/** The last run of an install: `none` when Temporal knows none (never started, or past its retention). */
export type InstallState = 'none' | 'running' | 'completed' | 'failed';

/** A query waits for a worker this long, ms. */
const queryTimeoutMs = 5_000;

/**
 * What the api asks of installs. Every function throws `TemporalUnavailableError` when Temporal did not take the call.
 */
export function createInstallsClient(client: Client) {
  const { workflow } = client;
  const install = (zoomUserId: string) => workflow.getHandle<InstallWorkflow>(workflowIds.install({ zoomUserId }));

  async function unlessUnknown<T, N>(call: Promise<T>, unknown: N): Promise<T | N> {
    return call.catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return unknown;
      throw error;
    });
  }

  return {
    /** Start the install; one that is running goes on, and one whose step has failed tries it again. */
    async start({ zoomUserId, accountId }: GrantHolder): Promise<void> {
      await callTemporal(client, () =>
        workflow.signalWithStart<InstallWorkflow>(installWorkflowType, {
          ...startOptions(accountId, 'running'),
          workflowId: workflowIds.install({ zoomUserId }),
          workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
          args: [{ zoomUserId, accountId }],
          signal: retryAskedSignal,
          signalArgs: [],
          staticSummary: `Install by Zoom user ${zoomUserId}`,
        }),
      );
    },

    /** How the last run of this user's install stands. Needs no worker. */
    async state(zoomUserId: string): Promise<InstallState> {
      const described = callTemporal(client, () => install(zoomUserId).describe());
      const run = await unlessUnknown(described, null);
      if (run === null) return 'none';
      if (run.status.name === 'RUNNING') return 'running';
      return run.status.name === 'COMPLETED' ? 'completed' : 'failed';
    },

    /** The steps of the last run, asked of the workflow itself; null when there is none. Needs a worker. */
    async progress(zoomUserId: string): Promise<InstallProgress | null> {
      const query = () => install(zoomUserId).query(getInstallProgressQuery);
      return unlessUnknown(callTemporal(client, query, queryTimeoutMs), null);
    },

    /** "I'm Done" was pressed. */
    done(zoomUserId: string): Promise<SignalOutcome> {
      return signal(client, () => install(zoomUserId).signal(onboardingDoneSignal));
    },
  };
}
export type InstallsClient = ReturnType<typeof createInstallsClient>;
