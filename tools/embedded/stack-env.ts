import { join } from 'node:path';
import { temporalSecurityVariables } from '../../config/temporal.ts';
import type { DevSecrets } from './dev-secrets.ts';
import type { PortName } from './ports.ts';
import { developmentBundle } from './programs.ts';
import type { StackOptions, StackUrls } from './stack-options.ts';

type Env = Record<string, string>;

/** What somebody has set for Temporal's command line must not reach the embedded server. */
const plainConnection: Env = Object.fromEntries(temporalSecurityVariables.map((name) => [name, '']));

/** For load and tests, in which many chats begin at once: as many as they like. */
export const anyNumberOfChats: Env = {
  NEW_CHATS_PER_ADDRESS: '1000000',
  NEW_CHATS_PER_WIDGET: '1000000',
  NEW_CHATS_PER_ACCOUNT: '1000000',
};

/** The environment of api and worker. A variable of the process's own environment wins over a generated secret. */
export function apiAndWorkerEnv(
  options: StackOptions,
  ports: Readonly<Record<PortName, number>>,
  urls: StackUrls,
  secrets: DevSecrets,
  own: Readonly<Record<string, string | undefined>> = process.env,
): Env {
  const credentials = options.zoom ?? secrets;
  const secret = (name: keyof DevSecrets): string => own[name] || secrets[name];
  return {
    NODE_ENV: 'development',
    LOG_LEVEL: options.logLevel ?? 'info',
    PORT: String(ports.app),
    HOST: own['HOST'] || '127.0.0.1',
    PUBLIC_URL: urls.public,
    ...(options.temporalAddress === undefined ? plainConnection : {}),
    TEMPORAL_ADDRESS: urls.temporal,
    TEMPORAL_NAMESPACE: options.temporalNamespace ?? 'default',
    ...(urls.temporalUi === undefined ? {} : { TEMPORAL_UI_URL: `http://127.0.0.1:${ports.temporalUiServer}` }),
    MONGODB_URI: urls.mongodb,
    ...zoomAddresses(options, urls),
    ZOOM_CLIENT_ID: credentials.ZOOM_CLIENT_ID,
    ZOOM_CLIENT_SECRET: credentials.ZOOM_CLIENT_SECRET,
    ZOOM_WEBHOOK_SECRET_TOKEN: credentials.ZOOM_WEBHOOK_SECRET_TOKEN,
    ZOOM_BOT_JID: credentials.ZOOM_BOT_JID,
    // What the simulator allows by default.
    ...(urls.sandbox === undefined
      ? {}
      : {
          ZOOM_PLAN: own['ZOOM_PLAN'] || 'business',
          // Whoever tries it is every visitor at once.
          NEW_CHATS_PER_ADDRESS: own['NEW_CHATS_PER_ADDRESS'] || '50',
          ...mailServer(ports, own),
        }),
    WORKFLOW_BUNDLE: own['WORKFLOW_BUNDLE'] || developmentBundle,
    SESSION_SECRET: secret('SESSION_SECRET'),
    TOKEN_ENCRYPTION_KEYS: secret('TOKEN_ENCRYPTION_KEYS'),
    PAYLOAD_ENCRYPTION_KEYS: secret('PAYLOAD_ENCRYPTION_KEYS'),
    OPERATOR_PASSWORD: secret('OPERATOR_PASSWORD'),
  };
}

/** The sandbox's mail server, unless there is another one. */
function mailServer(
  { smtp }: Readonly<Record<PortName, number>>,
  own: Readonly<Record<string, string | undefined>>,
): Env {
  if (own['SMTP_URL']) return {};
  return { SMTP_URL: `smtp://127.0.0.1:${smtp}`, MAIL_FROM: own['MAIL_FROM'] || 'chat@sandbox.example' };
}

/** The environment of the sandbox: the simulated app is registered with our addresses and credentials. */
export function sandboxEnv(
  dataDir: string,
  ports: Readonly<Record<PortName, number>>,
  urls: StackUrls,
  secrets: DevSecrets,
): Env {
  return {
    NODE_ENV: 'development',
    SANDBOX_PORT: String(ports.sandbox),
    SANDBOX_SMTP_PORT: String(ports.smtp),
    SANDBOX_PUBLIC_URL: `http://localhost:${ports.sandbox}`,
    SANDBOX_DATA_DIR: join(dataDir, 'sandbox'),
    SANDBOX_CLIENT_ID: secrets.ZOOM_CLIENT_ID,
    SANDBOX_CLIENT_SECRET: secrets.ZOOM_CLIENT_SECRET,
    SANDBOX_WEBHOOK_SECRET_TOKEN: secrets.ZOOM_WEBHOOK_SECRET_TOKEN,
    SANDBOX_BOT_JID: secrets.ZOOM_BOT_JID,
    SANDBOX_REDIRECT_URIS: `${urls.public}/oauth/callback`,
    SANDBOX_BOT_ENDPOINT_URL: `${urls.public}/webhooks/zoom/bot`,
    SANDBOX_EVENT_ENDPOINT_URL: `${urls.public}/webhooks/zoom/events`,
  };
}

function zoomAddresses({ zoomApiUrl, zoomOauthUrl }: StackOptions, { sandbox }: StackUrls): Env {
  const api = zoomApiUrl ?? (sandbox === undefined ? undefined : `${sandbox}/v2`);
  const oauth = zoomOauthUrl ?? (sandbox === undefined ? undefined : `${sandbox}/oauth`);
  // With a real Zoom app the product's own defaults hold.
  return {
    ...(api === undefined ? {} : { ZOOM_API_URL: api }),
    ...(oauth === undefined ? {} : { ZOOM_OAUTH_URL: oauth }),
  };
}
