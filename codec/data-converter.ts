import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec, type OnUnsealed } from './payload-codec.ts';
import type { SealingKeys } from './sealing.ts';

/** The data converter of every client: encrypted payloads, encrypted failure texts; what is not sealed is refused. */
export function encryptedDataConverter(keys: SealingKeys): DataConverter {
  return converter(keys, 'refuse');
}

/** The data converter of every worker and replay: input that is not sealed is left to `workflows/sealed-input.ts`. */
export function workerDataConverter(keys: SealingKeys): DataConverter {
  return converter(keys, 'mark');
}

function converter(keys: SealingKeys, onUnsealed: OnUnsealed): DataConverter {
  return {
    payloadCodecs: [new EncryptionCodec(keys, onUnsealed)],
    failureConverterPath: fileURLToPath(new URL('./failure-converter.cjs', import.meta.url)),
  };
}
