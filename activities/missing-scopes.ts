import type { MissingScope } from '../domain/missing-scope.ts';
import type { Store } from '../store/index.ts';
import { missingScopes } from '../zoom/index.ts';

/** What the app needs in an account and no connected member has granted. */
export async function missingInAccount(
  store: { members: Pick<Store['members'], 'ofAccount'>; tokenSets: Pick<Store['tokenSets'], 'scopesOf'> },
  accountId: string,
): Promise<MissingScope[]> {
  const members = await store.members.ofAccount(accountId);
  const connected = members.filter(({ grantStatus }) => grantStatus === 'connected').map(({ _id }) => _id);
  return missingScopes(...(await store.tokenSets.scopesOf(connected)));
}
