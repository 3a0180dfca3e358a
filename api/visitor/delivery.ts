import { Worker, type ActivityInboundCallsInterceptor, type NativeConnection } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import { heartbeating } from '../../activities/heartbeat.ts';
import type { RelayActivities } from '../../activities/relay.ts';
import type { DeliveryActivities } from '../../domain/delivery.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { VisitorConnections } from './connections.ts';

/** What chat workflows run on this very instance: it holds the visitor's socket. */
export function deliveryActivities(
  { store }: { store: { transcript: Pick<ApiDependencies['store']['transcript'], 'append'> } },
  connections: VisitorConnections,
): DeliveryActivities {
  return {
    async deliverToVisitor(delivery) {
      // Recorded first: what a visitor has seen must still be there when he comes back.
      await store.transcript.append(delivery.chatId, delivery.entries);
      return { sockets: connections.deliver(delivery) };
    },
  };
}

export interface DeliveryWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  dataConverter: DataConverter;
  /** Around every activity. */
  interceptors?: ActivityInboundCallsInterceptor[];
  /** This start of this process, and no other: a queue name reaches a workflow only while its visitor is connected here. */
  instanceId: string;
  activities: DeliveryActivities & RelayActivities;
}

/** The worker of this instance's own task queue: what goes to and from its visitors, no workflows. */
export async function createDeliveryWorker(options: DeliveryWorkerOptions): Promise<Worker> {
  const { connection, namespace, dataConverter, instanceId, activities, interceptors = [] } = options;
  return Worker.create({
    connection,
    namespace,
    dataConverter,
    taskQueue: taskQueues.visitorDelivery({ instanceId }),
    activities: { ...activities },
    interceptors: { activity: [heartbeating, ...interceptors].map((inbound) => () => ({ inbound })) },
    shutdownGraceTime: '2 seconds',
    shutdownForceTime: '5 seconds',
  });
}
