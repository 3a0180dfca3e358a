import { ApplicationFailure } from '@temporalio/activity';
import { failureTypes } from '../domain/failures.ts';
import type { Account, Member, Store } from '../store/index.ts';

/** The account, or a failure that says that it is not known here. */
export async function requireAccount(store: Store, accountId: string): Promise<Account> {
  const account = await store.accounts.get(accountId);
  if (account) return account;
  throw ApplicationFailure.nonRetryable(
    `The Zoom account ${accountId} has no live chat account here.`,
    failureTypes.accountUnknown,
  );
}

/**
 * The user in whose name the app works in an account: its owner, or whoever else has a grant that works.
 * @throws a `NeedsReconnect` failure when nobody has.
 */
export async function actingUser(store: Store, accountId: string): Promise<Member> {
  const account = await requireAccount(store, accountId);
  const connected = (await store.members.ofAccount(accountId)).filter((person) => person.status === 'connected');
  const found = connected.find((person) => person._id === account.ownerUserId) ?? connected[0];
  if (found) return found;
  throw ApplicationFailure.nonRetryable(
    'Nobody in this Zoom account has a working authorization: an administrator has to connect Zoom again.',
    failureTypes.needsReconnect,
  );
}
