import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { taskQueues } from '../../domain/workflow-ids.ts';
import { callTemporal } from './call.ts';

/** When a worker last asked the main queue for work, ms since 1970, by kind of work; absent if none did. */
export interface WorkerActivity {
  workflowTasksAt?: number;
  activityTasksAt?: number;
}

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;

/** What the api asks Temporal about the whole system. */
export function createSystemClient(client: Client) {
  async function lastPollAt(taskQueueType: proto.temporal.api.enums.v1.TaskQueueType): Promise<number | undefined> {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueues.main },
      taskQueueType,
    });
    const times = pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  return {
    /** How many workflows a query finds, as far as Temporal's visibility knows by now; null when it does not answer. */
    async countWorkflows(query: string): Promise<number | null> {
      return callTemporal(client, () => client.workflow.count(query)).then(
        ({ count }) => count,
        () => null,
      );
    },

    /** When workers last asked for work on the main queue. @throws {TemporalUnavailableError} */
    async workerActivity(): Promise<WorkerActivity> {
      return callTemporal(client, async () => {
        const [workflowTasksAt, activityTasksAt] = await Promise.all([
          lastPollAt(TASK_QUEUE_TYPE_WORKFLOW),
          lastPollAt(TASK_QUEUE_TYPE_ACTIVITY),
        ]);
        return {
          ...(workflowTasksAt === undefined ? {} : { workflowTasksAt }),
          ...(activityTasksAt === undefined ? {} : { activityTasksAt }),
        };
      });
    },
  };
}
export type SystemClient = ReturnType<typeof createSystemClient>;
