import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createRenewTokens } from '../activities/renew-tokens.ts';
import { createUserZoom } from '../activities/user-zoom.ts';
import { encryptedDataConverter } from '../codec/data-converter.ts';
import type { ApiConfig } from '../config/env.ts';
import type { Logger } from '../config/logger.ts';
import { connectMongo, createStore, instanceTouchedEveryMs, mongoAnswers, type Store } from '../store/index.ts';
import { noTelemetry, type Telemetry } from '../telemetry/index.ts';
import { observeZoomCalls } from '../telemetry/zoom-calls.ts';
import { loadWebAssets, renderPage } from '../web/server.tsx';
import { createZoomClient, ZOOM_ERROR_KINDS } from '../zoom/index.ts';
import { createApp, createDevelopmentUi } from './app.ts';
import { limitConnections, requestTimes } from './http/slow-clients.ts';
import { watchSystem } from './system-watch.ts';
import { createTemporalClients } from './temporal/clients.ts';
import { createTryAgain } from './try-again.ts';
import { VisitorConnections } from './visitor/connections.ts';
import { disconnectSignals } from './visitor/disconnects.ts';
import { ownUrl, pushEndpoint } from './visitor/push-endpoint.ts';
import { createVisitorServer, visitorServerDefaults, type VisitorServerOptions } from './visitor/server.ts';

export interface ApiOptions {
  config: ApiConfig;
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
  /** Take no more, close the visitors' sockets with 1001, finish what is under way. */
  stop: () => Promise<void>;
}

/** How long HTTP requests under way get at a stop, ms. */
const requestsGraceMs = 3_000;
/** Connections beside the visitors' sockets: pages, Zoom's webhooks, pushes of workers; and those of one network. */
const otherConnections = 1_000;
const otherConnectionsPerNetwork = 200;

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

  const mongo = await connectMongo(config.mongodbUri);
  const store = await createStore(mongo, config.tokenKeys);
  // The worker's kind of connection: its calls are made outside of the thread that serves the sockets.
  const connection = await NativeConnection.connect(config.temporal.connection);
  const client = new Client({
    connection,
    namespace: config.temporal.namespace,
    dataConverter: encryptedDataConverter(config.payloadKeys),
    interceptors: { workflow: interceptors.client },
  });
  const temporal = createTemporalClients(client, metrics);
  const zoom = createZoomClient({ ...config.zoom, onCall: observeZoomCalls(metrics, ZOOM_ERROR_KINDS) });
  const dependencies = {
    config,
    store,
    temporal,
    zoom,
    userZoom: createUserZoom({ store, zoom, renew: createRenewTokens({ client, store }), clock }),
    tryAgain: createTryAgain({ store, temporal, log }),
    renderPage: (page: Parameters<typeof renderPage>[0]) => renderPage(page, assets),
    webDir,
    mongoAnswers: () => mongoAnswers(mongo),
    clock,
    log,
    metrics,
  };

  const connections = new VisitorConnections({ signalDisconnected: disconnectSignals(temporal.chats, log) });
  const pushes = pushEndpoint({ keys: config.payloadKeys, instanceId, connections, log });
  const server = createServer(requestTimes, createApp(dependencies, pushes));
  const { maxTotal, maxPerNetwork } = { ...visitorServerDefaults, ...visitorServer };
  limitConnections(server, {
    inAll: maxTotal + otherConnections,
    ...(config.http.trustProxy === 0 ? { perNetwork: maxPerNetwork + otherConnectionsPerNetwork } : {}),
  });
  server.listen(config.http.port, config.http.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ownHost = config.environment === 'production' ? config.http.host : '127.0.0.1';
  const instanceUrl = config.http.deliveryUrl ?? ownUrl(ownHost, port);
  const visitors = createVisitorServer({
    ...dependencies,
    instanceId,
    instanceUrl,
    connections,
    ...(visitorServer ? { options: visitorServer } : {}),
  });
  server.on('upgrade', visitors.upgrade);
  const { uiPort } = config.temporal;
  const developmentUi = uiPort === undefined ? undefined : createServer(createDevelopmentUi(dependencies, uiPort));
  if (developmentUi) await once(developmentUi.listen(uiPort, '127.0.0.1'), 'listening');
  const unregister = await register(store.instances, { _id: instanceId, url: instanceUrl }, log);
  const unwatch = served ? watchSystem(dependencies) : () => undefined;
  log.info({ port, instanceId, instanceUrl, publicUrl: config.http.publicUrl }, 'the api is listening');

  const stop = async () => {
    unwatch();
    const closed = Promise.all([closeServer(server), developmentUi && closeServer(developmentUi)]);
    // Sockets first: their widgets go to another instance while this one finishes.
    await visitors.close();
    await closed;
    await unregister();
    await Promise.allSettled([connection.close(), mongo.close()]);
  };
  let stopping: Promise<void> | undefined;
  return { port, instanceId, stop: () => (stopping ??= stop()) };
}

/**
 * Enter this instance where workers look for the instances that they have to reach, and say now and then that it is
 * there.
 * @returns ends it; never rejects.
 */
async function register(
  instances: Store['instances'],
  instance: { _id: string; url: string },
  log: Logger,
): Promise<() => Promise<void>> {
  const failed = (error: unknown) => log.warn({ err: error }, 'this instance could not be registered');
  await instances.register({ ...instance, startedAt: new Date() });
  const timer = setInterval(() => void instances.touch(instance._id).catch(failed), instanceTouchedEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await instances.remove(instance._id).catch(failed);
  };
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
