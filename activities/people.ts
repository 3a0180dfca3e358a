import type { Member, Store } from '../store/index.ts';

/** What never changes about somebody who added the app. */
export type Person = Pick<Member, '_id' | 'accountId' | 'jid'>;

/** Most people who are remembered. */
const mostPeople = 5_000;

/** Who somebody is, read once and then remembered. */
export interface People {
  get(zoomUserId: string): Promise<Person | null>;
}

/** The {@link People} of this process; keep one. */
export function rememberPeople(members: Pick<Store['members'], 'get'>): People {
  const known = new Map<string, Person>();
  return {
    async get(zoomUserId) {
      const before = known.get(zoomUserId);
      if (before) return before;
      const found = await members.get(zoomUserId);
      if (!found) return null;
      const { _id, accountId, jid } = found;
      const person = { _id, accountId, jid };
      const [oldest] = known.keys();
      if (known.size >= mostPeople && oldest !== undefined) known.delete(oldest);
      known.set(zoomUserId, person);
      return person;
    },
  };
}
