import type { SealingKeys } from '../../codec/sealing.ts';

/** The key that test payloads and stored histories are encrypted with. Protects nothing. */
export const testPayloadKeys: SealingKeys = {
  activeId: 'test-1',
  keys: new Map([['test-1', new Uint8Array(Buffer.from('a test key that protects nothing'))]]),
};
