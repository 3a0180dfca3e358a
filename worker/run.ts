import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Worker, type LogLevel, type WorkerOptions } from '@temporalio/worker';
import { createChatActivities } from '../activities/chat.ts';
import { heartbeating } from '../activities/heartbeat.ts';
import { createInstallActivities } from '../activities/install.ts';
import { createGrantActivities } from '../activities/grant.ts';
import { rememberPeople } from '../activities/people.ts';
import { createOperatorActivities } from '../activities/operator.ts';
import { createRenewTokens } from '../activities/renew-tokens.ts';
import { createShortWayActivities } from '../activities/short-way.ts';
import { createUserZoom } from '../activities/user-zoom.ts';
import { zoomGate } from '../activities/zoom-turns.ts';
import { encryptedDataConverter } from '../codec/data-converter.ts';
import type { Config } from '../config/env.ts';
import type { Logger } from '../config/logger.ts';
import { logTemporal } from '../config/temporal-log.ts';
import { taskQueues } from '../domain/workflow-ids.ts';
import { connectMongo, createStore } from '../store/index.ts';
import { startTelemetry } from '../telemetry/index.ts';
import { measuredRefresh, relayedToZoom } from '../telemetry/recordings.ts';
import { tracingSinks } from '../telemetry/temporal.ts';
import { observeZoomCalls } from '../telemetry/zoom-calls.ts';
import { createZoomClient, ZOOM_ERROR_KINDS } from '../zoom/index.ts';
import { createDirectLine } from './direct-line.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { TaskSlots } from './task-slots.ts';

/** Time that activities get to finish when the worker is asked to stop; after the force time it stops regardless. */
const shutdown = { shutdownGraceTime: '5 seconds', shutdownForceTime: '10 seconds' } as const;

/**
 * How much a worker does at once. Relaying waits for Zoom within workflow tasks (the short way), so there may be many of them, and
 * as many local activities: each that waits costs some memory and nothing else.
 */
const room = () =>
  ({
    tuner: {
      workflowTaskSlotSupplier: new TaskSlots(8),
      activityTaskSlotSupplier: { type: 'fixed-size', numSlots: 100 },
      localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 1_000 },
      nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
    },
    // Open chats that stay in memory: one that does not is led through its whole history again at its next message. The default
    // goes by the size of the heap, for larger workflows than ours, and is below 500 on a machine of 2 GB, which would also be the limit
    // on tasks. See `many` in docs/performance.md for what they take.
    maxCachedWorkflows: 2_000,
  }) satisfies Pick<WorkerOptions, 'tuner' | 'maxCachedWorkflows'>;

/**
 * Run the worker until it is asked to stop (SIGTERM, SIGINT). Two queues: workflows and their activities, and token
 * refreshes apart, since activities of the first wait for the second.
 * @throws when Temporal or MongoDB cannot be reached at start, or a worker fails.
 */
export async function runWorker(config: Config, log: Logger): Promise<void> {
  const telemetry = startTelemetry(config, 'live-chat-worker', {
    logger: temporalLogger(log),
    shutdownSignals: ['SIGTERM', 'SIGINT'],
  });
  const { metrics, interceptors } = telemetry;
  const dataConverter = encryptedDataConverter(config.payloadKeys);
  const connection = await NativeConnection.connect({ address: config.temporal.address });
  const mongo = await connectMongo(config.mongodbUri);
  try {
    const store = await createStore(mongo, config.tokenKeys);
    const { namespace } = config.temporal;
    const client = new Client({
      connection,
      namespace,
      dataConverter,
      interceptors: { workflow: interceptors.client },
    });
    await registerSearchAttributes(client);

    const gate = zoomGate(store, config.zoom);
    const zoom = createZoomClient({
      ...config.zoom,
      gate,
      onCall: observeZoomCalls(metrics, ZOOM_ERROR_KINDS),
    });
    const people = rememberPeople(store.members);
    const renew = createRenewTokens({ client, store });
    const userZoom = createUserZoom({ store, zoom, renew, people, clock: Date.now });
    const { publicUrl } = config.http;
    const common: Pick<
      WorkerOptions,
      'connection' | 'namespace' | 'dataConverter' | 'shutdownGraceTime' | 'shutdownForceTime' | 'interceptors'
    > = {
      connection,
      namespace,
      dataConverter,
      interceptors: { activity: [heartbeating, ...interceptors.activity].map((inbound) => () => ({ inbound })) },
      ...shutdown,
    };

    const relayed = relayedToZoom(metrics);
    const directLine = createDirectLine({ keys: config.payloadKeys, clock: Date.now });
    const grantActivities = createGrantActivities({ store, zoom, publicUrl });
    const main = await Worker.create({
      ...common,
      taskQueue: taskQueues.main,
      // How long a chat waits for the worker that knew it before any other takes it up.
      stickyQueueScheduleToStartTimeout: '2 seconds',
      ...room(),
      ...workflowCode(config.workflowBundle, common.interceptors),
      sinks: tracingSinks,
      activities: {
        ...createChatActivities({ store, zoom, userZoom, people, relayed }),
        ...createShortWayActivities({ store, zoom, userZoom, people, gate, directLine, relayed }),
        ...createOperatorActivities({ userZoom }),
        ...createInstallActivities({ store, zoom, userZoom, product: config.product, publicUrl }),
        ...grantActivities,
      },
    });
    const tokens = await Worker.create({
      ...common,
      taskQueue: taskQueues.tokens,
      activities: {
        renewTokens: measuredRefresh(metrics, grantActivities.renewTokens.bind(grantActivities)),
      },
    });
    log.info({ namespace, taskQueues: [taskQueues.main, taskQueues.tokens] }, 'The worker is ready.');
    const runs = [main, tokens].map((worker) => worker.run());
    try {
      await Promise.all(runs);
    } finally {
      // If one failed, the other is asked to stop before the connection goes.
      for (const worker of [main, tokens]) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled(runs);
      directLine.close();
    }
    log.info('The worker has stopped.');
  } finally {
    await mongo.close();
    await connection.close();
    await telemetry.stop();
  }
}

/** In production the workflow code was bundled at build time; in development Temporal bundles it at start. */
function workflowCode(
  prebuilt: string | undefined,
  interceptors: WorkerOptions['interceptors'],
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'> {
  if (prebuilt !== undefined) return { workflowBundle: { codePath: prebuilt } };
  const compiled = import.meta.url.endsWith('.js');
  if (compiled)
    return { workflowBundle: { codePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)) } };
  const source = (file: string) => fileURLToPath(new URL(`../workflows/${file}`, import.meta.url));
  // The built bundle has them in it.
  const workflowModules = [source('tracing.ts')];
  return { workflowsPath: source('index.ts'), interceptors: { ...interceptors, workflowModules } };
}

/** Temporal's own log lines, through ours. */
function temporalLogger(log: Logger): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => {
    logTemporal(log, pinoLevel[level], message, meta ?? {});
  });
}
const pinoLevel: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};
