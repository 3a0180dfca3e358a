import { trace } from '@opentelemetry/api';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

export type { Logger } from 'pino';

/**
 * JSON log lines on stdout, with the trace they belong to where traces are sent. Redaction is a second line of defence:
 * tokens, secrets and visitors' text are not to be passed to a logger in the first place.
 * @param to Default: stdout.
 */
export function createLogger(name: string, level: string, to?: DestinationStream): Logger {
  const options: LoggerOptions = {
    name,
    level,
    mixin: () => {
      const span = trace.getActiveSpan()?.spanContext();
      return span ? { traceId: span.traceId, spanId: span.spanId } : {};
    },
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
  };
  return to ? pino(options, to) : pino(options);
}
