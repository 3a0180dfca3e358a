import { z } from 'zod';
import {
  archiveChannel,
  createChannel,
  deleteChannel,
  findChannel,
  liveChannels,
  membership,
  mustFindChannel,
  nameLimit,
  updateChannel,
} from '../chat.ts';
import { invalid, noChannel, noPermission, ZoomError } from '../errors.ts';
import { bothLevels } from '../scopes.ts';
import type { Channel, User } from '../state.ts';
import type { World } from '../world.ts';
import { pageSize, read, type endpointsOn } from './api.ts';
import { page } from './paging.ts';

/*
 * Channels (developers.zoom.us/docs/api/team-chat/).
 */

/** The address that opens a conversation in the client: base64 of its `sid`, and of a message's `mid`. */
export function launchUrl(world: World, sid: string, mid?: string): string {
  const json = JSON.stringify(mid === undefined ? { sid } : { sid, mid });
  return `${world.publicUrl()}/launch/chat/v2/${Buffer.from(json).toString('base64')}`;
}

/** A channel as the list and GET show it. */
export function channelJson(world: World, channel: Channel, detail = false): object {
  return {
    id: channel.id,
    jid: channel.jid,
    name: channel.name,
    type: channel.type,
    channel_url: launchUrl(world, channel.jid),
    channel_settings: { ...channel.settings, ...(detail ? { designated_posting_members: [] } : {}) },
  };
}

/** One page of channels, as the lists show it; `key` as `page` has it. */
function channelsPage(world: World, channels: Channel[], key: object, query: z.infer<typeof listQuery>): object {
  const { rows, next } = page(world, channels, (channel) => channel.id, key, query);
  return {
    channels: rows.map((channel) => channelJson(world, channel)),
    next_page_token: next,
    page_size: query.page_size,
    total_records: channels.length,
  };
}

const settingsInput = z.object({
  add_member_permissions: z.union([z.literal(1), z.literal(2)]).optional(),
  new_members_can_see_previous_messages_files: z.boolean().optional(),
  posting_permissions: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
  mention_all_permissions: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
  allow_to_add_external_users: z.number().int().min(0).max(2).optional(),
});

const name = z.string().trim().min(1).max(nameLimit);

/** Invited people by e-mail; the caps differ by endpoint. */
export const memberList = (cap: number) => z.array(z.object({ email: z.email() })).max(cap);

const createInput = z.object({
  name: name.optional(),
  type: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  members: memberList(20).default([]),
  channel_settings: settingsInput.default({}),
  shared_space: z
    .object({ space_id: z.string(), space_channel_type: z.enum(['private', 'public_for_members']).optional() })
    .optional(),
});
const patchInput = z.object({
  name: name.optional(),
  type: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(5)]).optional(),
  channel_settings: settingsInput.optional(),
});
const listQuery = z.object({ page_size: pageSize(10, 1000), next_page_token: z.string().optional() });
/** Of the account's public channels, which come in pages of 20 at most. */
const publicQuery = z.object({ page_size: pageSize(10, 20), next_page_token: z.string().optional() });
const archiveInput = z.object({
  method: z.enum(['archive', 'unarchive']),
  channel_ids: z.array(z.string()).min(1).max(10),
});

/** Keeps the settings that were given; a field that is absent must not overwrite one that is set. */
function given<T extends object>(settings: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** Channel endpoints. */
export function channelEndpoints(world: World, add: ReturnType<typeof endpointsOn>): void {
  const readScopes = (granular: string) => ({
    classic: bothLevels('chat_channel:read', 'chat_channel:write'),
    granular: bothLevels(granular),
  });
  const writeScopes = (granular: string) => ({
    classic: bothLevels('chat_channel:write'),
    granular: bothLevels(granular),
  });

  add(
    'get',
    '/chat/users/:u/channels',
    { label: 'MEDIUM', scopes: readScopes('team_chat:read:list_user_channels'), role: 'channels' },
    ({ req, user }) => {
      const query = read(listQuery, req.query);
      const mine = liveChannels(world).filter((channel) => membership(channel, user.id) !== undefined);
      return { status: 200, json: channelsPage(world, mine, { channels: user.id, size: query.page_size }, query) };
    },
  );

  add(
    'post',
    '/chat/users/:u/channels',
    { label: 'MEDIUM', scopes: writeScopes('team_chat:write:user_channel'), role: 'channels' },
    ({ body, user }) => {
      const input = read(createInput, body);
      if (input.name === undefined && input.type !== 4)
        throw invalid([{ field: 'name', message: 'A name is required.' }]);
      if (input.shared_space !== undefined) throw new ZoomError(404, 5407, 'Shared space does not exist.');
      const channel = createChannel(world, user, {
        name: input.name ?? 'Group chat',
        type: input.type,
        settings: given(input.channel_settings),
        invitees: input.members.map((member) => member.email),
      });
      return {
        status: 201,
        json: {
          id: channel.id,
          jid: channel.jid,
          name: channel.name,
          type: channel.type,
          channel_url: launchUrl(world, channel.jid),
        },
      };
    },
  );

  add(
    'delete',
    '/chat/users/:u/channels',
    { label: 'LIGHT', scopes: writeScopes('team_chat:delete:channels'), role: 'channels' },
    ({ req, user }) => {
      const query = read(z.object({ channel_ids: z.string().min(1) }), req.query);
      const ids = query.channel_ids.split(',').map((id) => id.trim());
      if (ids.length > 50) throw new ZoomError(400, 4300, 'No more than 50 channels can be deleted at once.');
      const channels = ids.map((id) => {
        const channel = findChannel(world, id);
        if (channel === undefined) throw new ZoomError(404, 4400, `Channel does not exist: ${id}.`);
        const role = membership(channel, user.id)?.role;
        if (role !== 'owner' && role !== 'admin')
          throw new ZoomError(403, 4100, `No permission to delete the channel ${id}.`);
        return channel;
      });
      for (const channel of channels) deleteChannel(world, user, channel);
      return { status: 202 };
    },
  );

  add(
    'get',
    '/chat/channels',
    {
      label: 'MEDIUM',
      scopes: {
        classic: ['chat_channel:read:admin', 'chat_channel:write:admin'],
        granular: ['team_chat:read:list_channels:admin'],
      },
      role: 'channels',
    },
    ({ req, user }) => {
      const query = read(publicQuery, req.query);
      const open = liveChannels(world).filter(
        (channel) => channel.accountId === user.accountId && (channel.type === 3 || channel.type === 5),
      );
      return { status: 200, json: channelsPage(world, open, { public: user.accountId, size: query.page_size }, query) };
    },
  );

  const channelPaths = [
    { path: '/chat/channels/:c', granular: 'channel' },
    { path: '/chat/users/:u/channels/:c', granular: 'user_channel' },
  ];

  // Before the paths with a channel id: `events` is not one.
  add(
    'patch',
    '/chat/channels/events',
    { label: 'LIGHT', scopes: writeScopes('team_chat:update:archive_channels'), role: 'channels' },
    ({ body, user }) => {
      const input = read(archiveInput, body);
      const failures = input.channel_ids.flatMap((id) => archiveFailure(world, user, id, input.method === 'archive'));
      return { status: 200, json: { failed_channels: failures } };
    },
  );

  for (const { path, granular } of channelPaths) {
    add(
      'get',
      path,
      { label: 'MEDIUM', scopes: readScopes(`team_chat:read:${granular}`), role: 'channels' },
      ({ params, user }) => {
        const channel = mustFindChannel(world, params['c'] ?? '');
        if (membership(channel, user.id) === undefined) throw noPermission('You are not a member of this channel.');
        return { status: 200, json: channelJson(world, channel, true) };
      },
    );
    add(
      'patch',
      path,
      { label: 'MEDIUM', scopes: writeScopes(`team_chat:update:${granular}`), role: 'channels' },
      ({ params, body, user }) => {
        const input = read(patchInput, body);
        const channel = mustFindChannel(world, params['c'] ?? '');
        updateChannel(world, user, channel, {
          name: input.name,
          type: input.type,
          settings: input.channel_settings === undefined ? undefined : given(input.channel_settings),
        });
        return { status: 204 };
      },
    );
    add(
      'delete',
      path,
      { label: 'MEDIUM', scopes: writeScopes(`team_chat:delete:${granular}`), role: 'channels' },
      ({ params, user }) => {
        deleteChannel(world, user, mustFindChannel(world, params['c'] ?? ''));
        return { status: 204 };
      },
    );
  }
}

function archiveFailure(world: World, user: User, id: string, archived: boolean): object[] {
  try {
    const channel = findChannel(world, id);
    if (channel === undefined) throw noChannel(id);
    archiveChannel(world, user, channel, archived);
    return [];
  } catch (error) {
    if (!(error instanceof ZoomError)) throw error;
    return [{ channel_id: id, reason: error.message, error_code: error.code }];
  }
}
