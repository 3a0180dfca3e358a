import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec } from './payload-codec.ts';
import type { SealingKeys } from './sealing.ts';

/** The data converter of every client, worker, replay and test: encrypted payloads, encrypted failure texts. */
export function encryptedDataConverter(keys: SealingKeys): DataConverter {
  return {
    payloadCodecs: [new EncryptionCodec(keys)],
    failureConverterPath: fileURLToPath(new URL('./failure-converter.cjs', import.meta.url)),
  };
}
