import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../embedded/ports.ts';

export interface Settings {
  /** Ports on 127.0.0.1. */
  port: number;
  sandboxPort: number;
  operatorPassword: string;
  /** The file with all of them, as compose reads it. */
  file: string;
}

/** What an operator writes into .env: secrets of this run alone, and where this machine reaches app and sandbox. */
export async function writeSettings(folder: string, nodeImage: string): Promise<Settings> {
  const port = await freePort();
  const sandboxPort = await freePort([port]);
  const secret = (bytes: number): string => randomBytes(bytes).toString('hex');
  const key = (): string => `k1:${randomBytes(32).toString('base64')}`;
  const operatorPassword = secret(16);
  const values: Record<string, string> = {
    PUBLIC_URL: `http://localhost:${port}`,
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
    NODE_IMAGE: nodeImage,
    ZOOM_CLIENT_ID: `client-${secret(4)}`,
    ZOOM_CLIENT_SECRET: secret(16),
    ZOOM_WEBHOOK_SECRET_TOKEN: secret(11),
    ZOOM_BOT_JID: `v1${secret(8)}@xmpp.zoom.us`,
    // As the containers reach the sandbox: by the proxy, whose network it shares.
    ZOOM_API_URL: 'http://proxy:3101/v2',
    ZOOM_OAUTH_URL: 'http://proxy:3101/oauth',
    ZOOM_PLAN: 'business',
    SESSION_SECRET: secret(32),
    TOKEN_ENCRYPTION_KEYS: key(),
    PAYLOAD_ENCRYPTION_KEYS: key(),
    OPERATOR_PASSWORD: operatorPassword,
    MONGODB_ROOT_PASSWORD: secret(24),
    MONGODB_PASSWORD: secret(24),
    POSTGRES_PASSWORD: secret(24),
    // All visitors of the run have one address.
    NEW_CHATS_PER_ADDRESS: '1000',
  };
  const file = join(folder, 'settings.env');
  await writeFile(
    file,
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
    { mode: 0o600 },
  );
  return { port, sandboxPort, operatorPassword, file };
}
