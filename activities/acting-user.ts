import { ApplicationFailure } from '@temporalio/activity';
import { LRUCache } from 'lru-cache';
import { failureTypes } from '../domain/failures.ts';
import type { Account, Member, Store } from '../store/index.ts';
import { isZoomError, type ZoomUserApi } from '../zoom/index.ts';
import type { Members } from './members.ts';
import { NeedsReconnectError, type UserZoom } from './user-zoom.ts';

/** The account, or a failure that says that it is not known here. */
export async function requireAccount(store: Pick<Store, 'accounts'>, accountId: string): Promise<Account> {
  const account = await store.accounts.get(accountId);
  if (account) return account;
  throw ApplicationFailure.nonRetryable(
    `The Zoom account ${accountId} has no live chat account here.`,
    failureTypes.accountUnknown,
  );
}

/** What a call is about: it says who is most likely to be allowed to make it. */
export interface ActingFor {
  accountId: string;
  channelId?: string;
  /** Who owns the channel. */
  ownerUserId?: string;
}

/** Most members that are tried for one call. */
const mostTried = 3;
/** Most channels for which it is remembered who was allowed: membership is what members differ by. */
const mostChannels = 10_000;

/**
 * In whose name the app works in an account: the owner of the channel, or else any other member, so that the app goes
 * on when one of them has left. Who was allowed is remembered. Keep one for each process.
 */
export class ActingUsers {
  readonly #members: Members;
  readonly #userZoom: UserZoom;
  readonly #allowed = new LRUCache<string, string>({ max: mostChannels });

  constructor(members: Members, userZoom: UserZoom) {
    this.#members = members;
    this.#userZoom = userZoom;
  }

  /**
   * Make calls as a member whose grant works; if Zoom refuses that member, as another one.
   * @throws {NeedsReconnectError} when no member's grant works, or nobody but the owner may and the owner's does not;
   *   else what the first member's calls failed with.
   */
  async asUser<T>(about: ActingFor, calls: (api: ZoomUserApi, userId: string) => Promise<T>): Promise<T> {
    return this.#asFirstAllowed('user', about, isRefusedForWho, (member) =>
      this.#userZoom(member._id, (api) => calls(api, member._id)),
    );
  }

  /**
   * Make a call as the bot, which acts for a member whether or not their grant works.
   * @throws {NeedsReconnectError} when the account has no members; else what the first call failed with.
   */
  async asBot<T>(about: ActingFor, call: (userJid: string) => Promise<T>): Promise<T> {
    return this.#asFirstAllowed(
      'bot',
      about,
      (error) => isZoomError(error, 'botNotAllowed'),
      (member) => call(member.jid),
    );
  }

  async #asFirstAllowed<T>(
    as: 'user' | 'bot',
    about: ActingFor,
    mayTryAnother: (error: unknown) => boolean,
    call: (member: Member) => Promise<T>,
  ): Promise<T> {
    const { accountId, channelId, ownerUserId } = about;
    const key = channelId === undefined ? undefined : `${as} ${channelId}`;
    const rank = ({ _id, grantStatus }: Member) => {
      if (key !== undefined && _id === this.#allowed.get(key)) return 0;
      if (_id === ownerUserId) return 1;
      return grantStatus === 'connected' ? 2 : 3;
    };
    const members = (await this.#members.ofAccount(accountId))
      .filter(({ grantStatus }) => grantStatus === 'connected' || (as === 'bot' && grantStatus !== 'removed'))
      .sort((a, b) => rank(a) - rank(b));
    const hasOwner = ownerUserId === undefined || members.some(({ _id }) => _id === ownerUserId);
    let refusal: unknown = new NeedsReconnectError();
    for (const [index, member] of members.slice(0, mostTried).entries()) {
      try {
        const result = await call(member);
        if (key !== undefined) this.#allowed.set(key, member._id);
        return result;
      } catch (error) {
        if (!mayTryAnother(error)) throw error;
        if (index === 0 && hasOwner) refusal = error;
      }
    }
    throw refusal;
  }
}

/** Whether a call was refused for who made it, and so took no effect: another member might be allowed. */
export function isRefusedForWho(error: unknown): boolean {
  return (
    error instanceof NeedsReconnectError ||
    isZoomError(error, 'unauthorized', 'grantInvalid', 'forbidden', 'scopeMissing')
  );
}
