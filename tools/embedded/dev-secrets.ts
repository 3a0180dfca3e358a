import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Secrets and the sandbox app's credentials for development, under the names of their environment variables. */
export type DevSecrets = ReturnType<typeof generate>;
const keptSchema = z.record(z.string(), z.string());

/**
 * Reads `<dataDir>/secrets.json`, making it (mode 0600) at the first time. What is in the file stays, so that data
 * written by an earlier run can be read by the next; what a newer version needs more is added.
 *
 * @throws Error when the file is there but is not ours: it is never overwritten then.
 */
export async function devSecrets(dataDir: string): Promise<DevSecrets> {
  const file = join(dataDir, 'secrets.json');
  const kept = await read(file);
  const secrets = { ...generate(), ...kept };
  if (Object.keys(secrets).some((key) => !(key in kept))) {
    await mkdir(dataDir, { recursive: true });
    await writeFile(`${file}.new`, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
  return secrets;
}

async function read(file: string): Promise<Record<string, string>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '{}';
    throw error;
  });
  try {
    return keptSchema.parse(JSON.parse(text));
  } catch {
    // Without a cause: it could show secrets.
    throw new Error(`${file} is damaged: put it back from a copy, or move the whole data folder away to begin anew.`);
  }
}

function generate() {
  return {
    SESSION_SECRET: randomBytes(48).toString('base64url'),
    // `keyId:base64(32 bytes)` pairs, comma separated; the first one encrypts.
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
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}
