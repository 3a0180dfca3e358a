import { Semaphore } from 'async-mutex';
import type { ApiDependencies } from './dependencies.ts';

/** Signals under way at the same time, in this process. */
const atOnce = 8;

/**
 * Make the function that has all unfinished chats of an account try at once what they wait for, after a repair. It
 * returns at once, and its failures are logged only: each chat tries again by a timer of its own as well.
 */
export function createTryAgain({
  store,
  temporal,
  log,
}: Pick<ApiDependencies, 'store' | 'temporal' | 'log'>): ApiDependencies['tryAgain'] {
  const slots = new Semaphore(atOnce);
  const warn = (about: object) => (error: unknown) => {
    log.warn({ err: error, ...about }, 'a chat that waits for Zoom could not be asked to try again');
  };
  return (accountId) => {
    store.chats
      .unfinished(accountId)
      .then((chatIds) => {
        for (const chatId of chatIds) {
          slots.runExclusive(() => temporal.chats.tryAgain(chatId)).catch(warn({ accountId, chatId }));
        }
      })
      .catch(warn({ accountId }));
  };
}
