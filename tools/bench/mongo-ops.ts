import mongoose from 'mongoose';
import { z } from 'zod';
import { shortNumber, type Figure } from './figure.ts';

const statusSchema = z.looseObject({
  metrics: z.looseObject({
    commands: z.record(z.string(), z.unknown()),
  }),
});
const counterSchema = z.looseObject({ total: z.coerce.number() });
const writes = ['insert', 'update', 'delete', 'findAndModify'] as const;
const reads = ['find', 'aggregate', 'count', 'getMore'] as const;

/** How often each command was run, by name, since the server started. */
export type Counters = ReadonlyMap<string, number>;

/** Reads a MongoDB server's own counters of commands. */
export async function mongoCounters(
  uri: string,
): Promise<{ read: () => Promise<Counters>; close: () => Promise<void> }> {
  const connection = await mongoose.createConnection(uri).asPromise();
  return {
    async read() {
      const status = await connection.getClient().db('admin').command({ serverStatus: 1 });
      const { commands } = statusSchema.parse(status).metrics;
      return new Map(
        Object.entries(commands).flatMap(([name, counter]) => {
          const parsed = counterSchema.safeParse(counter);
          return parsed.success ? [[name, parsed.data.total] as const] : [];
        }),
      );
    },
    close: () => connection.close(),
  };
}

/** Writes and reads per message between two looks at the counters. */
export function countedOps(before: Counters, after: Counters, messages: number): Figure[] {
  const figure = (id: string, label: string, names: readonly string[]): Figure => {
    const each = names.map((name) => [name, ((after.get(name) ?? 0) - (before.get(name) ?? 0)) / messages] as const);
    const seen = each.filter(([, count]) => count > 0);
    return {
      id,
      label,
      value: each.reduce((sum, [, count]) => sum + count, 0),
      unit: 'ops',
      detail: seen.map(([name, count]) => `${name} ${shortNumber(count)}`).join(', ') || 'none',
    };
  };
  return [
    figure('history.mongoWrites', 'MongoDB writes, idle, a talk to and fro', writes),
    figure('history.mongoReads', 'MongoDB reads, idle, a talk to and fro', reads),
  ];
}
