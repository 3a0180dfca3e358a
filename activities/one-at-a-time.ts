const last = new Map<string, Promise<unknown>>();

/**
 * Work of one kind and chat, one after the other in this process, in the order it was begun.
 *
 * An attempt that Temporal has given up (it took too long, or Temporal was away and heard no heartbeat) may still be at
 * work, with a call to Zoom under way. The next attempt looks at what is there before it posts; it must not look while the one
 * before it can still change that.
 */
export async function oneAtATime<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = last.get(key) ?? Promise.resolve();
  const mine = before.then(work);
  const done = mine.then(
    () => undefined,
    () => undefined,
  );
  last.set(key, done);
  try {
    return await mine;
  } finally {
    if (last.get(key) === done) last.delete(key);
  }
}

/** Keys of what must not overlap. */
export const turns = {
  channelPosts: (chatId: string) => `posts/${chatId}`,
  inboundCard: (chatId: string) => `card/${chatId}`,
};
