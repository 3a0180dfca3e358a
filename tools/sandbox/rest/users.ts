import { ZoomError } from '../errors.ts';
import { displayName } from '../events.ts';
import { bothLevels } from '../scopes.ts';
import type { User } from '../state.ts';
import type { World } from '../world.ts';
import type { endpointsOn } from './api.ts';

/** Roles that Zoom gives every account (developers.zoom.us/docs/api/users/). */
const roles: Record<User['role'], { role_id: string; role_name: string }> = {
  owner: { role_id: '0', role_name: 'Owner' },
  admin: { role_id: '1', role_name: 'Admin' },
  member: { role_id: '2', role_name: 'Member' },
};

/** A user as GET /users/{userId} shows it (developers.zoom.us/docs/api/users/). */
export function userJson(world: World, user: User): object {
  return {
    id: user.id,
    account_id: user.accountId,
    account_number: world.store.accounts.get(user.accountId)?.number,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    display_name: displayName(user),
    type: 2,
    ...roles[user.role],
    status: user.status,
    timezone: 'America/New_York',
    language: 'en-US',
    jid: user.jid,
    pic_url: '',
    verified: 1,
    cluster: 'us04',
    created_at: '2024-01-15T09:00:00Z',
    user_created_at: '2024-01-15T09:00:00Z',
  };
}

/** GET /users/{me|id|e-mail} */
export function userEndpoints(world: World, add: ReturnType<typeof endpointsOn>): void {
  const scopes = { classic: bothLevels('user:read', 'user:write'), granular: bothLevels('user:read:user') };
  // Scopes of the user's own profile only serve `me`; they have no account-level form.
  const own = { ...scopes, classic: [...scopes.classic, 'user_profile', 'user_info:read'] };
  add('get', '/users/me', { label: 'LIGHT', scopes: own }, ({ caller }) => ({
    status: 200,
    json: userJson(world, caller),
  }));
  add('get', '/users/:u', { label: 'LIGHT', scopes }, ({ user }) => {
    if (user.status === 'expired') throw new ZoomError(400, 1120, 'The invitation of this user has expired.');
    return { status: 200, json: userJson(world, user) };
  });
}
