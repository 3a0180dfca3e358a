import type { Logger } from '../../config/logger.ts';
import type { ChatsClient } from '../temporal/chats.ts';
import type { ConnectionsOptions } from './connections.ts';
import { FairSemaphore } from './fair-semaphore.ts';

/** Few at the same time: what visitors say goes first, and a chat finds out by its next push anyway. */
const slots = { slots: 8, maxWaiting: 20_000, maxWaitMs: 60_000 };

/** Signals chats that their visitors are gone, as well as that can be done. */
export function disconnectSignals(
  chats: Pick<ChatsClient, 'signalVisitor'>,
  log: Logger,
): ConnectionsOptions['signalDisconnected'] {
  const semaphore = new FairSemaphore(slots);
  return async ({ chatId, connectionId }) => {
    try {
      await semaphore.run('', () => chats.signalVisitor(chatId, { kind: 'disconnected', connectionId }));
    } catch (error) {
      log.debug({ err: error, chatId }, 'a disconnect could not be signalled');
    }
  };
}
