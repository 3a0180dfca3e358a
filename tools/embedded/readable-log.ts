/** A log line for people: what happened and how bad it is. */
export interface ReadableLine {
  text: string;
  /** Worth showing on a console that is otherwise quiet. */
  important: boolean;
}

const levels: readonly (readonly [number, string])[] = [
  [60, 'FATAL'],
  [50, 'ERROR'],
  [40, 'WARN'],
  [30, 'info'],
  [0, 'debug'],
];
const warning = 40;

/**
 * Turns one line of a child's output into a line for people. JSON lines (pino) are important from level 40 (warn) on;
 * other lines when they come on stderr and do not call themselves info, debug or trace.
 */
export function readableLine(stream: 'stdout' | 'stderr', line: string): ReadableLine {
  const entry = parse(line);
  if (entry === undefined) {
    return {
      text: line,
      important: stream === 'stderr' && line.trim() !== '' && !/\b(info|debug|trace)\b/i.test(line),
    };
  }
  const level = typeof entry['level'] === 'number' ? entry['level'] : 0;
  const word = levels.find(([from]) => level >= from)?.[1] ?? 'debug';
  const message = typeof entry['msg'] === 'string' ? entry['msg'] : '';
  const reason = reasonOf(entry['err'] ?? entry['error']);
  return {
    text: [timeOf(entry['time']), word, message, reason !== undefined && reason !== message ? `(${reason})` : '']
      .filter((part) => part !== '')
      .join(' '),
    important: level >= warning,
  };
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string | undefined {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  return typeof error.message === 'string' ? error.message : undefined;
}

function timeOf(time: unknown): string {
  if (typeof time !== 'number' && typeof time !== 'string') return '';
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8);
}
