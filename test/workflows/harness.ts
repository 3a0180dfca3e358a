import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { taskQueues } from '../../domain/workflow-ids.ts';
import { heartbeating } from '../../activities/heartbeat.ts';
import { encryptedDataConverter, workerDataConverter } from '../../codec/data-converter.ts';
import { findTemporalCli } from '../../tools/embedded/temporal-binary.ts';
import { developmentBundle } from '../../tools/embedded/programs.ts';
import { builtOnce, testServerBinary } from '../../tools/embedded/test-servers.ts';
import { addSearchAttributes } from '../../worker/search-attributes.ts';
import { testPayloadKeys } from '../support/payload-keys.ts';

/** Of workers and replays, and of clients. */
export const dataConverter = workerDataConverter(testPayloadKeys);
export const clientDataConverter = encryptedDataConverter(testPayloadKeys);

/** The workflow code's entry. */
export const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));

/** The workflow code as every worker has it, built once per run of tests. */
export async function workflowBundle(): Promise<{ codePath: string }> {
  await builtOnce();
  return { codePath: developmentBundle };
}

/**
 * A time-skipping Temporal with our codec: days pass in milliseconds while nothing happens.
 * @param binary path of the server; outside of a test run it has to be found first.
 */
export async function timeSkipping(binary?: string): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: binary ?? (await testServerBinary()) } },
    client: { dataConverter: clientDataConverter },
  });
  await addSearchAttributes(env.client);
  return env;
}

/** Workers that do whatever a workflow asks for. */
export interface TestWorkers {
  /** @returns what `story` gives; the workers are stopped then. */
  runUntil<T>(story: () => Promise<T>): Promise<T>;
}

/**
 * Workers for `activities`: workflows on a task queue of their own, and the queues of Zoom, tokens and mails beside it,
 * whose names are the system's. So every test ends the workflows that it starts.
 */
export async function testWorker(
  env: TestWorkflowEnvironment,
  activities: object,
  taskQueue: string,
  more: Pick<WorkerOptions, 'sinks' | 'interceptors'> = {},
): Promise<TestWorkers> {
  const common = {
    connection: env.nativeConnection,
    ...(env.namespace === undefined ? {} : { namespace: env.namespace }),
    dataConverter,
    activities,
    interceptors: { activity: [() => ({ inbound: heartbeating })] },
    ...more,
  };
  const [main, ...others] = await Promise.all([
    Worker.create({ ...common, taskQueue, workflowBundle: await workflowBundle() }),
    Worker.create({ ...common, taskQueue: taskQueues.zoom }),
    Worker.create({ ...common, taskQueue: taskQueues.tokens }),
    Worker.create({ ...common, taskQueue: taskQueues.mail }),
  ]);
  return {
    runUntil: (story) =>
      others.reduce<() => ReturnType<typeof story>>(
        (inner, worker) => () => worker.runUntil(inner()),
        () => main.runUntil(story()),
      )(),
  };
}

/**
 * A Temporal development server of one's own, in real time: for what the time-skipping one lacks, or with other
 * settings.
 * @param settings dynamic configuration.
 */
export async function devServer(
  settings: Record<string, number | boolean | string> = {},
): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = await findTemporalCli((line) => {
    console.log(line);
  });
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      log: { level: 'error', format: 'pretty' },
      extraArgs: Object.entries(settings).flatMap(([key, value]) => [
        '--dynamic-config-value',
        `${key}=${JSON.stringify(value)}`,
      ]),
    },
    client: { dataConverter: clientDataConverter },
  });
  await addSearchAttributes(env.client);
  return env;
}

/** Temporal's own log lines only where something is wrong. Before the first environment or replay of a process. */
export function quietRuntime(): void {
  try {
    Runtime.install({
      // What fails on purpose is told as a warning.
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
    });
  } catch {
    // Installed by an earlier environment of this process.
  }
}
