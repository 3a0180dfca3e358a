import { readFile } from 'node:fs/promises';
import proto from '@temporalio/proto';
import { z } from 'zod';

const { History } = proto.temporal.api.history.v1;
export type History = proto.temporal.api.history.v1.IHistory;

/** Where histories are stored, one JSON file each, with an index: a history does not hold its workflow's id. */
export const historiesFolder = new URL('../histories/', import.meta.url);

const indexSchema = z.array(z.object({ file: z.string(), workflowId: z.string(), proves: z.string() }));
export type StoredHistory = z.infer<typeof indexSchema>[number];

export async function storedHistories(): Promise<StoredHistory[]> {
  const file = new URL('index.json', historiesFolder);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '[]';
    throw error;
  });
  return indexSchema.parse(JSON.parse(text));
}

export async function readHistory(file: string): Promise<History> {
  return historyOfJson(JSON.parse(await readFile(new URL(file, historiesFolder), 'utf8')));
}

/** A history as plain JSON: enums by name, bytes in base64. */
export function historyAsJson(history: History): Record<string, unknown> {
  const whole = History.fromObject(history);
  return History.toObject(whole, { enums: String, longs: String, bytes: String });
}

export function historyOfJson(json: unknown): History {
  return History.fromObject(json as Record<string, unknown>);
}
