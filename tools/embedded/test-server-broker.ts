import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { searchAttributeTypes } from '../../domain/search-attributes.ts';
import { systemEffects } from './effects.ts';
import { explain, type Report } from './find-binary.ts';
import { findMongoServer } from './mongo-binary.ts';
import { startMongo } from './mongo.ts';
import { findTemporalCli } from './temporal-binary.ts';
import { startTemporal } from './temporal.ts';

/** A resource that test files share. */
export type SharedResource = 'temporal' | 'mongodb' | 'web';

export interface TestServerBroker {
  /** Where test processes ask for the shared servers. */
  readonly url: string;
  /** Stops what was started and removes its data. */
  close(): Promise<void>;
}

const buildMs = 120_000;

/**
 * Starts the servers that test files share, each at the first request for it: a run of a few unit tests starts none. A
 * test process asks with POST /temporal, /mongodb or /web and gets the address as text once the server is ready.
 */
export async function startBroker(report: Report): Promise<TestServerBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'live-chat-tests-'));
  const stops: (() => Promise<void>)[] = [];
  const makers: Record<SharedResource, () => Promise<string>> = {
    async temporal() {
      const server = await startTemporal({
        binary: await findTemporalCli(report),
        dataDir: join(folder, 'temporal'),
        inMemory: true,
        searchAttributes: searchAttributeTypes,
      });
      stops.push(() => server.stop());
      return server.address;
    },
    async mongodb() {
      const server = await startMongo({ binary: await findMongoServer(report), dataDir: join(folder, 'mongodb') });
      stops.push(() => server.stop());
      return server.uri;
    },
    web: buildWebAssets,
  };
  const made = new Map<SharedResource, Promise<string>>();
  // Only those who know the path can ask: a web page on this machine cannot.
  const secret = randomBytes(16).toString('hex');

  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(`/${secret}/`.length);
    if (request.method !== 'POST' || !request.url?.startsWith(`/${secret}/`) || !isResource(name)) {
      response.writeHead(404).end();
      return;
    }
    const resource = made.get(name) ?? makers[name]();
    made.set(name, resource);
    resource.then(
      (address) => response.end(address),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  // A first build can take minutes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null)
    throw new Error('The broker of the test servers has no address.');

  return {
    url: `http://127.0.0.1:${address.port}/${secret}`,
    async close() {
      server.close();
      server.closeAllConnections();
      // A server that is just starting is stopped too.
      await Promise.allSettled(made.values());
      await Promise.allSettled(stops.map((stop) => stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isResource(name: string): name is SharedResource {
  return name === 'temporal' || name === 'mongodb' || name === 'web';
}

async function buildWebAssets(): Promise<string> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const args = ['--import', 'tsx', 'web/build.ts'];
  const result = await systemEffects().run(process.execPath, args, { cwd: root, timeoutMs: buildMs });
  if (result.outcome !== 'ok') throw new Error(`The web assets could not be built: ${explain('the build', result)}.`);
  return 'built';
}
