import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import mongoose from 'mongoose';
import type { MongoBinary } from './mongo-binary.ts';
import { freePort } from './ports.ts';
import type { ProcessRecord } from './process-record.ts';
import { startServer, type ServerProcess } from './server-process.ts';

export interface MongoOptions {
  /** See `findMongoServer`. */
  binary: MongoBinary;
  /** Port on 127.0.0.1; 0 picks a free one. Default 0. */
  port?: number;
  /** Folder of the data and the log; made if missing. */
  dataDir: string;
  /** Folder of the log file. Default `dataDir`. */
  logDir?: string;
  record: ProcessRecord;
  /** Gives up starting. */
  signal?: AbortSignal | undefined;
}

export interface MongoServer extends ServerProcess {
  /** `mongodb://127.0.0.1:<port>` with no database; `uriOf('name')` adds one. */
  readonly uri: string;
  readonly port: number;
  uriOf(database: string): string;
}

const readyMs = 30_000;
const pingMs = 1_000;

/**
 * Starts a MongoDB server and waits until it answers a ping. Data lives below `dataDir`, in a folder per kind of
 * server, so a restart goes on where it was, even after a kill.
 *
 * @throws ServerStartError
 */
export async function startMongo(options: MongoOptions): Promise<MongoServer> {
  const port = options.port || (await freePort());
  const { kind, path } = options.binary;
  // The two cannot read each other's files.
  const data = join(options.dataDir, kind);
  await mkdir(data, { recursive: true });
  const uri = `mongodb://127.0.0.1:${port}`;
  const server = await startServer({
    title: kind === 'mongod' ? 'MongoDB' : 'FerretDB',
    command: path,
    args:
      kind === 'mongod'
        ? ['--bind_ip', '127.0.0.1', '--port', String(port), '--dbpath', data, '--quiet']
        : ['-listen', `127.0.0.1:${port}`, '-data', data, '-exit-with-stdin'],
    holdStdin: kind === 'ferretdb',
    log: { file: join(options.logDir ?? options.dataDir, 'mongodb.log') },
    record: options.record,
    readyMs,
    signal: options.signal,
    ready: () => pingMongo(uri),
  });
  return { ...server, uri, port, uriOf: (database) => `${uri}/${database}` };
}

/** The kind of server whose data is in a data folder, if there is any: neither kind can read the other's. */
export async function kindOfData(dataDir: string): Promise<MongoBinary['kind'] | undefined> {
  const names = await readdir(dataDir).catch((): string[] => []);
  return (['mongod', 'ferretdb'] as const).find((kind) => names.includes(kind));
}

/** Resolves when the server answers a ping; throws otherwise. */
export async function pingMongo(uri: string): Promise<void> {
  const connection = mongoose.createConnection(uri, { serverSelectionTimeoutMS: pingMs, connectTimeoutMS: pingMs });
  try {
    await connection.asPromise();
    await connection.getClient().db('admin').command({ ping: 1 });
  } finally {
    await connection.close();
  }
}
