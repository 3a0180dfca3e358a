import { z } from 'zod';
import type { SealingKeys } from '../codec/sealing.ts';
import type { ChatTimings } from '../domain/chat-timings.ts';
import { faultOfPassword, faultOfPublicUrl } from './production.ts';
import { mailFrom, smtpUrl, type MailFrom, type SmtpServer } from './smtp.ts';
import { readTemporalConnection, type TemporalConnection } from './temporal.ts';

/**
 * The environment, parsed once at start into one typed object: one for the api, one for the worker, each with what that
 * process needs and nothing else, so that no process has to be given a secret that it does not use. Every fault is
 * reported at once, in words, and no value of a secret is ever printed.
 */

const url = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .transform((value) => value.replace(/\/+$/, ''));
const port = z.coerce.number({ error: 'must be a number' }).int().min(0).max(65_535);
const text = z.string().min(1);
const count = z.coerce.number({ error: 'must be a number' }).int().min(1).max(1_000_000);
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
  .refine((names) => names.every((name) => /^[a-z_]+(:[a-z_]+)+$/.test(name)), {
    error: 'must be names of scopes, comma separated (see docs/connect-zoom.md)',
  });

/** What both processes need. */
const shared = {
  NODE_ENV: z.enum(['development', 'test', 'production']).default('production'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  PUBLIC_URL: url.default('http://localhost:3000'),

  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'must be host:port')
    .optional(),
  TEMPORAL_NAMESPACE: text.optional(),
  TEMPORAL_API_KEY: text.optional(),
  TEMPORAL_TLS: flag.optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: text.optional(),
  TEMPORAL_TLS_SERVER_NAME: text.optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: text.optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: text.optional(),
  TEMPORAL_PROFILE: text.optional(),
  TEMPORAL_CONFIG_FILE: text.optional(),
  MONGODB_URI: z.string().regex(/^mongodb(\+srv)?:\/\//, 'must start with mongodb:// or mongodb+srv://'),

  ZOOM_API_URL: url.default('https://api.zoom.us/v2'),
  ZOOM_OAUTH_URL: url.default('https://zoom.us/oauth'),
  ZOOM_CLIENT_ID: text,
  ZOOM_CLIENT_SECRET: text,
  ZOOM_BOT_JID: z.string().regex(/^[^@\s]+@xmpp\.zoom\.us$/, 'must be the Bot JID, ending in @xmpp.zoom.us'),

  TOKEN_ENCRYPTION_KEYS: keyRing,
  PAYLOAD_ENCRYPTION_KEYS: keyRing,

  MAIL_FROM: mailFrom.optional(),

  METRICS_PORT: port.optional(),
  METRICS_HOST: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).default('127.0.0.1'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: text.optional(),
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
};

/** Seconds, comma-separated, in any order; `none` for none. */
const waitTimes = z
  .string()
  .transform((value) => (value.trim() === 'none' ? [] : value.split(',').map(Number)))
  .pipe(z.array(z.int('must be whole numbers of seconds, comma-separated, or none').min(5).max(86_400)).max(10))
  .transform((seconds) => seconds.toSorted((a, b) => a - b));

const apiSchema = z.object({
  ...shared,
  PORT: port.default(3000),
  HOST: text.optional(),
  DELIVERY_URL: url.optional(),
  TRUST_PROXY: z.coerce.number().int().min(0).max(10).default(0),
  TEMPORAL_UI_URL: url.optional(),
  TEMPORAL_UI_PORT: port.optional(),

  ZOOM_WEBHOOK_SECRET_TOKEN: z.string().min(8),
  ZOOM_WEBHOOK_TOLERANCE_SECONDS: z.coerce.number().int().min(60).max(86_400).default(6_000),
  ZOOM_SCOPES: scopeNames.default([]),

  SESSION_SECRET: z.string().min(32, 'must have at least 32 characters'),
  OPERATOR_PASSWORD: z.string().min(12, 'must have at least 12 characters').optional(),

  NEW_CHATS_PER_ADDRESS: count.default(5),
  NEW_CHATS_PER_WIDGET: count.default(30),
  NEW_CHATS_PER_ACCOUNT: count.default(60),
  CHALLENGE_BITS: z.coerce.number({ error: 'must be a number' }).int().min(0).max(24).default(0),

  REMIND_AFTER_SECONDS: waitTimes.default([120, 300]),
  MISSED_AFTER_SECONDS: z.coerce.number().int().min(5).max(86_400).default(300),
  IDLE_END_HOURS: z.coerce
    .number()
    .min(0.01)
    .max(24 * 30)
    .default(24),
  REOPEN_HOURS: z.coerce
    .number()
    .min(0)
    .max(24 * 30)
    .default(24),
  MAIL_AFTER_SECONDS: z.coerce.number().int().min(5).max(86_400).default(120),
});

const workerSchema = z.object({
  ...shared,
  ZOOM_PLAN: z.enum(['free', 'pro', 'business', 'off']).default('pro'),
  SMTP_URL: smtpUrl.optional(),
  WORKFLOW_BUNDLE: text.optional(),
  TRIAL_DAYS: z.coerce.number().int().min(1).max(365).default(14),
  RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(365),
  INBOUND_CHANNEL_NAME: z.string().trim().min(1).max(200).default('Live Chat Inbound'),
});

/** Names of the variables that each process reads: what a deployment has to give it, and no more. */
export const variablesByProcess = {
  api: Object.keys(apiSchema.shape),
  worker: Object.keys(workerSchema.shape),
} as const;

/** What both processes read from the environment, by purpose. */
export interface SharedConfig {
  environment: 'development' | 'test' | 'production';
  logLevel: string;
  /** Address of the app as browsers and Zoom reach it. */
  http: { publicUrl: string };
  temporal: { connection: TemporalConnection; namespace: string };
  mongodbUri: string;
  zoom: { apiUrl: string; oauthUrl: string; clientId: string; clientSecret: string; botJid: string };
  tokenKeys: SealingKeys;
  payloadKeys: SealingKeys;
  /** Who mails to visitors are from; undefined: no mail is offered or sent. */
  mailFrom: MailFrom | undefined;
  /** Where Prometheus may ask for metrics; no port: nowhere. */
  metrics: { port: number | undefined; host: string };
  /** Whether traces are sent. Where to and how, the OpenTelemetry SDK reads from the same `OTEL_…` variables. */
  tracing: boolean;
}

export interface ApiConfig extends SharedConfig {
  http: SharedConfig['http'] & {
    port: number;
    host: string | undefined;
    /** Where workers reach this api process directly; worked out from the address that it listens on if not given. */
    deliveryUrl: string | undefined;
    trustProxy: number;
  };
  temporal: SharedConfig['temporal'] & {
    /** Where this process reaches Temporal UI, which operators reach through it; not set: they do not. */
    uiUrl: string | undefined;
    /** Development only: the port on loopback that leads to Temporal UI too. */
    uiPort: number | undefined;
  };
  zoom: SharedConfig['zoom'] & {
    webhookSecretToken: string;
    /** How old a webhook's timestamp may be, s. Zoom retries up to 85 minutes after the first try. */
    webhookToleranceSeconds: number;
    /** Scopes that the authorize link asks for; none: all of the app's settings. */
    authorizeScopes: readonly string[];
  };
  sessionSecret: string;
  operator: { password: string | undefined };
  /** Most chats that begin: within 5 minutes from one network, within a minute on one widget, in one account. */
  newChats: { perAddress: number; perWidget: number; perAccount: number };
  /** Zero bits that a browser has to find before its first message is taken; 0 for none. */
  challengeBits: number;
  product: ChatTimings;
}

export interface WorkerConfig extends SharedConfig {
  zoom: SharedConfig['zoom'] & {
    /** By which plan Zoom's rates are kept; `off`: not at all. */
    plan: 'free' | 'pro' | 'business' | 'off';
  };
  /** Takes the mails to visitors; undefined: none are sent. */
  smtp: SmtpServer | undefined;
  /** Workflow code bundled at build time; absent in development. */
  workflowBundle: string | undefined;
  product: { trialDays: number; retentionDays: number; inboundChannelName: string };
}

/** The message lists every fault, one a line, and never a value. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

type Env = Record<string, string | undefined>;

/**
 * Parse the api's environment.
 * @throws {ConfigError} naming every variable that is missing or wrong and what it must be.
 */
export function readApiConfig(env: Env): ApiConfig {
  const { e, config } = read(apiSchema, env);
  if (e.NODE_ENV === 'production' && e.TEMPORAL_UI_PORT !== undefined) {
    throw new ConfigError('TEMPORAL_UI_PORT is for development only: operators reach Temporal UI at /temporal/.');
  }
  if (e.NODE_ENV === 'production' && e.OPERATOR_PASSWORD !== undefined) {
    const fault = faultOfPassword(e.OPERATOR_PASSWORD);
    if (fault !== undefined) throw faulty([`OPERATOR_PASSWORD: ${fault}`]);
  }
  return {
    ...config,
    http: {
      ...config.http,
      port: e.PORT,
      host: e.HOST,
      deliveryUrl: e.DELIVERY_URL,
      trustProxy: e.TRUST_PROXY,
    },
    temporal: { ...config.temporal, uiUrl: e.TEMPORAL_UI_URL, uiPort: e.TEMPORAL_UI_PORT },
    zoom: {
      ...config.zoom,
      webhookSecretToken: e.ZOOM_WEBHOOK_SECRET_TOKEN,
      webhookToleranceSeconds: e.ZOOM_WEBHOOK_TOLERANCE_SECONDS,
      authorizeScopes: e.ZOOM_SCOPES,
    },
    sessionSecret: e.SESSION_SECRET,
    operator: { password: e.OPERATOR_PASSWORD },
    newChats: {
      perAddress: e.NEW_CHATS_PER_ADDRESS,
      perWidget: e.NEW_CHATS_PER_WIDGET,
      perAccount: e.NEW_CHATS_PER_ACCOUNT,
    },
    challengeBits: e.CHALLENGE_BITS,
    product: {
      remindAfterMs: e.REMIND_AFTER_SECONDS.map((seconds) => seconds * 1_000),
      missedAfterMs: e.MISSED_AFTER_SECONDS * 1_000,
      idleEndMs: Math.round(e.IDLE_END_HOURS * 3_600_000),
      reopenMs: Math.round(e.REOPEN_HOURS * 3_600_000),
      ...(e.MAIL_FROM === undefined ? {} : { mailAfterMs: e.MAIL_AFTER_SECONDS * 1_000 }),
    },
  };
}

/**
 * Parse the worker's environment.
 * @throws {ConfigError} naming every variable that is missing or wrong and what it must be.
 */
export function readWorkerConfig(env: Env): WorkerConfig {
  const { e, config } = read(workerSchema, env);
  if ((e.SMTP_URL === undefined) !== (e.MAIL_FROM === undefined)) {
    const [missing, other] = e.SMTP_URL === undefined ? ['SMTP_URL', 'MAIL_FROM'] : ['MAIL_FROM', 'SMTP_URL'];
    throw faulty([`${missing}: must be set too, since ${other} is (or unset both: then no mail is sent)`]);
  }
  return {
    ...config,
    zoom: { ...config.zoom, plan: e.ZOOM_PLAN },
    smtp: e.SMTP_URL,
    workflowBundle: e.WORKFLOW_BUNDLE,
    product: {
      trialDays: e.TRIAL_DAYS,
      retentionDays: e.RETENTION_DAYS,
      inboundChannelName: e.INBOUND_CHANNEL_NAME,
    },
  };
}

function read<T extends z.ZodType<SharedEnv>>(schema: T, env: Env): { e: z.infer<T>; config: SharedConfig } {
  // An empty variable means "not set", as docker-compose and shells pass unset ones.
  const given = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    throw faulty(
      parsed.error.issues.map((issue) => {
        const name = issue.path.join('.');
        return `${name}: ${given[name] === undefined ? 'is not set and has no default' : issue.message}`;
      }),
    );
  }
  const e = parsed.data;
  const fault = e.NODE_ENV === 'production' ? faultOfPublicUrl(e.PUBLIC_URL) : undefined;
  if (fault !== undefined) throw faulty([`PUBLIC_URL: ${fault}`]);
  return {
    e,
    config: {
      environment: e.NODE_ENV,
      logLevel: e.LOG_LEVEL,
      http: { publicUrl: e.PUBLIC_URL },
      temporal: temporalOf(given),
      mongodbUri: e.MONGODB_URI,
      zoom: {
        apiUrl: e.ZOOM_API_URL,
        oauthUrl: e.ZOOM_OAUTH_URL,
        clientId: e.ZOOM_CLIENT_ID,
        clientSecret: e.ZOOM_CLIENT_SECRET,
        botJid: e.ZOOM_BOT_JID,
      },
      tokenKeys: e.TOKEN_ENCRYPTION_KEYS,
      payloadKeys: e.PAYLOAD_ENCRYPTION_KEYS,
      mailFrom: e.MAIL_FROM,
      metrics: { port: e.METRICS_PORT, host: e.METRICS_HOST },
      tracing: e.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && e.OTEL_TRACES_SAMPLER !== 'always_off',
    },
  };
}
type SharedEnv = z.infer<z.ZodObject<typeof shared>>;

function temporalOf(given: Record<string, string>): SharedConfig['temporal'] {
  try {
    return readTemporalConnection(given);
  } catch (error) {
    throw faulty([`TEMPORAL_…: ${firstLine(error)}`]);
  }
}

/** Of an error of the TOML parser: what follows shows lines of the file, which may hold an API key. */
function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line;
}

function faulty(faults: readonly string[]): ConfigError {
  const count = `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`;
  return new ConfigError(
    `The configuration has ${count} (see .env.example):\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
  );
}
