import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * JSON log lines on stdout. Redaction is a second line of defence: tokens, secrets and visitors' text are not to be
 * passed to a logger in the first place.
 */
export function createLogger(name: string, level: string): Logger {
  return pino({
    name,
    level,
    redact: {
      paths: [
        'authorization',
        'cookie',
        '*.authorization',
        '*.cookie',
        '*.accessToken',
        '*.refreshToken',
        '*.text',
        'req.headers',
      ],
      censor: '[redacted]',
    },
  });
}
