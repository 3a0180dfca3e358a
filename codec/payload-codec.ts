import {
  defaultPayloadConverter,
  ValueError,
  type Payload,
  type PayloadCodec,
  type SerializationContext,
} from '@temporalio/common';
import proto from '@temporalio/proto';
import { unsealed } from '../domain/unsealed.ts';
import { open, seal, SealingError, type SealingKeys } from './sealing.ts';

const encoding = 'binary/encrypted';
const toBytes = new TextEncoder();
const toText = new TextDecoder();

/**
 * What becomes of a payload that was not sealed for the workflow at hand.
 *
 * - `refuse`: decoding fails. For clients and activities: what they read comes from workers only.
 * - `mark`: it is handed on as {@link unsealed}. For workers: a failure would stop the workflow, and anybody who
 *   reaches Temporal could cause it by one signal.
 */
export type OnUnsealed = 'refuse' | 'mark';

/**
 * Encrypts every Temporal payload before it leaves the process, so that visitors' words and names are never readable
 * in histories, and nobody without the keys can put words into them. Each payload is sealed whole (metadata included).
 * Beside it are the key's id, so that keys can be rotated, and the id of the workflow that it was sealed for: moved to
 * another workflow it does not open.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: SealingKeys;
  readonly #onUnsealed: OnUnsealed;

  constructor(keys: SealingKeys, onUnsealed: OnUnsealed = 'refuse') {
    this.#keys = keys;
    this.#onUnsealed = onUnsealed;
  }

  /** Without a context (the codec endpoint has none) it is sealed for no workflow, and counts as sent by hand. */
  encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => this.#encrypt(payload, context?.workflowId)));
  }

  /**
   * Without a context, as at the codec endpoint, everything is opened that was sealed with the keys, whatever for, and
   * the rest passes through.
   * @throws {ValueError} if a payload names a key that is not configured; if it was altered, is not sealed, or was
   * sealed for another workflow, then only where such payloads are refused.
   */
  decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return Promise.resolve().then(() =>
      payloads.map((payload) => (context ? this.#received(payload, context) : this.#opened(payload))),
    );
  }

  #encrypt(payload: Payload, workflowId: string | undefined): Payload {
    const clear = proto.temporal.api.common.v1.Payload.encode(payload).finish();
    const { keyId, data } = seal(this.#keys, clear, sealedFor(workflowId));
    const metadata = { encoding: toBytes.encode(encoding), 'encryption-key-id': toBytes.encode(keyId) };
    if (workflowId === undefined) return { metadata, data };
    return { metadata: { ...metadata, 'workflow-id': toBytes.encode(workflowId) }, data };
  }

  /** As {@link decode} without a context. */
  #opened(payload: Payload): Payload {
    return isSealed(payload) ? this.#open(payload) : payload;
  }

  #received(payload: Payload, context: SerializationContext): Payload {
    const forThis = isSealed(payload) && textOf(payload, 'workflow-id') === context.workflowId;
    // What activities read and give back is between workers: nobody sends that by hand.
    if (this.#onUnsealed === 'refuse' || context.type === 'activity') {
      if (forThis) return this.#open(payload);
      throw new ValueError('A Temporal payload was not sealed for this workflow.');
    }
    if (isSealed(payload) && !this.#keys.keys.has(textOf(payload, 'encryption-key-id') ?? '')) {
      // Not marked: a key that is rotated in the wrong order must lose nothing. The workflow waits for the key.
      return this.#open(payload);
    }
    try {
      return forThis ? this.#open(payload) : marked(byHand(payload) ? this.#opened(payload) : undefined);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      return marked(undefined);
    }
  }

  #open(payload: Payload): Payload {
    try {
      const keyId = textOf(payload, 'encryption-key-id') ?? '';
      const clear = open(this.#keys, keyId, payload.data ?? empty, sealedFor(textOf(payload, 'workflow-id')));
      return proto.temporal.api.common.v1.Payload.decode(clear);
    } catch (cause) {
      if (!(cause instanceof SealingError)) throw cause;
      throw new ValueError('A Temporal payload could not be decrypted (see PAYLOAD_ENCRYPTION_KEYS).', cause);
    }
  }
}

const empty = new Uint8Array();

function isSealed(payload: Payload): boolean {
  return textOf(payload, 'encoding') === encoding;
}

/** Readable, or sealed by an operator's browser: not what was sealed for another workflow. */
function byHand(payload: Payload): boolean {
  return !isSealed(payload) || textOf(payload, 'workflow-id') === undefined;
}

function textOf({ metadata }: Payload, name: string): string | undefined {
  const bytes = metadata?.[name];
  return bytes ? toText.decode(bytes) : undefined;
}

/** What is bound to a payload: without a workflow it can be taken for none. */
function sealedFor(workflowId: string | undefined): string {
  return workflowId === undefined ? 'by-hand' : `workflow:${workflowId}`;
}

function marked(payload: Payload | undefined): Payload {
  return defaultPayloadConverter.toPayload(unsealed(payload && valueOf(payload)));
}

/** Anything can come from outside, broken JSON as well. */
function valueOf(payload: Payload): unknown {
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}
