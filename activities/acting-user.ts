import { ApplicationFailure } from '@temporalio/activity';
import { LRUCache } from 'lru-cache';
import { failureTypes } from '../domain/failures.ts';
import { mayChangeSettings } from '../domain/roles.ts';
import type { Account, Member, Store } from '../store/index.ts';
import { isZoomError, type ZoomError, type ZoomUserApi } from '../zoom/index.ts';
import { isMalformedPost } from './direct-messages.ts';
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

/** Most members that are tried for one call in a member's name: some of them may not be in the channel. */
const mostTried = 10;
/** Most tries of one call of the bot. */
const mostNamed = 4;
/** Most members that are asked for what any of them may see. */
const mostAsked = 20;
/** Most channels for which it is remembered who was allowed: membership is what members differ by. */
const mostChannels = 10_000;
/** Most accounts of which it is remembered that the bot has to name a user. */
const mostAccounts = 1_000;

/** A scope is missing that no connected member has granted; `scopes` as Zoom named them, if it did. Never fails. */
export type OnScopeMissing = (accountId: string, scopes: readonly string[]) => Promise<void>;

/**
 * In whose name the app works in an account: the owner of the channel, or else any other member, so that the app goes
 * on when one of them has left, or was never in the channel. Who was allowed is remembered. Keep one for each process.
 */
export class ActingUsers {
  readonly #members: Members;
  readonly #userZoom: UserZoom;
  readonly #onScopeMissing: OnScopeMissing;
  /** By channel the user who was allowed; for the bot, whom it had to name there. */
  readonly #allowed = new LRUCache<string, string>({ max: mostChannels });
  /** Accounts in which the bot has to name a user, as that of a user-managed app has to. */
  readonly #botNamesUser = new LRUCache<string, true>({ max: mostAccounts });

  constructor(members: Members, userZoom: UserZoom, onScopeMissing: OnScopeMissing = () => Promise.resolve()) {
    this.#members = members;
    this.#userZoom = userZoom;
    this.#onScopeMissing = onScopeMissing;
  }

  /**
   * Make calls as a member whose grant works; if Zoom refuses that member, as another one.
   * @throws {NeedsReconnectError} when no member's grant works, or nobody but the owner may and the owner's does not;
   *   else what the first member's calls failed with.
   */
  async asUser<T>(about: ActingFor, calls: (api: ZoomUserApi, userId: string) => Promise<T>): Promise<T> {
    return this.#asFirst(about, () => true, calls);
  }

  /**
   * Make calls by which somebody becomes the owner of a channel: as the account's owner, or else as an administrator,
   * and nobody else.
   * @param account `ownerUserId` is the account's owner.
   * @throws {NeedsReconnectError} when nobody's grant works who may; else as `asUser`.
   */
  async asAccountOwner<T>(
    account: { accountId: string; ownerUserId: string },
    calls: (api: ZoomUserApi, userId: string) => Promise<T>,
  ): Promise<T> {
    const mayOwn = ({ _id, role }: Member) => _id === account.ownerUserId || mayChangeSettings(role);
    return this.#asFirst(account, mayOwn, calls);
  }

  async #asFirst<T>(
    about: ActingFor,
    mayAct: (member: Member) => boolean,
    calls: (api: ZoomUserApi, userId: string) => Promise<T>,
  ): Promise<T> {
    const { accountId, ownerUserId } = about;
    const refusals = new Map<string, Error>();
    // The second time the members as they are now: somebody may just have added the app, or added it again.
    for (const forceRefresh of [false, true]) {
      const members = await this.#members.ofAccount(accountId, { forceRefresh });
      const untried = members.filter(({ _id, grantStatus }) => grantStatus === 'connected' && !refusals.has(_id));
      const able = untried.filter(mayAct);
      for (const { _id } of this.#ranked('user', about, able).slice(0, mostTried - refusals.size)) {
        try {
          const result = await this.#userZoom(_id, (api) => calls(api, _id));
          this.#remember('user', about, _id);
          return result;
        } catch (error) {
          if (!isRefusedForWho(error)) throw error;
          refusals.set(_id, error);
        }
      }
    }
    const scopeMissing = [...refusals.values()].find((error) => isZoomError(error, 'scopeMissing'));
    if (scopeMissing) await this.#onScopeMissing(accountId, scopeMissing.missingScopes ?? []);
    const [first] = refusals.values();
    const ownerIsOut = ownerUserId !== undefined && !refusals.has(ownerUserId);
    throw first === undefined || ownerIsOut ? new NeedsReconnectError() : first;
  }

  /**
   * Ask one member after the other, until one of them finds it: each sees only what they are in. Members whose grants
   * do not work now are left out.
   */
  async findAsAny<T>(accountId: string, find: (api: ZoomUserApi) => Promise<T | undefined>) {
    const members = await this.#members.ofAccount(accountId, { forceRefresh: true });
    const connected = members.filter(({ grantStatus }) => grantStatus === 'connected').slice(0, mostAsked);
    for (const { _id: userId } of connected) {
      try {
        const found = await this.#userZoom(userId, find);
        if (found !== undefined) return { found, userId };
      } catch (error) {
        if (!isRefusedForWho(error)) throw error;
      }
    }
    return undefined;
  }

  /**
   * Make a call as the bot. It names no user for whom it acts, since Zoom asks that of user-managed apps only, and the
   * user would have to be in the channel. Where Zoom does not accept that, it names a member, whether or not their
   * grant works.
   * @param call is given that member's JID.
   * @throws {NeedsReconnectError} when the account has no members; else what the calls failed with.
   */
  async asBot<T>(about: ActingFor, call: (userJid: string | undefined) => Promise<T>): Promise<T> {
    const { accountId } = about;
    const known = await this.#members.ofAccount(accountId);
    const members = known.filter(({ grantStatus }) => grantStatus !== 'removed');
    if (members.length === 0) throw new NeedsReconnectError();
    const [first, ...others] = this.#ranked('bot', about, members);
    const unnamed = this.#botNamesUser.has(accountId) ? [] : [undefined];
    const isRemembered = first !== undefined && first._id === this.#remembered('bot', about);
    const callers = isRemembered ? [first, ...unnamed, ...others] : [...unnamed, first, ...others];
    let refusal: unknown;
    for (const member of callers.slice(0, mostNamed)) {
      try {
        const result = await call(member?.jid);
        if (isMalformedPost(refusal)) this.#botNamesUser.set(accountId, true);
        this.#remember('bot', about, member?._id);
        return result;
      } catch (error) {
        // Of a post for nobody that is all that Zoom may say to one for somebody who should have been named.
        if (!(member === undefined && isMalformedPost(error)) && !isZoomError(error, 'botNotAllowed')) throw error;
        // That a member may not says more than that one has to be named.
        if (refusal === undefined || isMalformedPost(refusal)) refusal = error;
      }
    }
    throw refusal;
  }

  #ranked(as: 'user' | 'bot', about: ActingFor, members: readonly Member[]): Member[] {
    const remembered = this.#remembered(as, about);
    const rank = ({ _id, grantStatus }: Member) => {
      if (_id === remembered) return 0;
      if (_id === about.ownerUserId) return 1;
      return grantStatus === 'connected' ? 2 : 3;
    };
    return [...members].sort((a, b) => rank(a) - rank(b));
  }

  #remembered(as: 'user' | 'bot', { channelId }: ActingFor): string | undefined {
    return channelId === undefined ? undefined : this.#allowed.get(`${as} ${channelId}`);
  }

  #remember(as: 'user' | 'bot', { channelId }: ActingFor, userId: string | undefined): void {
    if (channelId === undefined) return;
    if (userId === undefined) this.#allowed.delete(`${as} ${channelId}`);
    else this.#allowed.set(`${as} ${channelId}`, userId);
  }
}

/** Whether a call was refused for who made it, and so took no effect: another member might be allowed. */
export function isRefusedForWho(error: unknown): error is NeedsReconnectError | ZoomError {
  return (
    error instanceof NeedsReconnectError ||
    isZoomError(error, 'unauthorized', 'grantInvalid', 'forbidden', 'scopeMissing')
  );
}
