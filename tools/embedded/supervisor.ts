import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { variablesByProcess } from '../../config/env.ts';
import { readTemporalConnection, type TemporalConnection } from '../../config/temporal.ts';
import { searchAttributeTypes } from '../../domain/search-attributes.ts';
import { devSecrets, type DevSecrets } from './dev-secrets.ts';
import { StackProcess, type ManagedProcessOptions } from './managed-process.ts';
import { findMongoServer } from './mongo-binary.ts';
import { kindOfData, pingMongo, startMongo } from './mongo.ts';
import { choosePorts, type PortName } from './ports.ts';
import { ProcessRecord } from './process-record.ts';
import { ProgramLog } from './program-log.ts';
import { defaultPrograms, runBuild } from './programs.ts';
import { startServer } from './server-process.ts';
import { apiAndWorkerEnv, sandboxEnv } from './stack-env.ts';
import type { Programs, StackOptions, StackUrls } from './stack-options.ts';
import { thisSystem } from './system.ts';
import { findTemporalCli } from './temporal-binary.ts';
import { askNamespace, startTemporal } from './temporal.ts';

export type { StackProcess } from './managed-process.ts';
export type { StackOptions, StackUrls } from './stack-options.ts';

export type ProcessName = 'temporal' | 'mongo' | 'sandbox' | 'worker' | 'api';
type ProgramKind = 'sandbox' | 'worker' | 'api';

const programReadyMs = 60_000;
const programStopMs = 10_000;
const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Starts a whole system on one data folder and resolves when it is ready for use.
 *
 * @throws Error with one sentence for people when it cannot start; nothing is left running then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  options.signal?.throwIfAborted();
  const record = await ProcessRecord.open(options.dataDir, options.report);
  makePrivate(options.dataDir);
  try {
    const ports = await choosePorts(options);
    const stack = new Stack(options, ports, await devSecrets(options.dataDir), record);
    await stack.start();
    return stack;
  } catch (error) {
    record.close();
    throw error;
  }
}

/**
 * Nobody else on this machine may look into the folder. One that was there before and has no secrets of ours may be
 * somebody's own.
 */
function makePrivate(dataDir: string): void {
  if (existsSync(join(dataDir, 'secrets.json'))) chmodSync(dataDir, 0o700);
}

/** A running system: servers, sandbox, worker and api. */
export class Stack {
  readonly urls: StackUrls;
  readonly ports: Readonly<Record<PortName, number>>;
  readonly dataDir: string;
  /** The environment that api and worker got from us, secrets included: for a test that talks to the same servers. */
  readonly env: Readonly<Record<string, string>>;
  /** Undefined where an outside Temporal or MongoDB, or a real Zoom app, is used. */
  readonly processes: Readonly<
    Record<'temporal' | 'mongo' | 'sandbox', StackProcess | undefined> & Record<'worker' | 'api', StackProcess>
  >;
  /** Never settles while all goes well; rejects when a process cannot be kept running. */
  readonly failed: Promise<never>;

  readonly #options: StackOptions;
  readonly #programs: Programs;
  readonly #secrets: DevSecrets;
  readonly #record: ProcessRecord;
  readonly #namespace: string;
  readonly #connection: TemporalConnection;
  readonly #extra: StackProcess[] = [];
  readonly #logs: ProgramLog[] = [];
  readonly #giveUp: (error: Error) => void;
  /** Aborted by `stop`: ends what is looked for or built. */
  readonly #life = new AbortController();
  #stopping: Promise<void> | undefined;

  constructor(options: StackOptions, ports: Record<PortName, number>, secrets: DevSecrets, record: ProcessRecord) {
    this.#options = options;
    this.#programs = { ...defaultPrograms, ...options.programs };
    this.#secrets = secrets;
    this.#record = record;
    this.#namespace = options.temporalNamespace ?? 'default';
    this.ports = ports;
    this.dataDir = options.dataDir;
    this.urls = urlsOf(options, ports);
    this.env = apiAndWorkerEnv(options, ports, this.urls, secrets);
    this.#connection = readTemporalConnection(given({ ...process.env, ...this.env, ...options.env })).connection;
    const { promise, reject } = Promise.withResolvers<never>();
    // Whoever does not look at it must not be ended by it.
    promise.catch(() => undefined);
    this.failed = promise;
    this.#giveUp = reject;
    this.processes = {
      temporal: options.temporalAddress === undefined ? this.#temporal() : undefined,
      mongo: options.mongodbUri === undefined ? this.#mongo() : undefined,
      sandbox: options.zoom === undefined ? this.#program('sandbox', 'sandbox') : undefined,
      worker: this.#program('worker', 'worker'),
      api: this.#program('api', 'api'),
    };
  }

  /** Starts all; called by `startStack`. */
  async start(): Promise<void> {
    const { signal } = this.#options;
    const abort = () => void this.stop();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await Promise.all([this.#startTemporal(), this.#startMongo(), this.#build()]);
      // Without it, what an abort has just stopped would be started anew.
      signal?.throwIfAborted();
      const { sandbox, worker, api } = this.processes;
      await Promise.all([sandbox?.start(), worker.start(), api.start()]);
      signal?.throwIfAborted();
    } catch (error) {
      await this.stop();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** The process of that name. @throws Error when this stack has none. */
  process(name: ProcessName): StackProcess {
    const process = this.processes[name];
    if (process === undefined) throw new Error(`This stack runs no ${name} of its own.`);
    return process;
  }

  /** Starts one more worker or api (give it a PORT of its own) and stops it with the stack. */
  async add(kind: 'worker' | 'api', name: string, env: Readonly<Record<string, string>> = {}): Promise<StackProcess> {
    const added = this.#program(kind, name, env);
    this.#extra.push(added);
    await added.start();
    return added;
  }

  /** Stops all, in order: api, worker, sandbox, then Temporal and MongoDB. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    return this.#stopping;
  }

  /** Kills all at once. */
  async kill(): Promise<void> {
    for (const process of [...Object.values(this.processes), ...this.#extra]) void process?.kill('SIGKILL');
    await this.stop();
  }

  async #stopInOrder(): Promise<void> {
    const { temporal, mongo, sandbox, worker, api } = this.processes;
    this.#life.abort(new Error('Stopped.'));
    // First who takes in, then who works on it, then what both need.
    await Promise.all([api.stop(), ...this.#extra.map((process) => process.stop())]);
    await worker.stop();
    await sandbox?.stop();
    await Promise.all([temporal?.stop(), mongo?.stop()]);
    await Promise.all(this.#logs.map((log) => log.close()));
    this.#record.close();
  }

  async #startTemporal(): Promise<void> {
    const { temporalAddress } = this.#options;
    if (temporalAddress === undefined) {
      await this.process('temporal').start();
      return;
    }
    await askNamespace(this.#connection, this.#namespace).catch((error: unknown) => {
      throw new Error(
        `Temporal at ${temporalAddress} does not answer for the namespace "${this.#namespace}" (${reasonOf(error)}); check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.`,
      );
    });
  }

  async #startMongo(): Promise<void> {
    const { mongodbUri } = this.#options;
    if (mongodbUri === undefined) {
      await this.process('mongo').start();
      return;
    }
    await pingMongo(mongodbUri).catch((error: unknown) => {
      throw new Error(`MongoDB does not answer (${reasonOf(error)}); check MONGODB_URI.`);
    });
  }

  async #build(): Promise<void> {
    const { build } = this.#programs;
    if (build === undefined || this.#options.skipBuild === true) return;
    await runBuild(build, this.#life.signal);
  }

  #temporal(): StackProcess {
    return this.#managed('Temporal', async (signal) => {
      const binary = await this.#unlessStopped(findTemporalCli(this.#report));
      return await startTemporal({
        binary,
        port: this.ports.temporal,
        uiPort: this.#options.temporalUi === false ? undefined : this.ports.temporalUiServer,
        uiPublicPath: '/temporal',
        dataDir: join(this.dataDir, 'temporal'),
        logDir: this.#logDir,
        codecEndpoint: '/codec',
        searchAttributes: searchAttributeTypes,
        record: this.#record,
        signal,
      });
    });
  }

  #mongo(): StackProcess {
    return this.#managed('MongoDB', async (signal) => {
      const dataDir = join(this.dataDir, 'mongodb');
      const found = findMongoServer(this.#report, thisSystem, await kindOfData(dataDir));
      const binary = await this.#unlessStopped(found);
      return await startMongo({
        binary,
        port: this.ports.mongo,
        dataDir,
        logDir: this.#logDir,
        record: this.#record,
        signal,
      });
    });
  }

  /** @param extraEnv of one that is added later; it gets no metrics port unless it is given one */
  #program(kind: ProgramKind, name: string, extraEnv: Readonly<Record<string, string>> = {}): StackProcess {
    const { args, ready } = this.#programs[kind];
    const log = new ProgramLog(name, join(this.#logDir, `${name}.log`), this.#options.console ?? (() => undefined));
    this.#logs.push(log);
    const metricsPort = name === 'api' ? this.ports.apiMetrics : name === 'worker' ? this.ports.workerMetrics : '';
    const env = {
      ...(kind === 'sandbox' ? sandboxEnv(this.dataDir, this.ports, this.urls, this.#secrets) : ownOf(kind, this.env)),
      METRICS_PORT: String(metricsPort),
      // Of the first one alone: others would find the port taken.
      TEMPORAL_UI_PORT: name === 'api' && this.urls.temporalUi !== undefined ? String(this.ports.temporalUi) : '',
      ...this.#options.env,
      ...this.#options.programEnv?.[kind],
      ...extraEnv,
    };
    const urls = { ...this.urls, app: `http://localhost:${extraEnv['PORT'] ?? this.ports.app}` };
    const launch: ManagedProcessOptions['launch'] = (signal) =>
      startServer({
        title: name,
        command: process.execPath,
        args,
        cwd: root,
        env,
        log,
        record: this.#record,
        ready: (pid) => ready({ pid, urls, temporal: this.#connection, temporalNamespace: this.#namespace }),
        readyMs: programReadyMs,
        stopGraceMs: programStopMs,
        signal,
      });
    return this.#managed(name, launch, () => log.tail());
  }

  #managed(name: string, launch: ManagedProcessOptions['launch'], tail?: () => string): StackProcess {
    const autoRestart = this.#options.autoRestart ?? true;
    return new StackProcess({ name, launch, autoRestart, report: this.#report, onGiveUp: this.#giveUp, tail });
  }

  /** The result, or the reason of a stop as soon as there is one; the work itself goes on unwatched. */
  async #unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#life;
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    return await Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
  }

  get #logDir(): string {
    return join(this.dataDir, 'logs');
  }

  readonly #report = (line: string): void => {
    this.#options.report?.(line);
  };
}

function urlsOf(options: StackOptions, ports: Record<PortName, number>): StackUrls {
  const app = `http://localhost:${ports.app}`;
  const embeddedUi = options.temporalAddress === undefined && options.temporalUi !== false;
  return {
    app,
    public: options.publicUrl ?? app,
    sandbox: options.zoom === undefined ? `http://localhost:${ports.sandbox}` : undefined,
    temporalUi: embeddedUi ? `http://localhost:${ports.temporalUi}` : undefined,
    temporal: options.temporalAddress ?? `127.0.0.1:${ports.temporal}`,
    mongodb: options.mongodbUri ?? `mongodb://127.0.0.1:${ports.mongo}/live_chat`,
    apiMetrics: `http://127.0.0.1:${ports.apiMetrics}/metrics`,
    workerMetrics: `http://127.0.0.1:${ports.workerMetrics}/metrics`,
  };
}

/** The environment of one process, without what is only the other's: secrets above all. */
function ownOf(kind: 'api' | 'worker', env: Readonly<Record<string, string>>): Record<string, string> {
  const { [kind]: own, [kind === 'api' ? 'worker' : 'api']: others } = variablesByProcess;
  return Object.fromEntries(Object.entries(env).filter(([name]) => own.includes(name) || !others.includes(name)));
}

/** Without what is not set. */
function given(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
