import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Worker, type LogLevel, type WorkerOptions } from '@temporalio/worker';
import { ActingUsers } from '../activities/acting-user.ts';
import { createCardSlotActivities } from '../activities/card-slot.ts';
import { createChatActivities } from '../activities/chat.ts';
import { createChatZoomActivities } from '../activities/chat-zoom.ts';
import { createConnectionCheckActivities } from '../activities/connection-check.ts';
import { createGrantActivities } from '../activities/grant.ts';
import { heartbeating } from '../activities/heartbeat.ts';
import { createInstallActivities } from '../activities/install.ts';
import { createMailActivities } from '../activities/mail.ts';
import { cacheMembers } from '../activities/members.ts';
import { createMemberCheckActivities } from '../activities/member-check.ts';
import { createRenewTokens } from '../activities/renew-tokens.ts';
import { createRetentionActivities } from '../activities/retention.ts';
import { createRouteChangeActivities } from '../activities/route-change.ts';
import { createUserZoom } from '../activities/user-zoom.ts';
import { encryptedDataConverter, workerDataConverter } from '../codec/data-converter.ts';
import type { WorkerConfig } from '../config/env.ts';
import type { Logger } from '../config/logger.ts';
import { logTemporal } from '../config/temporal-log.ts';
import { taskQueues } from '../domain/workflow-ids.ts';
import { createMailLinks } from '../mail/links.ts';
import { createMailTransport } from '../mail/transport.ts';
import { connectMongo, createStore } from '../store/index.ts';
import { startTelemetry } from '../telemetry/index.ts';
import { measuredRefresh, relayedToZoom } from '../telemetry/recordings.ts';
import { tracingSinks } from '../telemetry/temporal.ts';
import { observeZoomCalls } from '../telemetry/zoom-calls.ts';
import { createZoomClient, queueRatePerSecond, ZOOM_ERROR_KINDS } from '../zoom/index.ts';
import { checkInstances } from './check-instances.ts';
import { createPush } from './push.ts';
import { ensureRetentionSchedule } from './retention-schedule.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { tryAgain } from './try-again.ts';
import { configureZoomQueue } from './zoom-queue.ts';

/** Time that activities get to finish when the worker is asked to stop; after the force time it stops regardless. */
const shutdown = { shutdownGraceTime: '5 seconds', shutdownForceTime: '10 seconds' } as const;

/** What the worker of workflows does at once. */
const capacity = {
  // Work for the processor, most of all after a restart, when every chat is replayed first: with many at once, each
  // would take longer than a task may, and be begun again.
  maxConcurrentWorkflowTaskExecutions: 16,
  // They wait for MongoDB and the api, so there may be many.
  maxConcurrentActivityTaskExecutions: 200,
  // Open chats that stay in memory. The default goes by the size of the heap, for larger workflows than ours; see
  // `many` in docs/performance.md for what they take.
  maxCachedWorkflows: 2_000,
  // How long a chat waits for the worker that knew it before any other takes it up.
  stickyQueueScheduleToStartTimeout: '2 seconds',
} as const;

/** Calls to Zoom that one worker has under way: they wait for an answer, 10 s at most. */
const zoomCallsAtOnce = 200;

/** Mails under way at once: as many connections to the mail server. */
const mailsAtOnce = 5;

/**
 * Run the worker until it is asked to stop (SIGTERM, SIGINT). Its queues: workflows with the activities that are
 * dispatched eagerly; calls to Zoom, whose rate the server keeps; token refreshes, which calls to Zoom wait for; mails.
 * @throws when Temporal or MongoDB cannot be reached at start, or a worker fails.
 */
export async function runWorker(config: WorkerConfig, log: Logger): Promise<void> {
  const telemetry = startTelemetry(config, 'live-chat-worker', {
    logger: temporalLogger(log),
    shutdownSignals: ['SIGTERM', 'SIGINT'],
  });
  const { metrics, interceptors } = telemetry;
  const connection = await NativeConnection.connect(config.temporal.connection);
  const mongo = await connectMongo(config.mongodbUri);
  try {
    const store = await createStore(mongo, config.tokenKeys);
    const { namespace } = config.temporal;
    const client = new Client({
      connection,
      namespace,
      dataConverter: encryptedDataConverter(config.payloadKeys),
      interceptors: { workflow: interceptors.client },
    });
    await registerSearchAttributes(client);
    const { plan } = config.zoom;
    await configureZoomQueue(client, plan === 'off' ? undefined : queueRatePerSecond(plan), log);
    await ensureRetentionSchedule(client);
    await checkInstances(store, log);

    const zoom = createZoomClient({ ...config.zoom, onCall: observeZoomCalls(metrics, ZOOM_ERROR_KINDS) });
    const userZoom = createUserZoom({ store, zoom, renew: createRenewTokens({ client, store }), clock: Date.now });
    const push = createPush({ keys: config.payloadKeys });
    const members = cacheMembers(store.members);
    const { publicUrl } = config.http;
    const grants = createGrantActivities({ store, zoom, publicUrl, tryAgain: tryAgain(client) });
    const installs = createInstallActivities({ store, zoom, userZoom, product: config.product, publicUrl });
    const retention = createRetentionActivities({ store, client, clock: Date.now });
    const cardSlots = createCardSlotActivities({ store, client, isPaced: plan !== 'off' });
    const acting = new ActingUsers(members, userZoom);
    const memberChecks = createMemberCheckActivities({ store, acting });
    const connectionChecks = createConnectionCheckActivities({ store, zoom, userZoom, acting, publicUrl });
    const routeChanges = createRouteChangeActivities({ store, zoom, acting, publicUrl });
    const relayed = relayedToZoom(metrics);
    const { smtp, mailFrom } = config;
    const mails = createMailActivities({
      store,
      transport: smtp && mailFrom && createMailTransport({ smtp, from: mailFrom }),
      links: createMailLinks({ keys: config.payloadKeys, publicUrl, clock: Date.now }),
      clock: Date.now,
    });

    const common: WorkerOptions = {
      connection,
      namespace,
      dataConverter: workerDataConverter(config.payloadKeys),
      interceptors: { activity: [heartbeating, ...interceptors.activity].map((inbound) => () => ({ inbound })) },
      taskQueue: taskQueues.main,
      ...shutdown,
    };
    const workers = await Promise.all([
      Worker.create({
        ...common,
        ...capacity,
        workflowBundle: await workflowCode(config.workflowBundle),
        sinks: tracingSinks,
        activities: {
          ...createChatActivities({ store, push }),
          ...cardSlots,
          ...installs,
          ...grants,
          ...retention,
          ...connectionChecks,
        },
      }),
      Worker.create({
        ...common,
        taskQueue: taskQueues.zoom,
        maxConcurrentActivityTaskExecutions: zoomCallsAtOnce,
        activities: {
          ...createChatZoomActivities({ store, zoom, userZoom, members, push, relayed, publicUrl }),
          ...installs,
          ...grants,
          ...memberChecks,
          ...connectionChecks,
          ...routeChanges,
        },
      }),
      Worker.create({
        ...common,
        taskQueue: taskQueues.tokens,
        activities: { renewTokens: measuredRefresh(metrics, grants.renewTokens.bind(grants)) },
      }),
      Worker.create({
        ...common,
        taskQueue: taskQueues.mail,
        maxConcurrentActivityTaskExecutions: mailsAtOnce,
        activities: mails,
      }),
    ]);
    log.info({ namespace, taskQueues: Object.values(taskQueues) }, 'The worker is ready.');
    const runs = workers.map((worker) => worker.run());
    try {
      await Promise.all(runs);
    } finally {
      // If one failed, the others are asked to stop before the connection goes.
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled(runs);
    }
    log.info('The worker has stopped.');
  } finally {
    await mongo.close();
    await connection.close();
    await telemetry.stop();
  }
}

/** The bundle of the build, in production and under `npm start`; run from the sources it makes its own. */
async function workflowCode(prebuilt: string | undefined): Promise<Required<WorkerOptions>['workflowBundle']> {
  if (prebuilt !== undefined) return { codePath: prebuilt };
  const isCompiled = import.meta.url.endsWith('.js');
  if (isCompiled) return { codePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)) };
  const { bundleWorkflows } = await import('./workflow-bundle.ts');
  return bundleWorkflows();
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
