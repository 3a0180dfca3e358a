import { DefaultLogger } from '@temporalio/worker';
import { createLogger } from '../config/logger.ts';
import { logTemporal } from '../config/temporal-log.ts';
import { ConfigError, readApiConfig } from '../config/env.ts';
import { startTelemetry } from '../telemetry/index.ts';
import { startApi } from './server.ts';

/** The api as a process of its own: exit code 0 after SIGTERM or SIGINT, another after a fatal error. */
async function main(): Promise<void> {
  const config = readApiConfig(process.env);
  const log = createLogger('api', config.logLevel);
  const fail = (error: unknown): never => {
    log.fatal({ err: error }, 'the api has failed');
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  // Not the runtime's own signal handlers: the visitors' sockets close before the connection to Temporal does.
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    logTemporal(log, level === 'ERROR' ? 'error' : 'warn', message, meta ?? {});
  });
  const telemetry = startTelemetry(config, 'live-chat-api', { logger, shutdownSignals: [] });
  const signalled = new Promise<string>((resolve) => {
    // Kept after the first: a Ctrl-C can reach a process twice, by its terminal and by its parent.
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve(name));
  });
  try {
    const api = await startApi({ config, log, telemetry });
    const reason = await signalled;
    log.info({ reason }, 'the api is stopping');
    await api.stop();
    await telemetry.stop();
  } catch (error) {
    fail(error);
  }
  log.info('the api has stopped');
  process.exit(0);
}

main().catch((error: unknown) => {
  const message = error instanceof ConfigError ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  process.exit(1);
});
