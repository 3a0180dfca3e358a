import { ConfigError, readWorkerConfig } from '../config/env.ts';
import { createLogger } from '../config/logger.ts';
import { runWorker } from './run.ts';

try {
  const config = readWorkerConfig(process.env);
  await runWorker(config, createLogger('worker', config.logLevel));
} catch (error) {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else createLogger('worker', 'info').fatal({ err: error }, 'The worker stopped because of an error.');
  process.exitCode = 1;
}
