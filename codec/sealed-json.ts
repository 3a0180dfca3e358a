import { open, seal, SealingError, type SealingKeys } from './sealing.ts';

/** `<key id>.<iv | ciphertext | tag>`: a key id has no dot. */
const dot = 0x2e;
const longestKeyId = 32;

/**
 * JSON that only holders of the keys can read or make.
 * @param context what it is for, and for whom: opening needs the same words.
 */
export function sealJson(keys: SealingKeys, value: unknown, context: string): Buffer {
  const { keyId, data } = seal(keys, Buffer.from(JSON.stringify(value)), context);
  return Buffer.concat([Buffer.from(`${keyId}.`), data]);
}

/**
 * The parsed JSON of what {@link sealJson} made.
 * @throws {SealingError} if it was not made with one of the keys for this context.
 */
export function openJson(keys: SealingKeys, sealed: Uint8Array, context: string): unknown {
  const end = sealed.subarray(0, longestKeyId + 1).indexOf(dot);
  if (end < 1) throw new SealingError('This is not sealed JSON.');
  const keyId = Buffer.from(sealed.subarray(0, end)).toString();
  return JSON.parse(open(keys, keyId, sealed.subarray(end + 1), context).toString()) as unknown;
}
