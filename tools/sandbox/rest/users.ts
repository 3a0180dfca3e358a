import { ZoomError } from '../errors.ts';
import { displayName } from '../events.ts';
import type { User } from '../state.ts';
import type { World } from '../world.ts';
import type { endpointsOn } from './api.ts';

/** A user as GET /users/{userId} shows it (developers.zoom.us/docs/api/users/). */
export function userJson(world: World, user: User): object {
  const admin = user.role === 'admin';
  return {
    id: user.id,
    account_id: user.accountId,
    account_number: world.store.accounts.get(user.accountId)?.number,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    display_name: displayName(user),
    type: 2,
    role_id: admin ? '1' : '2',
    role_name: admin ? 'Admin' : 'Member',
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
  const scopes = { classic: ['user:read'], granular: ['user:read:user'] };
  // Scopes of the user's own profile only serve `me`; they have no account-level form.
  const own = { classic: ['user:read', 'user_profile', 'user_info:read'], granular: ['user:read:user'] };
  add('get', '/users/me', { label: 'LIGHT', scopes: own }, ({ caller }) => ({
    status: 200,
    json: userJson(world, caller),
  }));
  add('get', '/users/:u', { label: 'LIGHT', scopes }, ({ user }) => {
    if (user.status === 'expired') throw new ZoomError(400, 1120, 'The invitation of this user has expired.');
    return { status: 200, json: userJson(world, user) };
  });
}
