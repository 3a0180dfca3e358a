import { z } from 'zod';
import { switchesInput, type SwitchesInput } from './switches.ts';

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });
const withoutSlash = (value: string): string => value.replace(/\/+$/, '');

const jsonText = z.string().transform((text, ctx): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    ctx.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});

/** The form of a bot JID (reference: developers.zoom.us/docs/team-chat-apps/). */
const botJid = z.string().regex(/^v1[\w-]+@xmpp\.zoom\.us$/, 'must look like v1…@xmpp.zoom.us');

/**
 * The sandbox's environment. Everything has a default that is good for trying things out on one machine;
 * a value that is given and wrong is reported, all faults at once.
 */
export const environmentSchema = z.object({
  SANDBOX_PORT: z.coerce.number().int().min(0).max(65535).default(3100),
  SANDBOX_SMTP_PORT: z.coerce.number().int().min(0).max(65535).default(3125),
  SANDBOX_DATA_DIR: z.string().min(1).optional(),
  SANDBOX_CLIENT_ID: z.string().min(1).default('sandbox-client-id'),
  SANDBOX_CLIENT_SECRET: z.string().min(1).default('sandbox-client-secret'),
  SANDBOX_WEBHOOK_SECRET_TOKEN: z.string().min(1).default('sandbox-webhook-secret-token'),
  SANDBOX_BOT_JID: botJid.default('v1sandboxlivechatbot00@xmpp.zoom.us'),
  SANDBOX_REDIRECT_URIS: z
    .string()
    .default('http://localhost:3000/oauth/callback')
    .transform((text) => text.split(',').map((one) => one.trim()))
    .pipe(z.array(httpUrl).min(1)),
  SANDBOX_BOT_ENDPOINT_URL: httpUrl.optional(),
  SANDBOX_EVENT_ENDPOINT_URL: httpUrl.optional(),
  SANDBOX_PUBLIC_URL: httpUrl.transform(withoutSlash).optional(),
  SANDBOX_SWITCHES: jsonText.pipe(switchesInput).optional(),
});

/** What a running sandbox needs to know about the simulated app and about itself. */
export interface SandboxConfig {
  /** Port on loopback; 0 takes a free one. */
  port: number;
  /** Port of the mail server on loopback; 0 takes a free one. */
  smtpPort: number;
  /** Folder that keeps the state; without one the state lives in memory only. */
  dataDir?: string | undefined;
  clientId: string;
  clientSecret: string;
  /** Secret Token: HMAC key of webhook signatures. */
  webhookSecretToken: string;
  botJid: string;
  redirectUris: string[];
  /** Receives bot_* and interactive_* events. */
  botEndpointUrl?: string | undefined;
  /** Receives the events of the event subscription. */
  eventEndpointUrl?: string | undefined;
  /** The address under which browsers and the app see the sandbox; defaults to the address it listens on. */
  publicUrl?: string | undefined;
  /** Switches that differ from their defaults from the start. */
  switches?: SwitchesInput | undefined;
}

/** Raised when the environment does not fit; the message has one line for every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration from environment variables. An empty variable counts as not set.
 * @throws ConfigError naming every fault at once
 */
export function readConfig(env: Record<string, string | undefined>): SandboxConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`The sandbox's configuration has faults:\n${lines.join('\n')}`);
  }
  const e = parsed.data;
  return {
    port: e.SANDBOX_PORT,
    smtpPort: e.SANDBOX_SMTP_PORT,
    dataDir: e.SANDBOX_DATA_DIR,
    clientId: e.SANDBOX_CLIENT_ID,
    clientSecret: e.SANDBOX_CLIENT_SECRET,
    webhookSecretToken: e.SANDBOX_WEBHOOK_SECRET_TOKEN,
    botJid: e.SANDBOX_BOT_JID,
    redirectUris: e.SANDBOX_REDIRECT_URIS,
    botEndpointUrl: e.SANDBOX_BOT_ENDPOINT_URL,
    eventEndpointUrl: e.SANDBOX_EVENT_ENDPOINT_URL,
    publicUrl: e.SANDBOX_PUBLIC_URL,
    switches: e.SANDBOX_SWITCHES,
  };
}
