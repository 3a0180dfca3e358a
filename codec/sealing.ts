import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** 32-byte AES-256 keys by id; `activeId` seals, every key opens. */
export interface SealingKeys {
  activeId: string;
  keys: ReadonlyMap<string, Uint8Array>;
}

/** Why something sealed could not be opened. */
export class SealingError extends Error {
  override name = 'SealingError';
}

const ivLength = 12;
const tagLength = 16;

/**
 * Encrypt and authenticate with AES-256-GCM under the active key.
 * @param context bound to the result without being part of it: opening needs the same words.
 * @returns the key's id, and `iv | ciphertext | tag`.
 */
export function seal(keys: SealingKeys, clear: Uint8Array, context = ''): { keyId: string; data: Buffer } {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', keyOf(keys, keys.activeId), iv);
  cipher.setAAD(Buffer.from(context));
  return { keyId: keys.activeId, data: Buffer.concat([iv, cipher.update(clear), cipher.final(), cipher.getAuthTag()]) };
}

/**
 * Open what {@link seal} made.
 * @throws {SealingError} if the key is not configured, or the data or its context was altered.
 */
export function open(keys: SealingKeys, keyId: string, data: Uint8Array, context = ''): Buffer {
  const key = keyOf(keys, keyId);
  if (data.length < ivLength + tagLength) throw new SealingError('The encrypted data is too short to be whole.');
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, ivLength));
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(data.subarray(data.length - tagLength));
  try {
    return Buffer.concat([decipher.update(data.subarray(ivLength, data.length - tagLength)), decipher.final()]);
  } catch (cause) {
    throw new SealingError(`Data encrypted with key "${keyId}" does not open: it was altered, or the key differs.`, {
      cause,
    });
  }
}

function keyOf(keys: SealingKeys, id: string): Uint8Array {
  const key = keys.keys.get(id);
  if (!key)
    throw new SealingError(`No encryption key with id "${id}" is configured: add it to read what it encrypted.`);
  return key;
}
