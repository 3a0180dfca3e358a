import { randomUUID } from 'node:crypto';
import { Schema, type Connection } from 'mongoose';
import { z } from 'zod';
import { open, seal, type SealingKeys } from '../codec/sealing.ts';
import { date, number, optionalText, text } from './fields.ts';

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

const definition = {
  _id: text,
  zoomUserId: text,
  obtainedAt: date,
  grant: number,
  lost: { type: Boolean, allowNull: false },
  expiresAt: date,
  scopes: { type: [String], required: true },
  apiUrl: optionalText,
  keyId: text,
  /** Access and refresh token, sealed together. */
  sealed: { type: Buffer, required: true },
} as const;
const schema = new Schema(definition, { collection: 'token_sets', versionKey: false });
schema.index({ zoomUserId: 1, grant: -1, obtainedAt: -1 });

/**
 * Zoom's rotating tokens, encrypted at rest. Append-only: every answer of the token endpoint is a new document. The
 * newest of the newest grant counts: an authorization ends all tokens before it, so what a refresh that crossed it
 * brings is dead although it may be stored later. Nothing here rests on the clocks of two machines agreeing.
 */
export function tokenSetStore(connection: Connection, keys: SealingKeys) {
  const model = connection.model('TokenSet', schema);

  async function insert(
    zoomUserId: string,
    tokens: Omit<TokenSet, 'id'>,
    { grant, after }: { grant: number; after: Date | undefined },
  ): Promise<string> {
    const id = randomUUID();
    const clear = JSON.stringify([tokens.accessToken, tokens.refreshToken]);
    const { keyId, data } = seal(keys, Buffer.from(clear), `${zoomUserId}/${id}`);
    await model.insertOne({
      _id: id,
      zoomUserId,
      obtainedAt: new Date(Math.max(Date.now(), (after?.getTime() ?? 0) + 1)),
      grant,
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
      const before = await findNewest(zoomUserId).select({ grant: 1, obtainedAt: 1 }).lean();
      return insert(zoomUserId, tokens, { grant: (before?.grant ?? 0) + 1, after: before?.obtainedAt });
    },
    /**
     * Store what refreshing `stale` brought; returns the set's id. Done before the new access token is used. An answer
     * that names no scopes leaves them as they were.
     */
    async addRefreshed(zoomUserId: string, tokens: Omit<TokenSet, 'id'>, stale: StoredTokenSet): Promise<string> {
      const scopes = tokens.scopes.length > 0 ? tokens.scopes : stale.scopes;
      return insert(zoomUserId, { ...tokens, scopes }, { grant: stale.grant, after: stale.obtainedAt });
    },
    /** The token set of this user that counts, or null when there is none. */
    async newest(zoomUserId: string): Promise<StoredTokenSet | null> {
      const found = await findNewest(zoomUserId).lean();
      if (!found) return null;
      const clear = open(keys, found.keyId, bytesOf(found.sealed), `${zoomUserId}/${found._id}`);
      const [accessToken, refreshToken] = sealedSchema.parse(JSON.parse(clear.toString()));
      const { _id: id, obtainedAt, grant, lost = false, expiresAt, scopes, apiUrl } = found;
      const set = { id, obtainedAt, grant, lost, accessToken, refreshToken, expiresAt, scopes };
      return apiUrl === undefined ? set : { ...set, apiUrl };
    },
    /** The scopes of each of these users' grants, as Zoom named them, in no order; users without one are left out. */
    async scopesOf(zoomUserIds: readonly string[]): Promise<string[][]> {
      const sets = await model
        .find({ zoomUserId: { $in: zoomUserIds } })
        .sort({ grant: 1, obtainedAt: 1, _id: 1 })
        .select({ zoomUserId: 1, scopes: 1 })
        .lean();
      // The newest comes last.
      return [...new Map(sets.map(({ zoomUserId, scopes }) => [zoomUserId, scopes])).values()];
    },
    /** Zoom refused to refresh this set. */
    async markLost(id: string): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { lost: true } });
    },
    /** Forget all token sets of this user but `keepId` and those of newer grants than that one's. */
    async forgetOlder(zoomUserId: string, keepId: string, grant: number): Promise<void> {
      await model.deleteMany({ zoomUserId, _id: { $ne: keepId }, grant: { $lte: grant } });
    },
    /** Forget this user's token sets that were obtained before `before`. */
    async forgetBefore(zoomUserId: string, before: Date): Promise<void> {
      await model.deleteMany({ zoomUserId, obtainedAt: { $lt: before } });
    },
  };
}

const sealedSchema = z.tuple([z.string(), z.string()]);

/** What a lean read gives for a Buffer: the driver's Binary, which has the bytes in it. */
function bytesOf(binary: Buffer | { buffer: Uint8Array }): Uint8Array {
  return Buffer.isBuffer(binary) ? binary : binary.buffer;
}
