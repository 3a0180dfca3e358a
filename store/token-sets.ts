import { randomUUID } from 'node:crypto';
import { Schema, type Connection } from 'mongoose';
import { open, seal, type SealingKeys } from '../codec/sealing.ts';

/** One answer of Zoom's token endpoint for one user, in the clear: lives in memory only. */
export interface TokenSet {
  id: string;
  accessToken: string;
  refreshToken: string;
  expiresAt: Date;
  scopes: readonly string[];
  apiUrl?: string | undefined;
}

/** A token set as it is kept. */
export interface StoredTokenSet extends TokenSet {
  obtainedAt: Date;
  /** Which of the user's authorizations it comes from: the first is 1, and refreshing stays within one. */
  grant: number;
  /** Zoom has refused to refresh it: only a new authorization helps. */
  lost: boolean;
}

interface TokenSetDocument {
  _id: string;
  zoomUserId: string;
  obtainedAt: Date;
  /** Missing in those from before authorizations were counted. */
  grant?: number;
  lost?: true;
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
    grant: Number,
    lost: Boolean,
    expiresAt: Date,
    scopes: [String],
    apiUrl: String,
    keyId: String,
    sealed: Buffer,
  },
  { collection: 'token_sets', versionKey: false },
);
schema.index({ zoomUserId: 1, grant: -1, obtainedAt: -1 });

/**
 * Zoom's rotating tokens, encrypted at rest. Append-only: every answer of the token endpoint is a new document. The newest of
 * the newest grant counts: an authorization ends all tokens before it, so what a refresh that crossed it brings is dead
 * although it may be stored later. Nothing here rests on the clocks of two machines agreeing.
 */
export function tokenSetStore(connection: Connection, keys: SealingKeys) {
  const model = connection.model('TokenSet', schema);

  async function insert(
    zoomUserId: string,
    tokens: Omit<TokenSet, 'id'>,
    place: { grant: number; after: Date | undefined },
  ): Promise<string> {
    const id = randomUUID();
    const clear = JSON.stringify([tokens.accessToken, tokens.refreshToken]);
    const { keyId, data } = seal(keys, Buffer.from(clear), `${zoomUserId}/${id}`);
    await model.insertOne({
      _id: id,
      zoomUserId,
      obtainedAt: new Date(Math.max(Date.now(), (place.after?.getTime() ?? 0) + 1)),
      grant: place.grant,
      expiresAt: tokens.expiresAt,
      scopes: [...tokens.scopes],
      ...(tokens.apiUrl === undefined ? {} : { apiUrl: tokens.apiUrl }),
      keyId,
      sealed: data,
    });
    return id;
  }

  const findNewest = (zoomUserId: string) => model.findOne({ zoomUserId }).sort({ grant: -1, obtainedAt: -1, _id: -1 });

  return {
    model,
    /** Store what a new authorization brought; returns the set's id. Done before the new access token is used. */
    async addGranted(zoomUserId: string, tokens: Omit<TokenSet, 'id'>): Promise<string> {
      const before = await findNewest(zoomUserId)
        .select({ grant: 1, obtainedAt: 1 })
        .lean<Pick<TokenSetDocument, 'grant' | 'obtainedAt'>>();
      return insert(zoomUserId, tokens, { grant: (before?.grant ?? 0) + 1, after: before?.obtainedAt });
    },
    /** Store what refreshing `stale` brought; returns the set's id. Done before the new access token is used. */
    async addRefreshed(zoomUserId: string, tokens: Omit<TokenSet, 'id'>, stale: StoredTokenSet): Promise<string> {
      return insert(zoomUserId, tokens, { grant: stale.grant, after: stale.obtainedAt });
    },
    /** The token set of this user that counts, or null when there is none. */
    async newest(zoomUserId: string): Promise<StoredTokenSet | null> {
      const found = await findNewest(zoomUserId).lean<
        Omit<TokenSetDocument, 'sealed'> & { sealed: { buffer: Uint8Array } }
      >();
      if (!found) return null;
      const clear = open(keys, found.keyId, found.sealed.buffer, `${zoomUserId}/${found._id}`);
      const [accessToken, refreshToken] = JSON.parse(clear.toString()) as [string, string];
      const { _id: id, obtainedAt, grant = 0, lost = false, expiresAt, scopes, apiUrl } = found;
      const set = { id, obtainedAt, grant, lost, accessToken, refreshToken, expiresAt, scopes };
      return apiUrl === undefined ? set : { ...set, apiUrl };
    },
    /** Zoom refused to refresh this set. */
    async markLost(id: string): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { lost: true } });
    },
    /** Forget all token sets of this user but `keepId` and those of newer grants than that one's. */
    async forgetOlder(zoomUserId: string, keepId: string, grant: number): Promise<void> {
      await model.deleteMany({ zoomUserId, _id: { $ne: keepId }, grant: { $not: { $gt: grant } } });
    },
    /** Forget this user's token sets that were obtained before `before`. */
    async forgetBefore(zoomUserId: string, before: Date): Promise<void> {
      await model.deleteMany({ zoomUserId, obtainedAt: { $lt: before } });
    },
  };
}
