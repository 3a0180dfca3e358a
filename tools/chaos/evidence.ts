import { Client, Connection, type WorkflowExecutionInfo } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type mongoose from 'mongoose';
import { encryptedDataConverter, workerDataConverter } from '../../codec/data-converter.ts';
import { readApiConfig } from '../../config/env.ts';
import { transcriptEntrySchema, type TranscriptEntry } from '../../domain/transcript.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import type { Stack } from '../embedded/supervisor.ts';
import { connectMongo, type ChatRecord } from '../../store/index.ts';
import type { SandboxState, ZoomSide } from '../../test/support/driver.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import { getChatQuery, type ChatSnapshot } from '../../workflows/chat/messages.ts';

/** A workflow as it stands. */
export interface WorkflowFacts {
  id: string;
  status: WorkflowExecutionInfo['status']['name'];
  /** Activities under way or waiting for their next try, and the highest number of tries. */
  pending: number;
  tries: number;
  /** A workflow task that fails again and again: code that cannot go on. */
  stuckTask: boolean;
  /** Events in its history, of its last run. */
  events: number;
  /** Of a running chat. */
  chat?: ChatSnapshot;
  /** A running chat did not say where it stands, and why not. */
  silent?: string;
}

/** Everything as it stands on all sides, read past the product. */
export interface Evidence {
  zoom: SandboxState;
  chats: ChatRecord[];
  transcripts: Map<string, TranscriptEntry[]>;
  workflows: WorkflowFacts[];
}

/** Causes of a failed workflow task that are no error of anybody: something new had come in before it was through. */
const innocentCauses: readonly number[] = [
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE,
];

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

const queryMs = 5_000;

/** Looks at MongoDB, Temporal and Zoom directly. */
export class Witness {
  readonly #zoom: ZoomSide;
  readonly #mongo: mongoose.Connection;
  readonly #temporal: Connection;
  readonly #client: Client;
  readonly #dataConverter: DataConverter;

  private constructor(
    zoom: ZoomSide,
    mongo: mongoose.Connection,
    temporal: Connection,
    client: Client,
    dataConverter: DataConverter,
  ) {
    this.#dataConverter = dataConverter;
    this.#zoom = zoom;
    this.#mongo = mongo;
    this.#temporal = temporal;
    this.#client = client;
  }

  static async open(stack: Stack, zoom: ZoomSide): Promise<Witness> {
    const config = readApiConfig(stack.env);
    const { connection, namespace } = config.temporal;
    const temporal = await Connection.connect(connection);
    const dataConverter = encryptedDataConverter(config.payloadKeys);
    const client = new Client({ connection: temporal, namespace, dataConverter });
    const mongo = await connectMongo(config.mongodbUri);
    return new Witness(zoom, mongo, temporal, client, workerDataConverter(config.payloadKeys));
  }

  /** @throws when one of them does not answer. */
  async gather(): Promise<Evidence> {
    const [zoom, chats, entries, workflows] = await Promise.all([
      this.#zoom.state(),
      this.#mongo.collection<ChatRecord>('chats').find().toArray(),
      this.#mongo.collection<{ _id: string; chatId: string; seq: number }>('transcript').find().toArray(),
      this.#workflows(),
    ]);
    const transcripts = new Map<string, TranscriptEntry[]>();
    for (const { chatId, ...entry } of entries.sort((a, b) => a.seq - b.seq)) {
      transcripts.set(chatId, [...(transcripts.get(chatId) ?? []), transcriptEntrySchema.parse(entry)]);
    }
    return { zoom, chats, transcripts, workflows };
  }

  /**
   * What the histories say against the code: workflow tasks that failed at any time, and runs that cannot be
   * replayed, as a worker must after a kill.
   */
  async replayHistories(): Promise<{ replayed: number; faults: string[] }> {
    const histories: { workflowId: string; history: History }[] = [];
    for await (const { workflowId, runId } of this.#client.workflow.list()) {
      const history = await this.#client.workflow.getHandle(workflowId, runId).fetchHistory();
      histories.push({ workflowId, history });
    }
    const failures = histories.flatMap(({ workflowId, history: { events } }) =>
      (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failure }) => {
        if (!failure || innocentCauses.includes(failure.cause ?? 0)) return [];
        return [`${workflowId}: a workflow task failed: ${failure.failure?.message ?? `cause ${failure.cause}`}`];
      }),
    );
    return { replayed: histories.length, faults: [...failures, ...(await this.#replayFaults(histories))] };
  }

  async #replayFaults(histories: readonly { workflowId: string; history: History }[]): Promise<string[]> {
    const dataConverter = this.#dataConverter;
    quietRuntime();
    const workflowBundle = await bundleWorkflows();
    const faults: string[] = [];
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle, dataConverter }, histories)) {
      if (error) faults.push(`${workflowId}: cannot be replayed: ${error.message.slice(0, 400)}`);
    }
    return faults;
  }

  async close(): Promise<void> {
    await this.#mongo.close();
    await this.#temporal.close();
  }

  async #workflows(): Promise<WorkflowFacts[]> {
    const facts: Promise<WorkflowFacts>[] = [];
    for await (const execution of this.#client.workflow.list()) {
      // Earlier runs have handed over to a later one, which is listed too.
      if (execution.status.name !== 'CONTINUED_AS_NEW') facts.push(this.#look(execution));
    }
    return Promise.all(facts);
  }

  async #look({ workflowId: id, status, historyLength: events }: WorkflowExecutionInfo): Promise<WorkflowFacts> {
    const handle = this.#client.workflow.getHandle(id);
    const done = { id, status: status.name, pending: 0, tries: 0, stuckTask: false, events };
    if (status.name !== 'RUNNING') return done;
    const { raw, historyLength } = await handle.describe();
    const activities = raw.pendingActivities ?? [];
    const facts: WorkflowFacts = {
      ...done,
      events: historyLength,
      pending: activities.length,
      tries: Math.max(0, ...activities.map(({ attempt }) => attempt ?? 0)),
      stuckTask: (raw.pendingWorkflowTask?.attempt ?? 0) > 3,
    };
    if (!id.startsWith(workflowIds.chat({ chatId: '' }))) return facts;
    try {
      const chat = await this.#client.withDeadline(Date.now() + queryMs, () => handle.query(getChatQuery));
      return { ...facts, chat };
    } catch (error) {
      const reason =
        error instanceof Error ? (error.cause instanceof Error ? error.cause : error).message : String(error);
      return { ...facts, silent: reason };
    }
  }
}

/** A replay that fails shows in the result; what the SDK logs besides is for nobody. */
function quietRuntime(): void {
  try {
    Runtime.install({
      logger: new DefaultLogger('ERROR', () => undefined),
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
    });
  } catch {
    // Installed before in this process.
  }
}
