import type { MissingScope } from '../domain/missing-scope.ts';
import type { Store } from '../store/index.ts';
import { missingScopes } from '../zoom/index.ts';

interface ScopeStore {
  members: Pick<Store['members'], 'ofAccount'>;
  tokenSets: Pick<Store['tokenSets'], 'scopesOf'>;
}

/** What each connected member of an account has granted, as Zoom named it. */
export async function grantedInAccount(store: ScopeStore, accountId: string): Promise<string[][]> {
  const members = await store.members.ofAccount(accountId);
  const connected = members.filter(({ grantStatus }) => grantStatus === 'connected').map(({ _id }) => _id);
  return store.tokenSets.scopesOf(connected);
}

/** What the app needs in an account and no connected member has granted. */
export async function missingInAccount(store: ScopeStore, accountId: string): Promise<MissingScope[]> {
  return missingScopes(...(await grantedInAccount(store, accountId)));
}
