import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { KeyedMutex } from '../../activities/keyed-mutex.ts';
import type { NewChatKey, Store } from '../../store/index.ts';
import { deriveKey } from '../auth/keys.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { NewChatLimits } from '../rate-limits.ts';

/** A chat that is about to begin with its visitor's first message. */
export interface ChatToBegin {
  chatId: string;
  accountId: string;
  widgetId: string;
  /** Where the visitor writes from, see `networkOf`. */
  network: string;
}

/**
 * Count a new chat. Resolves to how long it has to wait, ms, when there are too many; else to undefined.
 * @throws the driver's error when MongoDB does not answer.
 */
export type AdmitNewChat = (chat: ChatToBegin) => Promise<number | undefined>;

interface Dependencies extends Pick<ApiDependencies, 'clock' | 'config'> {
  store: { newChats: Pick<Store['newChats'], 'recent' | 'add' | 'forgetBefore'> };
  limits: NewChatLimits;
}

/** Most keys whose refusal is remembered. */
const mostRemembered = 20_000;

/**
 * The limits on new chats, by the visitor's network, by widget and by account, over all api processes: what was begun
 * lately is in MongoDB. Only first messages ask. Each process looks and counts for one chat of an account after the
 * other, so that more than the limit begin only where several processes do so in the same moment.
 */
export function newChatLimits({ store, limits, config, clock }: Dependencies): AdmitNewChat {
  const { newChats } = store;
  const secret = deriveKey(config.sessionSecret, 'visitor-networks');
  const longestMs = Math.max(...Object.values(limits).map(({ seconds }) => seconds * 1_000));
  /** When the next one may begin, ms: whoever goes on trying is refused without a look into MongoDB. */
  const refusedUntil = new LRUCache<string, number>({ max: mostRemembered });
  const inTurn = new KeyedMutex();
  let forgottenAt = 0;

  return async ({ chatId, accountId, widgetId, network }) => {
    const hashed = createHmac('sha256', secret).update(network).digest('base64url');
    const counted: readonly { key: NewChatKey; value: string; most: number; windowMs: number }[] = [
      { key: 'network', value: hashed, ...windowOf(limits.network) },
      { key: 'widgetId', value: widgetId, ...windowOf(limits.widget) },
      { key: 'accountId', value: accountId, ...windowOf(limits.account) },
    ];
    const knownWait = (): number | undefined => {
      const until = Math.max(...counted.map(({ key, value }) => refusedUntil.get(`${key} ${value}`) ?? 0));
      return until > clock() ? until - clock() : undefined;
    };

    const look = async (): Promise<number | undefined> => {
      const waitMs = knownWait();
      if (waitMs !== undefined) return waitMs;
      const now = clock();
      const recent = await Promise.all(
        counted.map(({ key, value, most, windowMs }) => newChats.recent(key, value, new Date(now - windowMs), most)),
      );
      // Its first message is sent again.
      if (recent.flat().some(({ _id }) => _id === chatId)) return undefined;
      for (const [n, { key, value, most, windowMs }] of counted.entries()) {
        const [oldest] = (recent[n] ?? []).slice(most - 1);
        if (oldest) refusedUntil.set(`${key} ${value}`, oldest.at.getTime() + windowMs);
      }
      const refusedMs = knownWait();
      if (refusedMs === undefined) {
        await newChats.add({ _id: chatId, accountId, widgetId, network: hashed, at: new Date(now) });
      }
      return refusedMs;
    };

    const waitMs = knownWait() ?? (await inTurn.run(accountId, look));
    if (clock() - forgottenAt > longestMs) {
      forgottenAt = clock();
      await newChats.forgetBefore(new Date(clock() - longestMs));
    }
    return waitMs;
  };
}

function windowOf({ requests, seconds }: NewChatLimits[keyof NewChatLimits]) {
  return { most: requests, windowMs: seconds * 1_000 };
}
