import pino from 'pino';
import { ConfigError, readConfig } from './config.ts';
import { startSandbox } from './server.ts';

/** Starts the sandbox from the environment and stops it on SIGTERM and SIGINT. */
async function main(): Promise<void> {
  const log = pino({ name: 'zoom-sandbox' });
  let config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
    return;
  }
  const sandbox = await startSandbox(config);
  log.info({ url: sandbox.config.publicUrl ?? sandbox.url, dataDir: config.dataDir ?? null }, 'Zoom sandbox is up');
  const stop = (signal: string): void => {
    log.info({ signal }, 'Zoom sandbox stops');
    sandbox.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
}

main().catch((error: unknown) => {
  console.error(`The sandbox could not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
