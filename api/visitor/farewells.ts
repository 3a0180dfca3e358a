import type { Logger } from '../../config/logger.ts';
import type { TemporalGateway } from '../temporal-gateway.ts';
import type { Farewell } from './connections.ts';
import { Turns } from './turns.ts';

/** Few at the same time: what visitors say goes first, and a chat finds out by its next delivery anyway. */
const turns = { atOnce: 8, maxWaiting: 20_000, maxWaitMs: 60_000 };

/** Tells chats that their visitors are gone, as well as that can be done. */
export function farewells(temporal: Pick<TemporalGateway, 'signalVisitor'>, log: Logger): Farewell {
  const queue = new Turns(turns);
  return async (chatId, connectionId) => {
    try {
      await queue.take('', () => temporal.signalVisitor(chatId, { kind: 'disconnected', connectionId }));
    } catch (error) {
      log.debug({ err: error, chatId }, 'a disconnect could not be signalled');
    }
  };
}
