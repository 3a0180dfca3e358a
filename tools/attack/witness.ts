import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import type { Payload } from '@temporalio/common';
import { EncryptionCodec } from '../../codec/payload-codec.ts';
import type { Target } from './target.ts';

/** A place where something can be found again. */
export interface Place {
  name: string;
  text: string;
}

/** What the programs have logged, but for the sandbox, which stands for Zoom. */
export async function logs({ stack }: Target): Promise<Place[]> {
  const folder = join(stack.dataDir, 'logs');
  const names = (await readdir(folder)).filter((name) => !name.startsWith('sandbox'));
  return Promise.all(
    names.map(async (name) => ({ name: `the log ${name}`, text: await readFile(join(folder, name), 'utf8') })),
  );
}

/** What is in MongoDB, as whoever reads its files sees it. */
export async function database({ mongo }: Target): Promise<Place[]> {
  const collections = (await mongo.db?.listCollections().toArray()) ?? [];
  return Promise.all(
    collections.map(async ({ name }) => {
      const documents = await mongo.collection(name).find().toArray();
      const text = JSON.stringify(documents, (_key, value: unknown) => value);
      return { name: `the collection ${name}`, text };
    }),
  );
}

/** What is in Zoom. */
export async function zoom(target: Target): Promise<Place> {
  const { app: _ours, ...world } = await target.zoom.state();
  return { name: 'Zoom', text: JSON.stringify(world) };
}

interface WorkflowTexts {
  id: string;
  /** The history as Temporal keeps it. */
  raw: string;
  /** Its payloads, opened. */
  opened: string;
  /** What Temporal UI shows beside it: summaries, details, search attributes, memo. */
  shown: string;
}

/** Every workflow there is. */
export async function workflows({ temporal, config }: Target): Promise<WorkflowTexts[]> {
  const codec = new EncryptionCodec(config.payloadKeys);
  const texts: WorkflowTexts[] = [];
  for await (const { workflowId: id, runId, typedSearchAttributes, memo } of temporal.owner.workflow.list()) {
    const handle = temporal.owner.workflow.getHandle(id, runId);
    const history = await handle.fetchHistory();
    const described = await handle.describe();
    const metadata = (history.events ?? []).flatMap(({ userMetadata }) => payloadsIn(userMetadata));
    const current: unknown = await handle.query('__temporal_workflow_metadata').catch(() => undefined);
    texts.push({
      id,
      raw: Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish()).toString('latin1'),
      opened: await openedText(codec, payloadsIn(history)),
      shown: [
        id,
        await described.staticSummary(),
        await described.staticDetails(),
        await openedText(codec, metadata),
        JSON.stringify([typedSearchAttributes, memo, current]),
      ].join('\n'),
    });
  }
  return texts;
}

async function openedText(codec: EncryptionCodec, payloads: Payload[]): Promise<string> {
  // What strangers have sent opens with no key.
  const opened = await Promise.all(payloads.map((payload) => codec.decode([payload]).catch(() => [])));
  return opened
    .flat()
    .map(({ data }) => Buffer.from(data ?? []).toString('utf8'))
    .join('\n');
}

/** Every payload within a message of Temporal's. */
function payloadsIn(value: unknown): Payload[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  if ('metadata' in value && 'data' in value) return [value as Payload];
  return Object.values(value).flatMap(payloadsIn);
}
