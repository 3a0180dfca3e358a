import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { TemporalConnection } from '../../config/temporal.ts';
import { freePort } from './ports.ts';
import type { ProcessRecord } from './process-record.ts';
import { startServer, type ServerProcess } from './server-process.ts';

export type SearchAttributeTypeName = 'Keyword' | 'KeywordList' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'Text';

export interface TemporalOptions {
  /** Path of the Temporal CLI, see `findTemporalCli`. */
  binary: string;
  /** Port of the gRPC service on 127.0.0.1; 0 picks a free one. Default 0. */
  port?: number;
  /** Port of the UI on 127.0.0.1; 0 picks a free one; undefined means no UI. */
  uiPort?: number | undefined;
  /** Path that the UI's pages are below, for a proxy in front of it. Default `/`. */
  uiPublicPath?: string;
  /** Folder of the log, and of the database unless `inMemory`. Made if missing. */
  dataDir: string;
  /** Keeps nothing: faster, for tests. Default false. */
  inMemory?: boolean;
  /** Address of the endpoint by which the UI shows encrypted payloads to those who may see them, or its path there. */
  codecEndpoint?: string | undefined;
  /** Search attributes to register: name → type. */
  searchAttributes?: Readonly<Record<string, SearchAttributeTypeName>>;
  /** Log level of the server. Default `warn`. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** Folder of the log file. Default `dataDir`. */
  logDir?: string;
  record: ProcessRecord;
  /** Gives up starting. */
  signal?: AbortSignal | undefined;
}

export interface TemporalServer extends ServerProcess {
  /** `127.0.0.1:<port>` for `Connection.connect({ address })`. */
  readonly address: string;
  readonly port: number;
  /** Address of the UI for a browser, if there is one. */
  readonly uiUrl: string | undefined;
  readonly uiPort: number | undefined;
}

const readyMs = 30_000;
const callMs = 2_000;

/**
 * Starts Temporal's development server and waits until its `default` namespace, and its UI if wanted, answer. Data
 * lives in `<dataDir>/temporal.db`, so a restart goes on where it was, even after a kill.
 *
 * The CLI is started directly, not by @temporalio/testing: a supervisor needs its pid, and fault tests need to kill it
 * and start it again on the same port and data.
 *
 * @throws ServerStartError
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  await mkdir(options.dataDir, { recursive: true });
  const port = options.port || (await freePort());
  const uiPort = options.uiPort === undefined ? undefined : options.uiPort || (await freePort([port]));
  const address = `127.0.0.1:${port}`;
  const uiUrl = uiPort === undefined ? undefined : `http://localhost:${uiPort}`;
  const server = await startServer({
    title: 'Temporal',
    command: options.binary,
    args: commandLine(port, uiPort, options),
    log: { file: join(options.logDir ?? options.dataDir, 'temporal.log') },
    record: options.record,
    readyMs,
    signal: options.signal,
    async ready() {
      await askNamespace({ address });
      if (uiPort !== undefined) await askUi(uiPort);
    },
  });
  return { ...server, address, port, uiPort, uiUrl };
}

function commandLine(port: number, uiPort: number | undefined, options: TemporalOptions): string[] {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port)];
  args.push('--log-level', options.logLevel ?? 'warn');
  const settings = {
    // An activity on the workflows' own queue goes out in the answer to the workflow task; the default from 1.32 on.
    'system.enableActivityEagerExecution': true,
    // Fair between accounts; one partition, since each partition is fair only by itself.
    'matching.enableFairness': true,
    'matching.numTaskqueueReadPartitions': 1,
    'matching.numTaskqueueWritePartitions': 1,
    'history.transferProcessorMaxPollRPS': 2000,
  };
  for (const [key, value] of Object.entries(settings)) args.push('--dynamic-config-value', `${key}=${value}`);
  if (options.inMemory !== true) {
    args.push('--db-filename', join(options.dataDir, 'temporal.db'));
    // Three times the message rate of the defaults. A kill loses nothing; a power cut can lose the last moments.
    args.push('--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1');
  }
  if (uiPort === undefined) args.push('--headless');
  else args.push('--ui-port', String(uiPort), '--ui-disable-news-fetch');
  if (options.uiPublicPath !== undefined) args.push('--ui-public-path', options.uiPublicPath);
  if (options.codecEndpoint !== undefined) args.push('--ui-codec-endpoint', options.codecEndpoint);
  for (const [name, type] of Object.entries(options.searchAttributes ?? {})) {
    args.push('--search-attribute', `${name}=${type}`);
  }
  return args;
}

/** Resolves when the server knows its namespace; throws otherwise. */
export async function askNamespace(server: TemporalConnection, namespace = 'default'): Promise<void> {
  const connection = await Connection.connect({ ...server, connectTimeout: callMs });
  try {
    await connection.withDeadline(Date.now() + callMs, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } finally {
    await connection.close();
  }
}

async function askUi(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(callMs) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`its UI answers ${response.status}`);
}
