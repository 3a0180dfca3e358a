import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createChatActivities } from '../activities/chat.ts';
import { rememberPeople } from '../activities/people.ts';
import { createRelayActivities } from '../activities/relay.ts';
import { createRenewTokens } from '../activities/renew-tokens.ts';
import { createUserZoom } from '../activities/user-zoom.ts';
import { zoomGate } from '../activities/zoom-turns.ts';
import { encryptedDataConverter } from '../codec/data-converter.ts';
import type { Config } from '../config/env.ts';
import type { Logger } from '../config/logger.ts';
import { connectMongo, createStore, mongoAnswers } from '../store/index.ts';
import { noTelemetry, type Telemetry } from '../telemetry/index.ts';
import { relayedToZoom } from '../telemetry/recordings.ts';
import { observeZoomCalls } from '../telemetry/zoom-calls.ts';
import { loadWebAssets, renderPage } from '../web/server.tsx';
import { createZoomClient, ZOOM_ERROR_KINDS } from '../zoom/index.ts';
import { createApp } from './app.ts';
import { measuredGateway } from './measured-gateway.ts';
import { watchSystem } from './system-watch.ts';
import { createTemporalGateway } from './temporal-gateway.ts';
import { VisitorConnections } from './visitor/connections.ts';
import { directLine, isDirectDelivery, ownUrl } from './visitor/direct-line.ts';
import { createDeliveryWorker, deliveryActivities } from './visitor/delivery.ts';
import { farewells } from './visitor/farewells.ts';
import { createVisitorServer, type VisitorServerOptions } from './visitor/server.ts';

export interface ApiOptions {
  config: Config;
  log: Logger;
  /** Default: metrics and traces go nowhere. */
  telemetry?: Telemetry;
  /** Folder of the built browser files. Default: `dist/web` of the project. */
  webDir?: string;
  visitorServer?: Partial<VisitorServerOptions>;
}

/** A running api. */
export interface Api {
  /** The port it listens on: the configured one, or the one it was given for port 0. */
  port: number;
  instanceId: string;
  /** Rejects when the delivery worker fails: the process should end then. Resolves after `stop`. */
  failed: Promise<void>;
  /** Take no more, close the visitors' sockets with 1001, finish what is under way. */
  stop: () => Promise<void>;
}

/** How long HTTP requests under way get at a stop, ms. */
const requestsGraceMs = 3_000;

/**
 * Connect to Temporal and MongoDB, and serve.
 * @throws when one of them, or the port, is not to be had.
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { config, log, telemetry = noTelemetry(), webDir = builtWebDir(), visitorServer } = options;
  const { metrics, served, interceptors } = telemetry;
  // First, since a missing build is the commonest fault at a first start.
  const assets = loadWebAssets(webDir);
  const clock = Date.now;
  const instanceId = randomUUID();
  const development = config.environment !== 'production';
  const dataConverter = encryptedDataConverter(config.payloadKeys);
  const { address, namespace } = config.temporal;

  const mongo = await connectMongo(config.mongodbUri);
  const store = await createStore(mongo, config.tokenKeys);
  // The worker's kind of connection for everything: its calls are made outside of the thread that serves the sockets.
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace, dataConverter, interceptors: { workflow: interceptors.client } });
  const temporal = measuredGateway(createTemporalGateway(client), metrics);
  const zoom = createZoomClient({
    ...config.zoom,
    gate: zoomGate(store, config.zoom),
    onCall: observeZoomCalls(metrics, ZOOM_ERROR_KINDS),
  });
  const people = rememberPeople(store.members);
  const userZoom = createUserZoom({ store, zoom, renew: createRenewTokens({ client, store }), people, clock });

  const connections = new VisitorConnections({ farewell: farewells(temporal, log) });
  const worker = await createDeliveryWorker({
    connection,
    namespace,
    dataConverter,
    interceptors: interceptors.activity,
    instanceId,
    activities: {
      ...deliveryActivities({ store }, connections),
      ...createRelayActivities(
        createChatActivities({ store, zoom, userZoom, people, relayed: relayedToZoom(metrics) }),
        connections,
      ),
    },
  });
  const direct = directLine({ keys: config.payloadKeys, instanceId, connections, log });
  const app = createApp({
    config,
    store,
    temporal,
    zoom,
    userZoom,
    renderPage: (page) => renderPage(page, assets),
    webDir,
    mongoAnswers: () => mongoAnswers(mongo),
    clock,
    log,
    metrics,
  });
  const server = createServer((request, response) => {
    if (isDirectDelivery(request)) direct(request, response);
    else app(request, response);
  });
  const watched = { client, temporal, mongoAnswers: () => mongoAnswers(mongo), metrics, clock };
  const unwatch = served ? watchSystem(watched) : () => undefined;
  const delivering = worker.run();
  try {
    server.listen(config.http.port, config.http.host);
    await once(server, 'listening');
  } catch (error) {
    unwatch();
    worker.shutdown();
    await delivering.catch(() => undefined);
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const visitors = createVisitorServer({
    config,
    store,
    temporal,
    clock,
    log,
    instanceId,
    instanceUrl: config.http.deliveryUrl ?? ownUrl(development ? '127.0.0.1' : config.http.host, port),
    connections,
    metrics,
    ...(visitorServer ? { options: visitorServer } : {}),
  });
  server.on('upgrade', visitors.upgrade);
  log.info({ port, instanceId, publicUrl: config.http.publicUrl }, 'the api is listening');

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    unwatch();
    const closed = closeServer(server);
    // Sockets first: their widgets go to another instance while this one finishes.
    await visitors.close();
    await closed;
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await delivering.catch(() => undefined);
    await Promise.allSettled([connection.close(), mongo.close()]);
  };
  return { port, instanceId, failed: delivering, stop: () => (stopping ??= stop()) };
}

/** Resolves when no request is under way any more, or their time is up. */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), requestsGraceMs);
  await closed;
  clearTimeout(timer);
}

/** Beside this file's folder once it is compiled; from the sources, in `dist`. */
function builtWebDir(): string {
  const compiled = import.meta.url.endsWith('.js');
  return fileURLToPath(new URL(compiled ? '../web/' : '../dist/web/', import.meta.url));
}
