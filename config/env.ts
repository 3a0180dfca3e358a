import { z } from 'zod';
import type { SealingKeys } from '../codec/sealing.ts';

/**
 * The environment, parsed once at start into one typed object. Every fault is reported at once, in words, and no
 * value of a secret is ever printed.
 */

const url = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .transform((value) => value.replace(/\/+$/, ''));
const port = z.coerce.number({ error: 'must be a number' }).int().min(0).max(65_535);
const flag = z.enum(['true', 'false'], { error: 'must be true or false' }).transform((value) => value === 'true');

/** `keyId:base64` pairs, comma separated; the first is used for new data, the others still decrypt old data. */
const keyRing = z.string().transform((value, context): SealingKeys => {
  const keys = new Map<string, Uint8Array>();
  for (const pair of value.split(',')) {
    const [id, encoded, ...rest] = pair.trim().split(':');
    const key = Buffer.from(encoded ?? '', 'base64');
    if (!id || !/^[A-Za-z0-9_-]{1,32}$/.test(id) || rest.length > 0 || key.length !== 32 || keys.has(id)) {
      context.addIssue({
        code: 'custom',
        message:
          'must be keyId:base64 pairs, comma separated, each id once, each key 32 bytes (openssl rand -base64 32)',
      });
      return z.NEVER;
    }
    keys.set(id, new Uint8Array(key));
  }
  const [activeId] = keys.keys();
  return activeId === undefined ? z.NEVER : { activeId, keys };
});

/** Names of scopes, comma separated. */
const scopeNames = z
  .string()
  .transform((value) => value.split(',').map((name) => name.trim()))
  .pipe(
    z.array(
      z.string().regex(/^[a-z_]+(:[a-z_]+)+$/, 'must be names of scopes, comma separated (see docs/connect-zoom.md)'),
    ),
  );

const schema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('production'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  PORT: port.default(3000),
  HOST: z.string().min(1).optional(),
  DELIVERY_URL: url.optional(),
  PUBLIC_URL: url.default('http://localhost:3000'),
  TRUST_PROXY: z.coerce.number().int().min(0).max(10).default(0),

  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'must be host:port')
    .default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_UI_URL: url.default('http://localhost:8233'),
  MONGODB_URI: z.string().regex(/^mongodb(\+srv)?:\/\//, 'must start with mongodb:// or mongodb+srv://'),

  ZOOM_API_URL: url.default('https://api.zoom.us/v2'),
  ZOOM_OAUTH_URL: url.default('https://zoom.us/oauth'),
  ZOOM_CLIENT_ID: z.string().min(1),
  ZOOM_CLIENT_SECRET: z.string().min(1),
  ZOOM_WEBHOOK_SECRET_TOKEN: z.string().min(8),
  ZOOM_BOT_JID: z.string().regex(/^[^@\s]+@xmpp\.zoom\.us$/, 'must be the Bot JID, ending in @xmpp.zoom.us'),
  ZOOM_WEBHOOK_TOLERANCE_SECONDS: z.coerce.number().int().min(60).max(86_400).default(6_000),
  ZOOM_SCOPES: scopeNames.default([]),
  ZOOM_PLAN: z.enum(['free', 'pro', 'business', 'off']).default('pro'),

  SESSION_SECRET: z.string().min(32, 'must have at least 32 characters'),
  TOKEN_ENCRYPTION_KEYS: keyRing,
  PAYLOAD_ENCRYPTION_KEYS: keyRing,
  OPERATOR_PASSWORD: z.string().min(12, 'must have at least 12 characters').optional(),
  CODEC_TRUST_LOOPBACK: flag.default(false),

  WORKFLOW_BUNDLE: z.string().min(1).optional(),

  METRICS_PORT: port.optional(),
  METRICS_HOST: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).default('127.0.0.1'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().min(1).optional(),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number({ error: 'must be a number' }).min(0).max(1).default(1),

  TRIAL_DAYS: z.coerce.number().int().min(1).max(365).default(14),
  RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(365),
  INBOUND_CHANNEL_NAME: z.string().trim().min(1).max(200).default('Live Chat Inbound'),
  MISSED_AFTER_SECONDS: z.coerce.number().int().min(5).max(86_400).default(300),
  IDLE_END_HOURS: z.coerce
    .number()
    .min(0.01)
    .max(24 * 30)
    .default(24),
});

/** Everything the api and the worker read from the environment, by purpose. */
export interface Config {
  environment: 'development' | 'test' | 'production';
  logLevel: string;
  http: {
    port: number;
    host: string | undefined;
    publicUrl: string;
    /** Where workers reach this api process directly; worked out from the address that it listens on if not given. */
    deliveryUrl: string | undefined;
    trustProxy: number;
  };
  temporal: { address: string; namespace: string; uiUrl: string };
  mongodbUri: string;
  zoom: {
    apiUrl: string;
    oauthUrl: string;
    clientId: string;
    clientSecret: string;
    webhookSecretToken: string;
    botJid: string;
    /** How old a webhook's timestamp may be, s. Zoom retries up to 85 minutes after the first try. */
    webhookToleranceSeconds: number;
    /** Scopes that the authorize link asks for; none: all of the app's settings. */
    authorizeScopes: readonly string[];
    /** By which plan Zoom's rates are kept; `off`: not at all. */
    plan: 'free' | 'pro' | 'business' | 'off';
  };
  sessionSecret: string;
  tokenKeys: SealingKeys;
  payloadKeys: SealingKeys;
  operator: {
    password: string | undefined;
    /** Development only: the codec endpoint answers Temporal UI on this machine without a sign-in. */
    trustLoopback: boolean;
  };
  /** Workflow code bundled at build time; absent in development. */
  workflowBundle: string | undefined;
  /** Where Prometheus may ask for metrics; no port: nowhere. */
  metrics: { port: number | undefined; host: string };
  /** Whether traces are sent. Where to and how, the OpenTelemetry SDK reads from the same `OTEL_…` variables. */
  tracing: boolean;
  product: {
    trialDays: number;
    retentionDays: number;
    inboundChannelName: string;
    missedAfterMs: number;
    idleEndMs: number;
  };
}

/** Thrown by {@link readConfig}; the message lists every fault, one a line, and never a value. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Parse the environment.
 * @throws {ConfigError} naming every variable that is missing or wrong and what it must be.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  // An empty variable means "not set", as docker-compose and shells pass unset ones.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      const name = issue.path.join('.');
      return `  ${name}: ${given[name] === undefined ? 'is not set and has no default' : issue.message}`;
    });
    throw new ConfigError(
      `The configuration has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} (see .env.example):\n${faults.join('\n')}`,
    );
  }
  const e = parsed.data;
  if (e.NODE_ENV === 'production' && e.CODEC_TRUST_LOOPBACK) {
    throw new ConfigError('CODEC_TRUST_LOOPBACK=true is for development only: remove it, or set NODE_ENV=development.');
  }
  return {
    environment: e.NODE_ENV,
    logLevel: e.LOG_LEVEL,
    http: {
      port: e.PORT,
      host: e.HOST,
      publicUrl: e.PUBLIC_URL,
      deliveryUrl: e.DELIVERY_URL,
      trustProxy: e.TRUST_PROXY,
    },
    temporal: { address: e.TEMPORAL_ADDRESS, namespace: e.TEMPORAL_NAMESPACE, uiUrl: e.TEMPORAL_UI_URL },
    mongodbUri: e.MONGODB_URI,
    zoom: {
      apiUrl: e.ZOOM_API_URL,
      oauthUrl: e.ZOOM_OAUTH_URL,
      clientId: e.ZOOM_CLIENT_ID,
      clientSecret: e.ZOOM_CLIENT_SECRET,
      webhookSecretToken: e.ZOOM_WEBHOOK_SECRET_TOKEN,
      botJid: e.ZOOM_BOT_JID,
      webhookToleranceSeconds: e.ZOOM_WEBHOOK_TOLERANCE_SECONDS,
      authorizeScopes: e.ZOOM_SCOPES,
      plan: e.ZOOM_PLAN,
    },
    sessionSecret: e.SESSION_SECRET,
    tokenKeys: e.TOKEN_ENCRYPTION_KEYS,
    payloadKeys: e.PAYLOAD_ENCRYPTION_KEYS,
    operator: { password: e.OPERATOR_PASSWORD, trustLoopback: e.CODEC_TRUST_LOOPBACK },
    workflowBundle: e.WORKFLOW_BUNDLE,
    metrics: { port: e.METRICS_PORT, host: e.METRICS_HOST },
    tracing: e.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && e.OTEL_TRACES_SAMPLER !== 'always_off',
    product: {
      trialDays: e.TRIAL_DAYS,
      retentionDays: e.RETENTION_DAYS,
      inboundChannelName: e.INBOUND_CHANNEL_NAME,
      missedAfterMs: e.MISSED_AFTER_SECONDS * 1_000,
      idleEndMs: Math.round(e.IDLE_END_HOURS * 3_600_000),
    },
  };
}
