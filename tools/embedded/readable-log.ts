import { z } from 'zod';

/** A log line for people: what happened and how bad it is. */
export interface ReadableLine {
  text: string;
  /** Worth showing on a console that is otherwise quiet. */
  important: boolean;
}

const levels = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' } as const;
const warning = 40;
const reason = z.union([z.string(), z.object({ message: z.string() }).transform(({ message }) => message)]);
const entrySchema = z.object({
  level: z.number().default(0),
  time: z.coerce.date().optional().catch(undefined),
  msg: z.string().default(''),
  err: reason.optional().catch(undefined),
  error: reason.optional().catch(undefined),
});

/**
 * Makes a line for people of one line of a child's output. JSON lines (pino) are important from level 40 (warn) on;
 * other lines when they come on stderr and do not call themselves info, debug or trace.
 */
export function readableLine(stream: 'stdout' | 'stderr', line: string): ReadableLine {
  const parsed = entrySchema.safeParse(parse(line));
  if (!parsed.success) {
    const important = stream === 'stderr' && line.trim() !== '' && !/\b(info|debug|trace)\b/i.test(line);
    return { text: line, important };
  }
  const { level, time, msg, err, error } = parsed.data;
  const why = err ?? error;
  const parts = [
    time?.toTimeString().slice(0, 8),
    Object.entries(levels).findLast(([from]) => level >= Number(from))?.[1] ?? 'debug',
    msg,
    why === undefined || why === msg ? undefined : `(${why})`,
  ];
  return { text: parts.filter((part) => part).join(' '), important: level >= warning };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
