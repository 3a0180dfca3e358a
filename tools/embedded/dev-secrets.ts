import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Secrets and the sandbox app's credentials for development, under the names of their environment variables. */
export interface DevSecrets {
  SESSION_SECRET: string;
  /** `keyId:base64(32 bytes)` pairs, comma separated; the first one encrypts. */
  TOKEN_ENCRYPTION_KEYS: string;
  PAYLOAD_ENCRYPTION_KEYS: string;
  OPERATOR_PASSWORD: string;
  ZOOM_CLIENT_ID: string;
  ZOOM_CLIENT_SECRET: string;
  ZOOM_WEBHOOK_SECRET_TOKEN: string;
  ZOOM_BOT_JID: string;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Reads `<dataDir>/secrets.json`, making it (mode 0600) at the first time. What is in the file stays, so that data
 * written by an earlier run can be read by the next; what a newer version needs more is added.
 *
 * @throws Error when the file is there but is not ours: it is never overwritten then.
 */
export async function devSecrets(dataDir: string): Promise<DevSecrets> {
  const file = join(dataDir, 'secrets.json');
  const kept = await read(file);
  const secrets: DevSecrets = { ...generate(), ...kept };
  if (Object.keys(secrets).some((key) => !(key in kept))) {
    await mkdir(dataDir, { recursive: true });
    await writeFile(`${file}.new`, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
  return secrets;
}

async function read(file: string): Promise<Partial<DevSecrets>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  const fault = `${file} is damaged: put it back from a copy, or move the whole data folder away to begin anew.`;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(fault);
  }
  if (!isTextRecord(content)) throw new Error(fault);
  return content;
}

function isTextRecord(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value as Record<string, unknown>).every((entry) => typeof entry === 'string');
}

function generate(): DevSecrets {
  return {
    SESSION_SECRET: randomBytes(48).toString('base64url'),
    TOKEN_ENCRYPTION_KEYS: `dev-1:${randomBytes(32).toString('base64')}`,
    PAYLOAD_ENCRYPTION_KEYS: `dev-1:${randomBytes(32).toString('base64')}`,
    OPERATOR_PASSWORD: randomBytes(12).toString('base64url'),
    // The shapes of Zoom's own: the Bot JID is "v1" and 22 characters at Zoom's chat server.
    ZOOM_CLIENT_ID: letters(22),
    ZOOM_CLIENT_SECRET: letters(32),
    ZOOM_WEBHOOK_SECRET_TOKEN: letters(22),
    ZOOM_BOT_JID: `v1${letters(22)}@xmpp.zoom.us`,
  };
}

function letters(length: number): string {
  // 36 divides 252: bytes above it are drawn again, so every letter is equally likely.
  let text = '';
  while (text.length < length) {
    const [byte = 255] = randomBytes(1);
    if (byte < 252) text += alphabet.charAt(byte % alphabet.length);
  }
  return text;
}
