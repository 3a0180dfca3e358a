import { ValueError, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { open, seal, type SealingKeys } from './sealing.ts';

const encoding = 'binary/encrypted';
const toBytes = new TextEncoder();
const toText = new TextDecoder();

/**
 * Encrypts every Temporal payload before it leaves the process, so that visitors' words and names are never readable
 * in histories. Each payload is sealed whole (metadata included), with the key's id beside it so that keys can be
 * rotated. Payloads that are not ours pass through on decode.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: SealingKeys;

  constructor(keys: SealingKeys) {
    this.#keys = keys;
  }

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => this.#encrypt(payload)));
  }

  /** @throws {ValueError} if a payload names a key that is not configured, or was altered. */
  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve().then(() => payloads.map((payload) => this.#decrypt(payload)));
  }

  #encrypt(payload: Payload): Payload {
    const { keyId, data } = seal(this.#keys, proto.temporal.api.common.v1.Payload.encode(payload).finish());
    return { metadata: { encoding: toBytes.encode(encoding), 'encryption-key-id': toBytes.encode(keyId) }, data };
  }

  #decrypt(payload: Payload): Payload {
    const { metadata, data } = payload;
    if (!metadata?.['encoding'] || toText.decode(metadata['encoding']) !== encoding || !data) return payload;
    const keyId = toText.decode(metadata['encryption-key-id'] ?? new Uint8Array());
    try {
      return proto.temporal.api.common.v1.Payload.decode(open(this.#keys, keyId, data));
    } catch (cause) {
      throw new ValueError('A Temporal payload could not be decrypted (see PAYLOAD_ENCRYPTION_KEYS).', cause);
    }
  }
}
