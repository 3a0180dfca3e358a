import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { searchAttributeTypes } from '../../domain/search-attributes.ts';
import { takeDataFolder } from './data-folder.ts';
import { devSecrets, type DevSecrets } from './dev-secrets.ts';
import { systemEffects } from './effects.ts';
import { explain } from './find-binary.ts';
import { ProcessGuard } from './guard.ts';
import { ManagedProcess, type StackProcess } from './managed-process.ts';
import { findMongoServer } from './mongo-binary.ts';
import { kindOfData, pingMongo, startMongo } from './mongo.ts';
import { ProgramLog, startNodeProgram } from './node-program.ts';
import { choosePorts } from './stack-ports.ts';
import { apiAndWorkerEnv, sandboxEnv } from './stack-env.ts';
import { defaultPrograms } from './programs.ts';
import type { PortName, Programs, StackOptions, StackUrls } from './stack-options.ts';
import { findTemporalCli } from './temporal-binary.ts';
import { askNamespace, startTemporal } from './temporal.ts';

export type { StackProcess } from './managed-process.ts';
export type { StackOptions, StackUrls } from './stack-options.ts';

export type ProcessName = 'temporal' | 'mongo' | 'sandbox' | 'worker' | 'api';

/** A running system: servers, sandbox, worker and api. */
export interface Stack {
  readonly urls: StackUrls;
  readonly ports: Readonly<Record<PortName, number>>;
  readonly dataDir: string;
  /** The environment that api and worker got from us, secrets included: for a test that talks to the same servers. */
  readonly env: Readonly<Record<string, string>>;
  readonly processes: {
    /** Undefined when an outside Temporal is used; likewise the next two. */
    readonly temporal: StackProcess | undefined;
    readonly mongo: StackProcess | undefined;
    readonly sandbox: StackProcess | undefined;
    readonly worker: StackProcess;
    readonly api: StackProcess;
  };
  /** The process of that name. @throws Error when this stack has none. */
  process(name: ProcessName): StackProcess;
  /** Starts one more worker or api (give it a PORT of its own) and stops it with the stack. */
  add(kind: 'worker' | 'api', name: string, env?: Readonly<Record<string, string>>): Promise<StackProcess>;
  /** Never settles while all goes well; rejects when a process cannot be kept running. */
  readonly failed: Promise<never>;
  /** Stops all, in order: api, worker, sandbox, then Temporal and MongoDB. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills all at once. */
  kill(): Promise<void>;
}

const programReadyMs = 60_000;
const buildMs = 120_000;

/**
 * Starts a whole system on one data folder and resolves when it is ready for use.
 *
 * @throws Error with one sentence for people when it cannot start; nothing is left running then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const giveBack = await takeDataFolder(options.dataDir);
  const guard = new ProcessGuard(join(options.dataDir, 'children.json'));
  try {
    options.signal?.throwIfAborted();
    const left = await guard.endLeftovers();
    if (left > 0) options.report?.(`Ended ${left} ${left === 1 ? 'process' : 'processes'} that a killed run had left.`);
    const ports = await choosePorts(options);
    const stack = new RunningStack(options, ports, await devSecrets(options.dataDir), guard, giveBack);
    await stack.start();
    return stack;
  } catch (error) {
    await giveBack();
    throw error;
  }
}

class RunningStack implements Stack {
  readonly urls: StackUrls;
  readonly ports: Readonly<Record<PortName, number>>;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly processes: Stack['processes'];
  readonly failed: Promise<never>;

  readonly #options: StackOptions;
  readonly #root: string;
  readonly #programs: Programs;
  readonly #secrets: DevSecrets;
  readonly #guard: ProcessGuard;
  readonly #giveBack: () => Promise<void>;
  readonly #extra: StackProcess[] = [];
  readonly #logs: ProgramLog[] = [];
  readonly #giveUp: (error: Error) => void;
  readonly #life = new AbortController();
  #stopping: Promise<void> | undefined;

  constructor(
    options: StackOptions,
    ports: Record<PortName, number>,
    secrets: DevSecrets,
    guard: ProcessGuard,
    giveBack: () => Promise<void>,
  ) {
    this.#options = options;
    this.#root = options.root ?? fileURLToPath(new URL('../..', import.meta.url));
    this.#programs = { ...defaultPrograms, ...options.programs };
    this.#secrets = secrets;
    this.#guard = guard;
    this.#giveBack = giveBack;
    this.ports = ports;
    this.dataDir = options.dataDir;
    this.urls = urlsOf(options, ports);
    this.env = apiAndWorkerEnv(options, ports, this.urls, secrets);
    let giveUp: (error: Error) => void = () => undefined;
    this.failed = new Promise<never>((_resolve, reject) => {
      giveUp = reject;
    });
    // Whoever does not look at it must not be ended by it.
    this.failed.catch(() => undefined);
    this.#giveUp = giveUp;
    this.processes = {
      temporal: options.temporalAddress === undefined ? this.#temporal() : undefined,
      mongo: options.mongodbUri === undefined ? this.#mongo() : undefined,
      sandbox: options.zoom === undefined ? this.#program('sandbox', 'sandbox') : undefined,
      worker: this.#program('worker', 'worker'),
      api: this.#program('api', 'api'),
    };
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    const abort = (): void => {
      void this.stop();
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      signal?.throwIfAborted();
      await Promise.all([this.#startTemporal(), this.#startMongo(), this.#build()]);
      const { sandbox, worker, api } = this.processes;
      // Without it, what an abort has just stopped would be started anew.
      signal?.throwIfAborted();
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

  process(name: ProcessName): StackProcess {
    const process = this.processes[name];
    if (process === undefined) throw new Error(`This stack runs no ${name} of its own.`);
    return process;
  }

  async add(kind: 'worker' | 'api', name: string, env: Readonly<Record<string, string>> = {}): Promise<StackProcess> {
    const port = Number(env['PORT'] ?? this.ports.app);
    const added = this.#program(kind, name, env, `http://localhost:${port}`);
    this.#extra.push(added);
    await added.start();
    return added;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    return this.#stopping;
  }

  async kill(): Promise<void> {
    const all = [...Object.values(this.processes), ...this.#extra];
    for (const process of all) void process?.kill('SIGKILL');
    await this.stop();
  }

  async #stopInOrder(): Promise<void> {
    const { temporal, mongo, sandbox, worker, api } = this.processes;
    this.#life.abort();
    // First who takes in, then who works on it, then what both need.
    await Promise.all([api.stop(), ...this.#extra.map((process) => process.stop())]);
    await worker.stop();
    await sandbox?.stop();
    await Promise.all([temporal?.stop(), mongo?.stop()]);
    await Promise.all(this.#logs.map((log) => log.close()));
    await this.#giveBack();
  }

  async #startTemporal(): Promise<void> {
    const { temporalAddress, temporalNamespace = 'default' } = this.#options;
    if (temporalAddress === undefined) {
      await this.process('temporal').start();
      return;
    }
    await askNamespace(temporalAddress, temporalNamespace).catch((error: unknown) => {
      throw new Error(
        `Temporal at ${temporalAddress} does not answer for the namespace "${temporalNamespace}" (${reasonOf(error)}); check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.`,
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
    const result = await systemEffects().run(process.execPath, build, {
      cwd: this.#root,
      timeoutMs: buildMs,
      signal: this.#life.signal,
    });
    if (result.outcome !== 'ok') throw new Error(`The web assets could not be built: ${explain('the build', result)}.`);
  }

  #temporal(): StackProcess {
    return this.#managed('Temporal', async (signal) => {
      const binary = await abortable(findTemporalCli(this.#report), signal);
      return await startTemporal({
        binary,
        port: this.ports.temporal,
        uiPort: this.#options.temporalUi === false ? undefined : this.ports.temporalUi,
        dataDir: join(this.dataDir, 'temporal'),
        logDir: this.#logDir,
        codecEndpoint: `${this.urls.public}/codec`,
        searchAttributes: searchAttributeTypes,
        guard: this.#guard,
        signal,
      });
    });
  }

  #mongo(): StackProcess {
    return this.#managed('MongoDB', async (signal) => {
      const dataDir = join(this.dataDir, 'mongodb');
      const found = findMongoServer(this.#report, systemEffects(), await kindOfData(dataDir));
      const binary = await abortable(found, signal);
      return await startMongo({
        binary,
        port: this.ports.mongo,
        dataDir,
        logDir: this.#logDir,
        guard: this.#guard,
        signal,
      });
    });
  }

  #program(
    kind: 'sandbox' | 'worker' | 'api',
    name: string,
    env: Readonly<Record<string, string>> = {},
    appUrl: string = this.urls.app,
  ): StackProcess {
    const { args, ready } = this.#programs[kind];
    const log = new ProgramLog(name, join(this.#logDir, `${name}.log`), this.#options.console ?? (() => undefined));
    this.#logs.push(log);
    const temporalNamespace = this.#options.temporalNamespace ?? 'default';
    const own = kind === 'sandbox' ? sandboxEnv(this.dataDir, this.ports, this.urls, this.#secrets) : this.env;
    // One that is added later gets no metrics port unless it is given one.
    const metricsPort = name === 'api' ? this.ports.apiMetrics : name === 'worker' ? this.ports.workerMetrics : '';
    let opened: Promise<void> | undefined;
    return this.#managed(
      name,
      async (signal) => {
        await (opened ??= log.open());
        return await startNodeProgram({
          name,
          args,
          cwd: this.#root,
          env: {
            ...own,
            METRICS_PORT: String(metricsPort),
            ...this.#options.env,
            ...this.#options.programEnv?.[kind],
            ...env,
          },
          log,
          guard: this.#guard,
          ready: (pid) => ready({ pid, urls: { ...this.urls, app: appUrl }, temporalNamespace }),
          readyMs: programReadyMs,
          signal,
        });
      },
      () => log.tail(),
    );
  }

  #managed(
    name: string,
    launch: ConstructorParameters<typeof ManagedProcess>[0]['launch'],
    tail?: () => string,
  ): StackProcess {
    return new ManagedProcess({
      name,
      launch,
      autoRestart: this.#options.autoRestart ?? true,
      report: this.#report,
      onGiveUp: this.#giveUp,
      ...(tail === undefined ? {} : { tail }),
    });
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

/** The result, or the signal's reason as soon as it is aborted; the work itself goes on unwatched. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('Stopped.'));
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
