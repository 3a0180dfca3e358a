import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { encryptedDataConverter } from '../../../codec/data-converter.ts';
import type { Bench } from '../bench.ts';
import { settledWorkflow, type HistorySize } from '../settled.ts';
import { newMark, Sightings, within } from '../waiting.ts';
import { floorSignal, type floor, type FloorActivities } from './workflow.ts';

const taskQueue = 'bench-floor';
const workflowIdOf = (index: number): string => `bench-floor/${index}`;
const lostAfterMs = 15_000;

/** What nothing durable on this Temporal server can be better than: one signal, one activity. */
export interface Floor {
  /** ms from sending the signal to the i-th workflow until its activity runs in this process. */
  signal: (index: number) => Promise<number>;
  /** The i-th workflow's history once nothing is under way in it. */
  settled: (index: number) => Promise<HistorySize>;
  stop: () => Promise<void>;
}

/** Of a process; several floors can be measured, one after the other. */
let runtime: Runtime | undefined;

/** Runs bare workflows with the app's encryption on the stack's Temporal server; their worker is this process. */
export async function startFloor(bench: Bench, workflows: number): Promise<Floor> {
  runtime ??= Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
    shutdownSignals: [],
  });
  const { connection: options, namespace } = bench.config.temporal;
  const arrivals = new Sightings<number>();
  const activities: FloorActivities = {
    acknowledge(mark) {
      arrivals.seen(mark, performance.now());
      return Promise.resolve();
    },
  };
  const connection = await NativeConnection.connect(options);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    dataConverter: encryptedDataConverter(bench.config.payloadKeys),
    workflowsPath: fileURLToPath(new URL('workflow.ts', import.meta.url)),
    activities: { ...activities },
    shutdownGraceTime: '1 second',
    shutdownForceTime: '3 seconds',
  });
  const running = worker.run();
  const client = await bench.client();
  const handles: WorkflowHandle<typeof floor>[] = await Promise.all(
    Array.from({ length: workflows }, (_, index) =>
      client.workflow.start<typeof floor>('floor', { taskQueue, workflowId: workflowIdOf(index), args: [] }),
    ),
  );

  const floorOf = (index: number): WorkflowHandle<typeof floor> => {
    const handle = handles[index % handles.length];
    if (handle === undefined) throw new Error('The floor has no workflows.');
    return handle;
  };
  return {
    async signal(index) {
      const mark = newMark();
      const arrives = arrivals.next(mark);
      const sent = performance.now();
      const [at] = await within(
        Promise.all([arrives, floorOf(index).signal(floorSignal, mark)]),
        lostAfterMs,
        'a signal of the floor',
        bench.signal,
      );
      return at - sent;
    },
    settled: (index) => settledWorkflow(bench, workflowIdOf(index % workflows)),
    async stop() {
      worker.shutdown();
      await running;
      await Promise.allSettled(handles.map((handle) => handle.terminate('The measurement is over.')));
      await connection.close();
    },
  };
}
