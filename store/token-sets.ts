import { randomUUID } from 'node:crypto';
import { Schema, type Connection } from 'mongoose';
import { open, seal, type SealingKeys } from '../codec/sealing.ts';

/** One answer of Zoom's token endpoint for one user, in the clear: lives in memory only. */
export interface TokenSet {
  id: string;
  accessToken: string;
  refreshToken: string;
  expiresAt: Date;
  scopes: string[];
  apiUrl?: string;
}

interface TokenSetDocument {
  _id: string;
  zoomUserId: string;
  obtainedAt: Date;
  expiresAt: Date;
  scopes: string[];
  apiUrl?: string;
  keyId: string;
  /** Access and refresh token, sealed together. */
  sealed: Buffer;
}

const schema = new Schema<TokenSetDocument>(
  {
    _id: String,
    zoomUserId: String,
    obtainedAt: Date,
    expiresAt: Date,
    scopes: [String],
    apiUrl: String,
    keyId: String,
    sealed: Buffer,
  },
  { collection: 'token_sets', versionKey: false },
);
schema.index({ zoomUserId: 1, obtainedAt: -1 });

/**
 * Zoom's rotating tokens, encrypted at rest. Append-only: every answer of the token endpoint is a new document and the
 * newest counts, so a re-authorization and a refresh that cross each other never overwrite one another.
 */
export function tokenSetStore(connection: Connection, keys: SealingKeys) {
  const model = connection.model('TokenSet', schema);
  return {
    model,
    /** Store a new token set; returns its id. Done before the new access token is used. */
    async add(zoomUserId: string, tokens: Omit<TokenSet, 'id'>): Promise<string> {
      const id = randomUUID();
      const clear = JSON.stringify([tokens.accessToken, tokens.refreshToken]);
      const { keyId, data } = seal(keys, Buffer.from(clear), `${zoomUserId}/${id}`);
      await model.insertOne({
        _id: id,
        zoomUserId,
        obtainedAt: new Date(),
        expiresAt: tokens.expiresAt,
        scopes: tokens.scopes,
        ...(tokens.apiUrl === undefined ? {} : { apiUrl: tokens.apiUrl }),
        keyId,
        sealed: data,
      });
      return id;
    },
    /** The newest token set of this user, or null when there is none. */
    async newest(zoomUserId: string): Promise<TokenSet | null> {
      const found = await model
        .findOne({ zoomUserId })
        .sort({ obtainedAt: -1, _id: -1 })
        .lean<Omit<TokenSetDocument, 'sealed'> & { sealed: { buffer: Uint8Array } }>();
      if (!found) return null;
      const clear = open(keys, found.keyId, found.sealed.buffer, `${zoomUserId}/${found._id}`);
      const [accessToken, refreshToken] = JSON.parse(clear.toString()) as [string, string];
      const { _id: id, expiresAt, scopes, apiUrl } = found;
      return { id, accessToken, refreshToken, expiresAt, scopes, ...(apiUrl === undefined ? {} : { apiUrl }) };
    },
    /** Forget all token sets of this user but `keepId`. */
    async forgetOthers(zoomUserId: string, keepId: string): Promise<void> {
      await model.deleteMany({ zoomUserId, _id: { $ne: keepId } });
    },
    /** Forget this user's token sets that were obtained before `before`. */
    async forgetBefore(zoomUserId: string, before: Date): Promise<void> {
      await model.deleteMany({ zoomUserId, obtainedAt: { $lt: before } });
    },
  };
}
