import mongoose, { type Connection } from 'mongoose';

/**
 * Open a connection to MongoDB.
 * @throws the driver's error when no server answers within `serverSelectionTimeoutMs`.
 */
export async function connectMongo(
  uri: string,
  options: { serverSelectionTimeoutMs?: number } = {},
): Promise<Connection> {
  return mongoose
    .createConnection(uri, {
      serverSelectionTimeoutMS: options.serverSelectionTimeoutMs ?? 10_000,
      // Indexes are made once, awaited, by createStore; no model makes them behind our back.
      autoIndex: false,
      autoCreate: false,
      // An operation with no connection fails at once with a clear error; Temporal or the caller tries again.
      bufferCommands: false,
      retryWrites: false,
    })
    .asPromise();
}

/** Whether the server answers a ping within `timeoutMs`. */
export async function mongoAnswers(connection: Connection, timeoutMs = 2_000): Promise<boolean> {
  const db = connection.db;
  if (!db) return false;
  try {
    await db.command({ ping: 1 }, { timeoutMS: timeoutMs });
    return true;
  } catch {
    return false;
  }
}
