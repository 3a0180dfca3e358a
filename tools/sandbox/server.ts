import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { Router, type NextFunction, type Request, type Response } from 'express';
import { Clock } from './clock.ts';
import type { SandboxConfig } from './config.ts';
import { controlRoutes, type Controls } from './control.ts';
import { Faults } from './faults.ts';
import { Feed } from './feed.ts';
import { hostGuard } from './hosts.ts';
import { Limits } from './limits.ts';
import { mailboxRoutes } from './mail/routes.ts';
import { startMailServer } from './mail/server.ts';
import { oauthRoutes } from './oauth.ts';
import { endpointsOn } from './rest/api.ts';
import { channelEndpoints } from './rest/channels.ts';
import { chatbotEndpoints } from './rest/chatbot.ts';
import { fileEndpoints } from './rest/files.ts';
import { marketplaceEndpoints } from './rest/marketplace.ts';
import { memberEndpoints } from './rest/members.ts';
import { messageEndpoints } from './rest/messages.ts';
import { userEndpoints } from './rest/users.ts';
import { seedStore } from './seed.ts';
import { Store } from './state.ts';
import { applySwitches, presets, switchesSchema, type Switches } from './switches.ts';
import { pageRoutes } from './ui/routes.ts';
import { Webhooks } from './webhooks.ts';
import type { World } from './world.ts';

/** Options of a sandbox: its configuration, and for tests a clock. */
export interface SandboxOptions extends Partial<SandboxConfig> {
  clock?: Clock | undefined;
}

/** A sandbox that is up. */
export interface RunningSandbox {
  /** Its own address on loopback, without a slash at the end. */
  url: string;
  port: number;
  /** Of its mail server. */
  smtpPort: number;
  clock: Clock;
  config: SandboxConfig;
  /** Stops within a second or two; the state is on disk when it resolves. */
  close(): Promise<void>;
}

const standard: SandboxConfig = {
  port: 0,
  smtpPort: 0,
  clientId: 'sandbox-client-id',
  clientSecret: 'sandbox-client-secret',
  webhookSecretToken: 'sandbox-webhook-secret-token',
  botJid: 'v1sandboxlivechatbot00@xmpp.zoom.us',
  redirectUris: ['http://localhost:3000/oauth/callback'],
};

/** Zoom's API under /v2. */
function apiRoutes(world: World): Router {
  const router = Router();
  const files = Router();
  const addFile = endpointsOn(world, files);
  fileEndpoints(world, addFile, files);
  // File uploads read their own body; everything else is JSON, whatever the header says.
  router.use(files);
  router.use(express.json({ limit: '2mb', strict: false, type: () => true }));
  const add = endpointsOn(world, router);
  userEndpoints(world, add);
  channelEndpoints(world, add);
  memberEndpoints(world, add);
  messageEndpoints(world, add);
  marketplaceEndpoints(world, add, router);
  chatbotEndpoints(world, router);
  router.use((_req, res) => {
    res.status(404).json({ code: 2300, message: 'This API endpoint is not recognized.' });
  });
  router.use((_error: unknown, req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) {
      next(_error);
      return;
    }
    // Only the body parser gets here: handlers' errors are answered where they happen.
    const message = 'Request Body should be a valid JSON object.';
    const ofChatbot = req.path.startsWith('/im/chat/');
    res.status(400).json(ofChatbot ? { code: 7001, message, result: false } : { code: 300, message });
  });
  return router;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/**
 * Starts a sandbox on loopback. Several can run in one process.
 * @throws when the port is taken or the data folder cannot be written
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const { clock = new Clock(), ...given } = options;
  const config: SandboxConfig = { ...standard, ...given };
  const store = new Store(config.dataDir);
  const initial = applySwitches(switchesSchema.parse(presets.default), config.switches ?? {});
  const board: { current: Switches } = { current: initial };
  const kept = switchesSchema.safeParse(store.setting('switches'));
  if (kept.success) board.current = kept.data;
  const ahead = store.setting('clockAhead');
  if (typeof ahead === 'number') clock.advance(ahead);

  const switches = (): Switches => board.current;
  const feed = new Feed();
  const faults = new Faults(store);
  const limits = new Limits(clock, switches);
  const webhooks = new Webhooks({ config, clock, store, feed, faults, switches });
  const address = { url: '' };
  const world: World = {
    config,
    clock,
    store,
    feed,
    faults,
    limits,
    webhooks,
    switches,
    publicUrl: () => config.publicUrl ?? address.url,
  };
  if (store.users.all().length === 0) seedStore(store, clock.now());

  const controls: Controls = {
    reset: () => {
      const validations = store.validations.all();
      store.clear();
      limits.clear();
      clock.reset();
      board.current = initial;
      seedStore(store, clock.now());
      // The endpoints belong to the app's configuration, which a reset keeps.
      for (const one of validations) if (one.id === 'bot' || one.id === 'events') store.validations.put(one);
      webhooks.reset();
      feed.publish('sandbox.reset', clock.now(), {});
    },
    setSwitches: (change) => {
      board.current = applySwitches(board.current, change);
      store.settings.put({ id: 'switches', value: board.current });
      webhooks.wake();
    },
    restoreSwitches: () => {
      board.current = initial;
      store.settings.delete('switches');
    },
  };

  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(hostGuard(config.publicUrl));
  app.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.use('/_sandbox', controlRoutes(world, controls));
  const api = apiRoutes(world);
  app.use('/v2', api);
  app.use('/region/:region/v2', api);
  app.use('/oauth', oauthRoutes(world));
  app.use(await pageRoutes(world, mailboxRoutes(world)));

  const server = createServer(app);
  server.keepAliveTimeout = 30_000;
  const port = await listen(server, config.port);
  const mailServer = await startMailServer(world, config.smtpPort).catch((error: unknown) => {
    server.close();
    throw error;
  });
  address.url = `http://localhost:${port}`;
  store.commit();
  webhooks.start();

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      webhooks.close();
      const mailServerClosed = mailServer.close();
      server.close(() => {
        void mailServerClosed.then(() => {
          store.close();
          resolve();
        });
      });
      server.closeIdleConnections();
      // Requests in progress get a moment; streams and long polls would stay for ever.
      setTimeout(() => server.closeAllConnections(), 300).unref();
    });
    return closing;
  };
  return { url: address.url, port, smtpPort: mailServer.port, clock, config, close };
}
