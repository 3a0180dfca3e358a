import { z } from 'zod';
import { zoomDateTime } from '../clock.ts';
import { findUser, invite, join, leave, membership, mustFindChannel, removeMembers, setAdmins } from '../chat.ts';
import { failed, invalid, noPermission } from '../errors.ts';
import { bothLevels } from '../scopes.ts';
import { displayName } from '../events.ts';
import type { Channel, Membership, User } from '../state.ts';
import type { World } from '../world.ts';
import { pageSize, read, type endpointsOn } from './api.ts';
import { memberList } from './channels.ts';
import { page } from './paging.ts';

/*
 * Members of channels (developers.zoom.us/docs/api/team-chat/).
 */

const listQuery = z.object({ page_size: pageSize(30, 100), next_page_token: z.string().optional() });
const batchQuery = z.object({ member_ids: z.string().optional(), user_ids: z.string().optional() });
const adminsQuery = z.object({ admin_ids: z.string().optional(), user_ids: z.string().optional() });

/** A member as the list shows it to somebody of `accountId`: outsiders have neither id nor e-mail. */
function memberJson(world: World, member: Membership, accountId: string): object {
  const user = world.store.users.get(member.userId);
  const external = user?.accountId !== accountId;
  return {
    id: external ? '' : member.userId,
    member_id: user?.memberId ?? '',
    email: external ? '' : user.email,
    first_name: user?.firstName ?? '',
    last_name: user?.lastName ?? '',
    name: user === undefined ? '' : displayName(user),
    role: member.role,
    is_external: external,
  };
}

/** Member endpoints, on both the channel's and the user's path. */
export function memberEndpoints(world: World, add: ReturnType<typeof endpointsOn>): void {
  const readScopes = {
    classic: bothLevels('chat_channel:read', 'chat_channel:write'),
    granular: bothLevels('team_chat:read:list_members'),
  };
  const writeScopes = (...granular: string[]) => ({ classic: bothLevels('chat_channel:write'), granular });
  const who = (key: string): User => {
    const user = findUser(world, key);
    if (user === undefined) throw failed('remove channel member');
    return user;
  };
  const ownOnly = (): void => {
    if (world.switches().managedType === 'user') return;
    throw noPermission('Only user-managed apps can join or leave a channel.');
  };

  for (const { path, cap } of [
    { path: '/chat/channels/:c/members', cap: 5 },
    { path: '/chat/users/:u/channels/:c/members', cap: 20 },
  ]) {
    add('get', path, { label: 'MEDIUM', scopes: readScopes, role: 'channels' }, ({ req, params, user }) => {
      const query = read(listQuery, req.query);
      const channel = mustFindChannel(world, params['c'] ?? '');
      if (membership(channel, user.id) === undefined) throw noPermission('You are not a member of this channel.');
      const key = { members: channel.id, size: query.page_size };
      const result = page(world, channel.members, (member) => member.userId, key, query);
      return {
        status: 200,
        json: {
          members: result.rows.map((member) => memberJson(world, member, user.accountId)),
          next_page_token: result.next,
          page_size: query.page_size,
          total_records: channel.members.length,
        },
      };
    });

    add(
      'post',
      path,
      { label: 'MEDIUM', scopes: writeScopes(...bothLevels('team_chat:write:members')), role: 'channels' },
      ({ params, body, user }) => {
        const input = read(z.object({ members: memberList(cap).min(1) }), body);
        const channel = mustFindChannel(world, params['c'] ?? '');
        const emails = input.members.map((member) => member.email);
        const { join: joined, pend } = invite(world, user, channel, emails);
        return {
          status: 201,
          json: {
            added_at: zoomDateTime(world.clock.now()),
            ids: joined.map((one) => one.id).join(','),
            member_ids: [...joined, ...pend].map((one) => one.memberId).join(','),
          },
        };
      },
    );
  }

  add(
    'post',
    '/chat/channels/:c/members/me',
    { label: 'MEDIUM', scopes: writeScopes('team_chat:write:member') },
    ({ params, user }) => {
      ownOnly();
      join(world, user, mustFindChannel(world, params['c'] ?? ''));
      return {
        status: 201,
        json: { added_at: zoomDateTime(world.clock.now()), id: user.id, member_id: user.memberId },
      };
    },
  );

  /** The people of a comma-separated list of ids, at most 20 and not oneself. */
  const peopleOf = (ids: string, user: User): User[] => {
    const keys = ids
      .split(',')
      .map((key) => key.trim())
      .filter((key) => key !== '');
    if (keys.length === 0 || keys.length > 20) throw invalid('Between 1 and 20 members can be removed at once.');
    const users = keys.map(who);
    if (users.includes(user)) throw invalid('You cannot remove yourself.');
    return users;
  };
  add(
    'delete',
    '/chat/channels/:c/members',
    {
      label: 'MEDIUM',
      scopes: writeScopes(...bothLevels('team_chat:delete:batch_members')),
      role: 'channels',
    },
    ({ req, params, user }) => {
      const { member_ids = '', user_ids = '' } = read(batchQuery, req.query);
      const channel = mustFindChannel(world, params['c'] ?? '');
      removeMembers(world, user, channel, peopleOf(`${member_ids},${user_ids}`, user));
      return { status: 204 };
    },
  );
  add(
    'delete',
    '/chat/users/:u/channels/:c/members',
    { label: 'MEDIUM', scopes: writeScopes('team_chat:delete:member:admin'), role: 'channels' },
    ({ req, params, user }) => {
      const { identifiers } = read(z.object({ identifiers: z.string().min(1) }), req.query);
      const channel = mustFindChannel(world, params['c'] ?? '');
      removeMembers(world, user, channel, peopleOf(identifiers, user));
      return { status: 204 };
    },
  );

  for (const { path, granular } of [
    { path: '/chat/channels/:c/members/:identifier', granular: bothLevels('team_chat:delete:member') },
    {
      path: '/chat/users/:u/channels/:c/members/:identifier',
      granular: ['team_chat:delete:member:admin'],
    },
  ]) {
    add('delete', path, { label: 'MEDIUM', scopes: writeScopes(...granular), role: 'channels' }, ({ params, user }) => {
      const channel = mustFindChannel(world, params['c'] ?? '');
      const identifier = params['identifier'] ?? '';
      if (identifier === 'me') {
        ownOnly();
        leave(world, user, channel);
        return { status: 204 };
      }
      removeMembers(world, user, channel, [who(identifier)]);
      return { status: 204 };
    });
  }

  const admins = '/chat/users/:u/channels/:c/admins';
  const adminsOf = (channel: Channel): Membership[] => channel.members.filter((member) => member.role !== 'member');
  add(
    'get',
    admins,
    {
      label: 'MEDIUM',
      scopes: { classic: bothLevels('chat_channel:read'), granular: ['team_chat:read:list_administrators:admin'] },
    },
    ({ params, user }) => {
      const channel = mustFindChannel(world, params['c'] ?? '');
      if (membership(channel, user.id) === undefined) throw noPermission('You are not a member of this channel.');
      const list = adminsOf(channel).map((member) => memberJson(world, member, user.accountId));
      return { status: 200, json: { admins: list, next_page_token: '', page_size: 30, total_records: list.length } };
    },
  );
  add(
    'post',
    admins,
    { label: 'MEDIUM', scopes: writeScopes('team_chat:write:administrator:admin') },
    ({ params, body, user }) => {
      const input = read(z.object({ admins: memberList(10).min(1) }), body);
      const channel = mustFindChannel(world, params['c'] ?? '');
      const users = input.admins.map((admin) => who(admin.email));
      setAdmins(world, user, channel, users, true);
      return {
        status: 201,
        json: {
          added_at: zoomDateTime(world.clock.now()),
          ids: users.map((one) => one.id).join(','),
          member_ids: users.map((one) => one.memberId).join(','),
        },
      };
    },
  );
  add(
    'delete',
    admins,
    { label: 'MEDIUM', scopes: writeScopes('team_chat:delete:batch_administrators:admin') },
    ({ req, params, user }) => {
      const { admin_ids = '', user_ids = '' } = read(adminsQuery, req.query);
      const keys = `${admin_ids},${user_ids}`.split(',').filter((key) => key !== '');
      if (keys.length === 0 || keys.length > 10)
        throw invalid('Between 1 and 10 administrators can be demoted at once.');
      setAdmins(world, user, mustFindChannel(world, params['c'] ?? ''), keys.map(who), false);
      return { status: 204 };
    },
  );
}
