import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import { encryptedDataConverter } from '../../codec/data-converter.ts';
import { testServerBinary } from '../../embedded/test-servers.ts';
import { addSearchAttributes } from '../../worker/search-attributes.ts';
import { testPayloadKeys } from '../support/payload-keys.ts';

export const dataConverter = encryptedDataConverter(testPayloadKeys);

let bundle: Promise<WorkflowBundle> | undefined;

/** The workflow code, bundled once per test file. */
export function workflowBundle(): Promise<WorkflowBundle> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    failureConverterPath: dataConverter.failureConverterPath ?? '',
    logger: new DefaultLogger('WARN'),
  });
  return bundle;
}

/** A time-skipping Temporal with our codec: days pass in milliseconds while nothing happens. */
export async function timeSkipping(): Promise<TestWorkflowEnvironment> {
  try {
    Runtime.install({
      logger: new DefaultLogger('WARN'),
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
    });
  } catch {
    // Installed by an earlier environment of this test file.
  }
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await testServerBinary() } },
    client: { dataConverter },
  });
  await addSearchAttributes(env.client);
  return env;
}

/** A worker for `activities` on a task queue of its own; use `runUntil`. */
export async function testWorker(env: TestWorkflowEnvironment, activities: object, taskQueue: string): Promise<Worker> {
  return Worker.create({
    connection: env.nativeConnection,
    ...(env.namespace === undefined ? {} : { namespace: env.namespace }),
    taskQueue,
    workflowBundle: await workflowBundle(),
    dataConverter,
    activities,
  });
}
