import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { searchAttributeTypes } from '../../domain/search-attributes.ts';
import type { Report } from './find-binary.ts';
import { findMongoServer } from './mongo-binary.ts';
import { startMongo } from './mongo.ts';
import { ProcessRecord } from './process-record.ts';
import { runBuild } from './programs.ts';
import { findTemporalCli } from './temporal-binary.ts';
import { startTemporal } from './temporal.ts';

/** A resource that test files share. */
export type SharedResource = 'temporal' | 'mongodb' | 'build';

export interface TestServerBroker {
  /** Where test processes ask for the shared servers. */
  readonly url: string;
  /** Stops what was started and removes its data. */
  close(): Promise<void>;
}

/**
 * Starts the servers that test files share, each at the first request for it: a run of a few unit tests starts none. A
 * test process asks with POST /temporal, /mongodb or /build and gets the address as text once the server is ready.
 */
export async function startBroker(report: Report): Promise<TestServerBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'live-chat-tests-'));
  const record = await ProcessRecord.open(folder);
  const stops: (() => Promise<void>)[] = [];
  const makers: Record<SharedResource, () => Promise<string>> = {
    async temporal() {
      const server = await startTemporal({
        binary: await findTemporalCli(report),
        dataDir: join(folder, 'temporal'),
        inMemory: true,
        searchAttributes: searchAttributeTypes,
        record,
      });
      stops.push(() => server.stop());
      return server.address;
    },
    async mongodb() {
      const binary = await findMongoServer(report);
      const server = await startMongo({ binary, dataDir: join(folder, 'mongodb'), record });
      stops.push(() => server.stop());
      return server.uri;
    },
    async build() {
      await runBuild();
      return 'built';
    },
  };
  const made = new Map<string, Promise<string>>();

  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    if (request.method !== 'POST' || !isResource(name)) {
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
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      // A server that is just starting is stopped too.
      await Promise.allSettled(made.values());
      await Promise.allSettled(stops.map((stop) => stop()));
      record.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isResource(name: string): name is SharedResource {
  return name === 'temporal' || name === 'mongodb' || name === 'build';
}
