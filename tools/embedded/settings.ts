import { resolve } from 'node:path';
import { z } from 'zod';
import type { SettablePort } from './ports.ts';

/** Faults in the environment, all of them, one line each. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

const portFault = 'must be a port number from 0 to 65535';
/** 0 picks a free port. */
const port = (standard: number) =>
  z.coerce.number(portFault).int(portFault).min(0, portFault).max(65_535, portFault).default(standard);
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an address like https://chat.example.com' });
const text = z.string().min(1);

const credentials = ['ZOOM_CLIENT_ID', 'ZOOM_CLIENT_SECRET', 'ZOOM_WEBHOOK_SECRET_TOKEN', 'ZOOM_BOT_JID'] as const;
/** Credentials of a real Zoom app. */
export type ZoomCredentials = Record<(typeof credentials)[number], string>;

const schema = z.object({
  PORT: port(3000),
  SANDBOX_PORT: port(3100),
  SANDBOX_SMTP_PORT: port(3125),
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

/** What `npm start` takes from the environment, as options of `startStack`. */
export type Settings = ReturnType<typeof readSettings>;

/**
 * Reads the environment of `npm start`. An empty variable counts as not set.
 *
 * @throws SettingsError with every fault; values are not repeated, since some are secret.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>) {
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value)));
  if (!parsed.success) fail(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  const e = parsed.data;
  const given = credentials.filter((name) => e[name] !== undefined);
  if (given.length > 0 && given.length < credentials.length) {
    const missing = credentials.filter((name) => e[name] === undefined);
    fail([`${missing.join(', ')} must be set too, since ${given.join(', ')} is (or unset it to use the sandbox)`]);
  }
  return {
    dataDir: resolve(e.DATA_DIR),
    ports: {
      app: e.PORT,
      sandbox: e.SANDBOX_PORT,
      smtp: e.SANDBOX_SMTP_PORT,
      temporal: e.TEMPORAL_PORT,
      temporalUi: e.TEMPORAL_UI_PORT,
      mongo: e.MONGODB_PORT,
      apiMetrics: e.API_METRICS_PORT,
      workerMetrics: e.WORKER_METRICS_PORT,
    } satisfies Record<SettablePort, number>,
    publicUrl: withoutSlash(e.PUBLIC_URL),
    temporalAddress: e.TEMPORAL_ADDRESS,
    temporalNamespace: e.TEMPORAL_NAMESPACE,
    mongodbUri: e.MONGODB_URI,
    logLevel: e.LOG_LEVEL,
    /** Without it the sandbox is started. */
    zoom:
      given.length === 0 ? undefined : (Object.fromEntries(given.map((name) => [name, e[name]])) as ZoomCredentials),
    zoomApiUrl: withoutSlash(e.ZOOM_API_URL),
    zoomOauthUrl: withoutSlash(e.ZOOM_OAUTH_URL),
  };
}

const withoutSlash = (url: string | undefined): string | undefined => url?.replace(/\/+$/, '');

function fail(faults: readonly string[]): never {
  const noun = faults.length === 1 ? 'one setting' : `${faults.length} settings`;
  throw new SettingsError(`Please correct ${noun}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
}
