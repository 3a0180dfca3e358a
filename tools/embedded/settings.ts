import { resolve } from 'node:path';
import { z } from 'zod';
import type { PortName } from './stack-options.ts';

/** What `npm start` takes from the environment. */
export interface Settings {
  dataDir: string;
  /** 0 picks a free port. */
  ports: Record<PortName, number>;
  publicUrl: string | undefined;
  temporalAddress: string | undefined;
  temporalNamespace: string;
  mongodbUri: string | undefined;
  logLevel: string;
  /** Credentials of a real Zoom app; without them the sandbox takes Zoom's place. */
  zoom: ZoomCredentials | undefined;
  zoomApiUrl: string | undefined;
  zoomOauthUrl: string | undefined;
}

export interface ZoomCredentials {
  ZOOM_CLIENT_ID: string;
  ZOOM_CLIENT_SECRET: string;
  ZOOM_WEBHOOK_SECRET_TOKEN: string;
  ZOOM_BOT_JID: string;
}

/** Faults in the environment, all of them, one line each. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

const port = (standard: number) =>
  z.coerce
    .number('must be a port number from 0 to 65535')
    .int('must be a port number from 0 to 65535')
    .min(0, 'must be a port number from 0 to 65535')
    .max(65_535, 'must be a port number from 0 to 65535')
    .default(standard);
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an address like https://chat.example.com' });
const text = z.string().min(1);

const schema = z.object({
  PORT: port(3000),
  SANDBOX_PORT: port(3100),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  MONGODB_PORT: port(27018),
  API_METRICS_PORT: port(0),
  WORKER_METRICS_PORT: port(0),
  DATA_DIR: text.default('.data'),
  PUBLIC_URL: httpUrl.optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'must be host:port')
    .optional(),
  TEMPORAL_NAMESPACE: text.default('default'),
  MONGODB_URI: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\//, 'must start with mongodb:// or mongodb+srv://')
    .optional(),
  LOG_LEVEL: text.default('info'),
  ZOOM_API_URL: httpUrl.optional(),
  ZOOM_OAUTH_URL: httpUrl.optional(),
  ZOOM_CLIENT_ID: text.optional(),
  ZOOM_CLIENT_SECRET: text.optional(),
  ZOOM_WEBHOOK_SECRET_TOKEN: text.optional(),
  ZOOM_BOT_JID: text.optional(),
});

const portVariables = [
  'PORT',
  'SANDBOX_PORT',
  'TEMPORAL_PORT',
  'TEMPORAL_UI_PORT',
  'MONGODB_PORT',
  'API_METRICS_PORT',
  'WORKER_METRICS_PORT',
] as const;
const credentialVariables = [
  'ZOOM_CLIENT_ID',
  'ZOOM_CLIENT_SECRET',
  'ZOOM_WEBHOOK_SECRET_TOKEN',
  'ZOOM_BOT_JID',
] as const;

/**
 * Reads the environment of `npm start`. An empty variable counts as not set.
 *
 * @throws SettingsError with every fault; values are not repeated, since some are secret.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    fail(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  }
  const e = parsed.data;
  const faults: string[] = [];
  for (const [index, name] of portVariables.entries()) {
    const twin = portVariables.slice(0, index).find((other) => e[other] !== 0 && e[other] === e[name]);
    if (twin !== undefined) faults.push(`${name} must differ from ${twin} (both are ${e[name]})`);
  }
  const missing = credentialVariables.filter((name) => e[name] === undefined);
  if (missing.length > 0 && missing.length < credentialVariables.length) {
    const set = credentialVariables.filter((name) => e[name] !== undefined);
    const rest = set.length === 1 ? 'it' : 'them';
    faults.push(
      `${missing.join(', ')} must be set too, since ${set.join(', ')} is (or unset ${rest} to use the sandbox)`,
    );
  }
  if (faults.length > 0) fail(faults);

  const { ZOOM_CLIENT_ID, ZOOM_CLIENT_SECRET, ZOOM_WEBHOOK_SECRET_TOKEN, ZOOM_BOT_JID } = e;
  const zoom =
    ZOOM_CLIENT_ID === undefined || !ZOOM_CLIENT_SECRET || !ZOOM_WEBHOOK_SECRET_TOKEN || !ZOOM_BOT_JID
      ? undefined
      : { ZOOM_CLIENT_ID, ZOOM_CLIENT_SECRET, ZOOM_WEBHOOK_SECRET_TOKEN, ZOOM_BOT_JID };
  return {
    dataDir: resolve(e.DATA_DIR),
    ports: {
      app: e.PORT,
      sandbox: e.SANDBOX_PORT,
      temporal: e.TEMPORAL_PORT,
      temporalUi: e.TEMPORAL_UI_PORT,
      mongo: e.MONGODB_PORT,
      apiMetrics: e.API_METRICS_PORT,
      workerMetrics: e.WORKER_METRICS_PORT,
    },
    publicUrl: e.PUBLIC_URL?.replace(/\/+$/, ''),
    temporalAddress: e.TEMPORAL_ADDRESS,
    temporalNamespace: e.TEMPORAL_NAMESPACE,
    mongodbUri: e.MONGODB_URI,
    logLevel: e.LOG_LEVEL,
    zoom,
    zoomApiUrl: e.ZOOM_API_URL?.replace(/\/+$/, ''),
    zoomOauthUrl: e.ZOOM_OAUTH_URL?.replace(/\/+$/, ''),
  };
}

function fail(faults: readonly string[]): never {
  const noun = faults.length === 1 ? 'one setting' : `${faults.length} settings`;
  throw new SettingsError(`Please correct ${noun}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
}
