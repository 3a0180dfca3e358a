import { ValueError, type Payload } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { EncryptionCodec } from '../../codec/payload-codec.ts';
import { open, seal, SealingError, type SealingKeys } from '../../codec/sealing.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);
const ring = (activeId: string, ...ids: [string, number][]): SealingKeys => ({
  activeId,
  keys: new Map(ids.map(([id, fill]) => [id, key(fill)])),
});
const oldRing = ring('k1', ['k1', 1]);
const rotated = ring('k2', ['k2', 2], ['k1', 1]);

const bytes = (text: string) => new TextEncoder().encode(text);
const payload = (text: string): Payload => ({
  metadata: { encoding: bytes('json/plain'), 'message-type': bytes('words') },
  data: bytes(JSON.stringify(text)),
});
const plain = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString()]),
  ),
  data: Buffer.from(data ?? []).toString(),
});

async function sealedBy(keys: SealingKeys, text: string): Promise<Payload> {
  const [sealed] = await new EncryptionCodec(keys).encode([payload(text)]);
  if (!sealed) throw new Error('nothing came back');
  return sealed;
}
const opened = async (keys: SealingKeys, ...payloads: Payload[]) =>
  (await new EncryptionCodec(keys).decode(payloads)).map(plain);

describe('the payload codec', () => {
  test('gives back what it was given, metadata included, and any text', async () => {
    for (const text of ['', 'Hello', '🎉 Ünïcode \u0000', 'x'.repeat(100_000)]) {
      expect(await opened(oldRing, await sealedBy(oldRing, text))).toEqual([plain(payload(text))]);
    }
    expect(await new EncryptionCodec(oldRing).encode([])).toEqual([]);
  });

  test('shows only that a payload is encrypted, and by which key', async () => {
    const sealed = await sealedBy(oldRing, 'a visitor’s words');
    expect(plain(sealed).metadata).toEqual({ encoding: 'binary/encrypted', 'encryption-key-id': 'k1' });
    expect(Buffer.from(sealed.data ?? []).toString('latin1')).not.toMatch(/words|json/);
  });

  test('encrypts the same words differently every time', async () => {
    const [one, two] = [await sealedBy(oldRing, 'Hello'), await sealedBy(oldRing, 'Hello')];
    expect(Buffer.from(one.data ?? []).equals(Buffer.from(two.data ?? []))).toBe(false);
  });

  test('reads what older keys wrote, and writes with the new one', async () => {
    const older = await sealedBy(oldRing, 'then');
    const newer = await sealedBy(rotated, 'now');
    expect((await opened(rotated, older, newer)).map(({ data }) => data)).toEqual(['"then"', '"now"']);
    expect(plain(newer).metadata['encryption-key-id']).toBe('k2');
    await expect(opened(oldRing, newer)).rejects.toThrow(ValueError);
  });

  test('refuses data of which a single bit was altered, wherever', async () => {
    const sealed = await sealedBy(oldRing, 'Hello');
    const data = Buffer.from(sealed.data ?? []);
    for (const at of [0, 12, Math.floor(data.length / 2), data.length - 1]) {
      const altered = Buffer.from(data);
      altered[at] = (altered[at] ?? 0) ^ 1;
      await expect(opened(oldRing, { ...sealed, data: altered })).rejects.toThrow('could not be decrypted');
    }
    await expect(opened(oldRing, { ...sealed, data: data.subarray(0, 20) })).rejects.toThrow(ValueError);
  });

  test('refuses a payload of a key with the same name and other bytes', async () => {
    await expect(opened(ring('k1', ['k1', 9]), await sealedBy(oldRing, 'Hello'))).rejects.toThrow(ValueError);
  });

  test('leaves payloads alone that are not its own', async () => {
    const foreign: Payload[] = [payload('clear'), { metadata: {}, data: bytes('x') }, { data: bytes('y') }, {}];
    expect(await new EncryptionCodec(oldRing).decode(foreign)).toEqual(foreign);
  });

  test('reads a list of its own and foreign payloads in their order', async () => {
    const own = await sealedBy(oldRing, 'own');
    expect((await opened(oldRing, payload('clear'), own)).map(({ data }) => data)).toEqual(['"clear"', '"own"']);
  });
});

describe('sealing', () => {
  test('binds data to its context', () => {
    const { keyId, data } = seal(oldRing, bytes('secret'), 'user-1/set-1');
    expect(open(oldRing, keyId, data, 'user-1/set-1').toString()).toBe('secret');
    expect(() => open(oldRing, keyId, data, 'user-2/set-1')).toThrow(SealingError);
  });

  test('names a key that is missing, and not its bytes', () => {
    expect(() => open(oldRing, 'k9', new Uint8Array(40))).toThrow('No encryption key with id "k9"');
    expect(() => seal(ring('gone', ['k1', 1]), bytes('x'))).toThrow('"gone"');
  });
});
