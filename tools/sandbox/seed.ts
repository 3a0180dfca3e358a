import { channelJid, stableChannelId, stableId, userJid } from './ids.ts';
import type { Store, User } from './state.ts';

const example = { id: stableId('account:example'), name: 'Example Company', number: 10_000_001 };
const other = { id: stableId('account:other'), name: 'Other Company', number: 10_000_002 };

function person(
  account: { id: string },
  email: string,
  firstName: string,
  lastName: string,
  role: User['role'] = 'member',
  status: User['status'] = 'active',
): User {
  const id = stableId(`user:${email}`);
  return {
    id,
    accountId: account.id,
    memberId: stableId(`member:${email}`),
    email,
    firstName,
    lastName,
    jid: userJid(id),
    role,
    status,
  };
}

/** The people of the sandbox. Their ids are the same after each reset. */
export const people: readonly User[] = [
  person(example, 'alex@example.com', 'Alex', 'Admin', 'admin'),
  person(example, 'ada@example.com', 'Ada', 'Abbott', 'owner'),
  person(example, 'jill@example.com', 'Jill', 'Chill'),
  person(example, 'sam@example.com', 'Sam', 'Support'),
  person(example, 'robin@example.com', 'Robin', 'Reed'),
  person(example, 'ivy@example.com', 'Ivy', 'Inactive', 'member', 'inactive'),
  person(other, 'olive@other.example', 'Olive', 'Owner', 'owner'),
  person(other, 'otto@other.example', 'Otto', 'Outsider'),
];

/** Channel settings that Zoom takes when none are given. */
export const defaultSettings = {
  add_member_permissions: 1,
  new_members_can_see_previous_messages_files: true,
  posting_permissions: 1,
  mention_all_permissions: 1,
  allow_to_add_external_users: 0,
} as const;

/** Fills an empty store: two accounts, their people, and one public channel for each account. */
export function seedStore(store: Store, now: number): void {
  for (const account of [example, other]) {
    store.accounts.put({ ...account });
    const staff = people.filter((user) => user.accountId === account.id);
    for (const user of staff) store.users.put({ ...user });
    const id = stableChannelId(`channel:general:${account.id}`);
    store.channels.put({
      id,
      jid: channelJid(id),
      accountId: account.id,
      name: 'General',
      type: 3,
      settings: { ...defaultSettings },
      members: staff
        .filter((user) => user.status === 'active')
        .map((user, index) => ({ userId: user.id, role: index === 0 ? 'owner' : 'member', joinedAt: now })),
      pending: [],
      archived: false,
      appAdded: false,
      createdAt: now,
    });
  }
}
