import type { Logger } from './logger.ts';

/**
 * What Temporal's runtime logs, through ours. Errors in it are ours and Temporal's: they name what failed, and hold no
 * visitor's text (which is never put into an error).
 */
export function logTemporal(
  log: Logger,
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error',
  message: string,
  meta: object,
): void {
  // A queue of activities alone has none by design.
  if (message.startsWith('No workflows registered')) return;
  const { error, ...rest } = meta as { error?: unknown };
  log[level]({ ...rest, ...(error === undefined ? {} : { err: error }) }, message);
}
