import { ValueError, type Payload } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { EncryptionCodec } from '../../codec/payload-codec.ts';
import { isUnsealed } from '../../domain/unsealed.ts';
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

  test('without a workflow, leaves payloads alone that are not its own', async () => {
    const foreign: Payload[] = [payload('clear'), { metadata: {}, data: bytes('x') }, { data: bytes('y') }, {}];
    expect(await new EncryptionCodec(oldRing).decode(foreign)).toEqual(foreign);
  });

  test('reads a list of its own and foreign payloads in their order', async () => {
    const own = await sealedBy(oldRing, 'own');
    expect((await opened(oldRing, payload('clear'), own)).map(({ data }) => data)).toEqual(['"clear"', '"own"']);
  });
});

describe('a payload that is decoded for a workflow', () => {
  const workflow = (workflowId: string) => ({ type: 'workflow' as const, namespace: 'default', workflowId });
  const activity = { type: 'activity' as const, namespace: 'default', workflowId: 'chat/1', isLocal: false };
  const ours = workflow('chat/1');
  const sealedFor = async (workflowId: string | undefined, text = 'Hello', keys = oldRing): Promise<Payload> => {
    const context = workflowId === undefined ? undefined : workflow(workflowId);
    const [sealed] = await new EncryptionCodec(keys).encode([payload(text)], context);
    if (!sealed) throw new Error('nothing came back');
    return sealed;
  };
  const forClients = new EncryptionCodec(oldRing, 'refuse');
  const forWorkers = new EncryptionCodec(oldRing, 'mark');
  const handedOn = async (sealed: Payload): Promise<unknown> => {
    const [opened] = await forWorkers.decode([sealed], ours);
    return JSON.parse(Buffer.from(opened?.data ?? []).toString());
  };
  const altered = async (): Promise<Payload> => {
    const sealed = await sealedFor('chat/1');
    return { ...sealed, data: Buffer.from(sealed.data ?? []).fill(0, 0, 4) };
  };
  const renamed = async (): Promise<Payload> => {
    const { metadata, data } = await sealedFor('chat/2');
    return { metadata: { ...metadata, 'workflow-id': bytes('chat/1') }, data: data ?? null };
  };

  test('opens when it was sealed for that workflow, and for its activities', async () => {
    const sealed = await sealedFor('chat/1');
    for (const codec of [forClients, forWorkers]) {
      for (const context of [ours, activity]) {
        expect((await codec.decode([sealed], context)).map(plain)).toEqual([plain(payload('Hello'))]);
      }
    }
  });

  test('names the workflow beside it, so that whoever has the keys can open it without knowing whose it is', async () => {
    const sealed = await sealedFor('chat/1');
    expect(plain(sealed).metadata['workflow-id']).toBe('chat/1');
    expect(await opened(oldRing, sealed)).toEqual([plain(payload('Hello'))]);
  });

  const foreign: [string, () => Promise<Payload> | Payload][] = [
    ['is not sealed', () => payload('Hello')],
    ['was sealed by hand', () => sealedFor(undefined)],
    ['was sealed for another workflow', () => sealedFor('chat/2')],
    ['was sealed for another workflow, and is said to be for this one', renamed],
    ['was altered', altered],
    ['is no payload at all', () => ({ metadata: { encoding: bytes('json/plain') }, data: bytes('{') })],
  ];

  test.each(foreign)('is refused by clients and activities when it %s', async (_what, make) => {
    const made = await make();
    await expect(forClients.decode([made], ours)).rejects.toThrow(ValueError);
    for (const codec of [forClients, forWorkers])
      await expect(codec.decode([made], activity)).rejects.toThrow(ValueError);
  });

  test.each(foreign)('fails no workflow’s task when it %s, and is marked', async (_what, make) => {
    expect(isUnsealed(await handedOn(await make()))).toBe(true);
  });

  test('is handed on with what was sent by hand, and without what was taken from another workflow', async () => {
    expect(await handedOn(payload('Hello'))).toMatchObject({ value: 'Hello' });
    expect(await handedOn(await sealedFor(undefined))).toMatchObject({ value: 'Hello' });
    for (const made of [await sealedFor('chat/2'), await renamed(), await altered()]) {
      expect(await handedOn(made)).not.toHaveProperty('value');
    }
  });

  test('waits for a key that this worker does not have yet', async () => {
    const sealed = await sealedFor('chat/1', 'Hello', rotated);
    await expect(forWorkers.decode([sealed], ours)).rejects.toThrow('PAYLOAD_ENCRYPTION_KEYS');
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
