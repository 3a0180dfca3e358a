import { Client, Connection, type WorkflowExecutionInfo } from '@temporalio/client';
import type mongoose from 'mongoose';
import { z } from 'zod';
import { encryptedDataConverter } from '../codec/data-converter.ts';
import { readConfig } from '../config/env.ts';
import type { TimelineEntry } from '../domain/timeline.ts';
import { workflowIds } from '../domain/workflow-ids.ts';
import type { Stack } from '../embedded/supervisor.ts';
import { connectMongo, type ChatRecord } from '../store/index.ts';
import type { SandboxState, ZoomSide } from '../test/support/driver.ts';
import { getChatQuery, type ChatSnapshot } from '../workflows/chat/messages.ts';

/** A workflow as it stands. */
export interface WorkflowFacts {
  id: string;
  status: WorkflowExecutionInfo['status']['name'];
  /** Activities under way or waiting for their next try, and the highest number of tries. */
  pending: number;
  tries: number;
  /** A workflow task that fails again and again: code that cannot go on. */
  stuckTask: boolean;
  /** Of a running chat. */
  chat?: ChatSnapshot;
}

/** Everything as it stands on all sides, read past the product. */
export interface Evidence {
  zoom: SandboxState;
  chats: ChatRecord[];
  timelines: Map<string, TimelineEntry[]>;
  workflows: WorkflowFacts[];
}

const queryMs = 5_000;

/** Looks at MongoDB, Temporal and Zoom directly. */
export class Witness {
  readonly #zoom: ZoomSide;
  readonly #mongo: mongoose.Connection;
  readonly #temporal: Connection;
  readonly #client: Client;

  private constructor(zoom: ZoomSide, mongo: mongoose.Connection, temporal: Connection, client: Client) {
    this.#zoom = zoom;
    this.#mongo = mongo;
    this.#temporal = temporal;
    this.#client = client;
  }

  static async open(stack: Stack, zoom: ZoomSide): Promise<Witness> {
    const config = readConfig(stack.env);
    const { address, namespace } = config.temporal;
    const temporal = await Connection.connect({ address });
    const client = new Client({
      connection: temporal,
      namespace,
      dataConverter: encryptedDataConverter(config.payloadKeys),
    });
    return new Witness(zoom, await connectMongo(config.mongodbUri), temporal, client);
  }

  /** @throws when one of them does not answer. */
  async gather(): Promise<Evidence> {
    const [zoom, chats, entries, workflows] = await Promise.all([
      this.#zoom.state(),
      this.#mongo.collection<ChatRecord>('chats').find().toArray(),
      this.#mongo.collection<{ chatId: string; seq: number; entry: TimelineEntry }>('timeline').find().toArray(),
      this.#workflows(),
    ]);
    const timelines = new Map<string, TimelineEntry[]>();
    for (const { chatId, entry } of entries.sort((a, b) => a.seq - b.seq)) {
      timelines.set(chatId, [...(timelines.get(chatId) ?? []), entry]);
    }
    return { zoom, chats: chats, timelines, workflows };
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

  async #look({ workflowId: id, status }: WorkflowExecutionInfo): Promise<WorkflowFacts> {
    const handle = this.#client.workflow.getHandle(id);
    const done = { id, status: status.name, pending: 0, tries: 0, stuckTask: false };
    if (status.name !== 'RUNNING') return done;
    const { raw } = await handle.describe();
    const activities = raw.pendingActivities ?? [];
    const facts: WorkflowFacts = {
      ...done,
      pending: activities.length,
      tries: Math.max(0, ...activities.map(({ attempt }) => attempt ?? 0)),
      stuckTask: (raw.pendingWorkflowTask?.attempt ?? 0) > 3,
    };
    if (!id.startsWith(workflowIds.chat({ chatId: '' }))) return facts;
    const chat = await this.#client.withDeadline(Date.now() + queryMs, () => handle.query(getChatQuery));
    return { ...facts, chat };
  }
}

const logSchema = z.object({
  webhooks: z.array(
    z.looseObject({
      id: z.string(),
      request_id: z.string(),
      attempts: z.number(),
      created_at: z.number(),
      body: z.looseObject({ payload: z.looseObject({ object: z.looseObject({ id: z.string() }) }) }),
    }),
  ),
});

/** How Zoom told us of one message. */
export interface Telling {
  /** Webhooks about it: more than one when Zoom repeats itself. 0: the webhook was lost. */
  copies: number;
  /** Most tries that one of them took. */
  tries: number;
  /** From the message to its first webhook that was taken, ms. */
  heldMs: number;
}

/**
 * The sandbox's log of webhooks, read along, since it keeps only the newest: from it can be seen whether Zoom told us of
 * messages out of order.
 */
export class WebhookLog {
  readonly #url: string;
  readonly #taken = new Map<string, number>();
  readonly #seen = new Map<string, { messageId: string; tries: number; createdAt: number; requestId: string }>();

  constructor(sandboxUrl: string) {
    this.#url = sandboxUrl;
  }

  /** A webhook was answered with 200. */
  delivered(requestId: string, at: number): void {
    if (!this.#taken.has(requestId)) this.#taken.set(requestId, at);
  }

  async read(): Promise<void> {
    const response = await fetch(`${this.#url}/_sandbox/webhooks?event=chat_message.sent&limit=1000`);
    const { webhooks } = logSchema.parse(await response.json());
    for (const { id, request_id: requestId, attempts, created_at: createdAt, body } of webhooks) {
      this.#seen.set(id, { messageId: body.payload.object.id, tries: attempts, createdAt, requestId });
    }
  }

  tellings(): Map<string, Telling> {
    const tellings = new Map<string, Telling>();
    for (const { messageId, tries, createdAt, requestId } of this.#seen.values()) {
      const known = tellings.get(messageId) ?? { copies: 0, tries: 0, heldMs: Infinity };
      tellings.set(messageId, {
        copies: known.copies + 1,
        tries: Math.max(known.tries, tries),
        heldMs: Math.min(known.heldMs, (this.#taken.get(requestId) ?? Infinity) - createdAt),
      });
    }
    return tellings;
  }
}
