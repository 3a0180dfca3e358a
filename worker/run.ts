import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type LogLevel,
  type WorkerOptions,
} from '@temporalio/worker';
import { createChatActivities } from '../activities/chat.ts';
import { heartbeating } from '../activities/heartbeat.ts';
import { createInstallActivities } from '../activities/install.ts';
import { createInstallationActivities, type InstallationActivities } from '../activities/installation.ts';
import { createOperatorActivities } from '../activities/operator.ts';
import { createRenewTokens } from '../activities/renew-tokens.ts';
import { createUserZoom } from '../activities/user-zoom.ts';
import { encryptedDataConverter } from '../codec/data-converter.ts';
import type { Config } from '../config/env.ts';
import type { Logger } from '../config/logger.ts';
import { logTemporal } from '../config/temporal-log.ts';
import { taskQueues } from '../domain/workflow-ids.ts';
import { connectMongo, createStore } from '../store/index.ts';
import { createZoomClient } from '../zoom/index.ts';
import { registerSearchAttributes } from './search-attributes.ts';

/** Time that activities get to finish when the worker is asked to stop; after the force time it stops regardless. */
const shutdown = { shutdownGraceTime: '5 seconds', shutdownForceTime: '10 seconds' } as const;

/**
 * Run the worker until it is asked to stop (SIGTERM, SIGINT). Two queues: workflows and their activities, and token
 * refreshes apart, since activities of the first wait for the second.
 * @throws when Temporal or MongoDB cannot be reached at start, or a worker fails.
 */
export async function runWorker(config: Config, log: Logger): Promise<void> {
  Runtime.install({ logger: temporalLogger(log), shutdownSignals: ['SIGTERM', 'SIGINT'] });
  const dataConverter = encryptedDataConverter(config.payloadKeys);
  const connection = await NativeConnection.connect({ address: config.temporal.address });
  const mongo = await connectMongo(config.mongodbUri);
  try {
    const store = await createStore(mongo, config.tokenKeys);
    const { namespace } = config.temporal;
    const client = new Client({ connection, namespace, dataConverter });
    await registerSearchAttributes(client);

    const zoom = createZoomClient(config.zoom);
    const renew = createRenewTokens({ client, store });
    const userZoom = createUserZoom({ store, zoom, renew, clock: Date.now });
    const { publicUrl } = config.http;
    const common: Pick<
      WorkerOptions,
      'connection' | 'namespace' | 'dataConverter' | 'shutdownGraceTime' | 'shutdownForceTime' | 'interceptors'
    > = {
      connection,
      namespace,
      dataConverter,
      interceptors: { activity: [() => ({ inbound: heartbeating })] },
      ...shutdown,
    };

    const grantActivities = createInstallationActivities({ store, zoom, publicUrl });
    const main = await Worker.create({
      ...common,
      taskQueue: taskQueues.main,
      // How long a chat waits for the worker that knew it before any other takes it up.
      stickyQueueScheduleToStartTimeout: '2 seconds',
      ...workflowCode(config.workflowBundle),
      activities: {
        ...createChatActivities({ store, zoom, userZoom }),
        ...createOperatorActivities({ userZoom }),
        ...createInstallActivities({ store, zoom, userZoom, product: config.product, publicUrl }),
        ...grantActivities,
      },
    });
    const tokens = await Worker.create({
      ...common,
      taskQueue: taskQueues.tokens,
      activities: {
        renewTokens: (input: Parameters<InstallationActivities['renewTokens']>[0]) =>
          grantActivities.renewTokens(input),
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
    }
    log.info('The worker has stopped.');
  } finally {
    await mongo.close();
    await connection.close();
  }
}

/** In production the workflow code was bundled at build time; in development Temporal bundles it at start. */
function workflowCode(prebuilt: string | undefined): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  if (prebuilt !== undefined) return { workflowBundle: { codePath: prebuilt } };
  const compiled = import.meta.url.endsWith('.js');
  if (compiled)
    return { workflowBundle: { codePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)) } };
  return { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };
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
