import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeAll, list, part, rig, type Rig } from './helpers.ts';

let r: Rig;
let auth: Record<string, string>;
beforeAll(async () => {
  r = await rig({ switches: { rateLimits: false, channelBurst: false, scopeForm: 'classic' } });
});
beforeEach(async () => {
  await r.control('/reset');
  auth = (await r.install()).auth;
});
afterAll(closeAll);

const get = (path: string) => r.call('GET', `/v2${path}`, undefined, auth);
const post = (path: string, body: unknown) => r.call('POST', `/v2${path}`, body, auth);
const channel = async (name: string, extra: object = {}): Promise<string> =>
  String((await post('/chat/users/me/channels', { name, type: 2, ...extra })).json['id']);
const code = (reply: { status: number; json: Record<string, unknown> }) => [reply.status, reply.json['code']];

describe('authorization', () => {
  it('refuses missing, unknown and query tokens with 401/124', async () => {
    expect(code(await r.call('GET', '/v2/users/me'))).toEqual([401, 124]);
    expect(code(await r.call('GET', '/v2/users/me', undefined, { authorization: 'Bearer x' }))).toEqual([401, 124]);
    const query = await r.call('GET', '/v2/users/me?access_token=x');
    expect(query.json['message']).toContain('not supported as query parameter string');
  });

  it('refuses calls whose scope was not granted with 4711 and names the scopes', async () => {
    await r.switches({ appScopes: ['user:read:admin', 'chat_channel:read:admin'] });
    auth = (await r.install()).auth;
    expect((await get('/chat/users/me/channels')).status).toBe(200);
    const refused = await post('/chat/users/me/channels', { name: 'x', type: 2 });
    expect(code(refused)).toEqual([400, 4711]);
    expect(refused.json['message']).toBe(
      'Invalid access token, does not contain scopes:[team_chat:write:user_channel:admin, chat_channel:write:admin].',
    );
    expect(code(await get(`/chat/users/me/messages?to_channel=x`))).toEqual([400, 4711]);
    await r.switches({ scopeErrorStatus: 401 });
    expect((await post('/chat/users/me/channels', { name: 'x', type: 2 })).status).toBe(401);
  });

  it('lets user-managed apps act for `me` only', async () => {
    await r.switches({ managedType: 'user' });
    auth = (await r.install()).auth;
    expect((await get('/users/me')).status).toBe(200);
    expect(code(await get('/users/jill@example.com'))).toEqual([400, 4711]);
    expect(code(await get('/chat/users/jill@example.com/channels'))).toEqual([400, 4711]);
  });

  it('carries x-zm-trackingid and answers unknown paths and broken JSON', async () => {
    expect((await get('/users/me')).headers.get('x-zm-trackingid')).toBeTruthy();
    expect((await get('/nothing')).status).toBe(404);
    const broken = await fetch(`${r.sandbox.url}/v2/chat/users/me/channels`, {
      method: 'POST',
      headers: auth,
      body: '{"name":',
    });
    expect(broken.status).toBe(400);
    expect(part(await broken.json())['code']).toBe(300);
  });
});

describe('users', () => {
  it('shows oneself and, by id or e-mail, colleagues; others do not exist', async () => {
    const me = await get('/users/me');
    expect(me.json).toMatchObject({
      email: 'alex@example.com',
      display_name: 'Alex Admin',
      status: 'active',
      jid: expect.stringMatching(/^[a-z0-9_-]{22}@xmpp\.zoom\.us$/) as string,
    });
    const jill = await get('/users/jill@example.com');
    expect((await get(`/users/${String(jill.json['id'])}`)).json).toEqual(jill.json);
    expect((await get('/users/ivy@example.com')).json['status']).toBe('inactive');
    expect(code(await get('/users/nobody@example.com'))).toEqual([404, 1001]);
    expect(code(await get('/users/otto@other.example'))).toEqual([404, 1001]);
  });
});

describe('channels', () => {
  it('creates, shows, renames, and deletes', async () => {
    const made = await post('/chat/users/me/channels', {
      name: 'Inbound',
      type: 2,
      members: [{ email: 'jill@example.com' }],
    });
    expect(made.status).toBe(201);
    const id = String(made.json['id']);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(made.json['jid']).toBe(`${id}@conference.xmpp.zoom.us`);
    const url = String(made.json['channel_url']);
    expect(url).toMatch(new RegExp(`^${r.sandbox.url}/launch/chat/v2/`));
    const sid = Buffer.from(url.split('/').at(-1) ?? '', 'base64').toString();
    expect(JSON.parse(sid)).toEqual({ sid: `${id}@conference.xmpp.zoom.us` });
    expect((await get(`/chat/channels/${id}`)).json).toMatchObject({
      id,
      name: 'Inbound',
      type: 2,
      channel_settings: { posting_permissions: 1 },
    });
    expect((await r.call('PATCH', `/v2/chat/channels/${id}`, { name: 'Renamed' }, auth)).status).toBe(204);
    expect((await get(`/chat/users/me/channels/${id}`)).json['name']).toBe('Renamed');
    expect((await r.call('DELETE', `/v2/chat/channels/${id}`, undefined, auth)).status).toBe(204);
    expect(code(await get(`/chat/channels/${id}`))).toEqual([404, 4130]);
  });

  it('refuses clashing and long names, wrong types, too many members and unknown people', async () => {
    await channel('Inbound');
    expect(code(await post('/chat/users/me/channels', { name: 'inbound', type: 2 }))).toEqual([400, 300]);
    const other = await channel('Other');
    expect(code(await r.call('PATCH', `/v2/chat/channels/${other}`, { name: 'Inbound' }, auth))).toEqual([400, 300]);
    const long = await post('/chat/users/me/channels', { name: 'x'.repeat(257), type: 2 });
    expect(long.json).toMatchObject({ code: 300, message: 'Validation Failed.', errors: [{ field: 'name' }] });
    expect((await post('/chat/users/me/channels', { name: 'y'.repeat(256), type: 2 })).status).toBe(201);
    expect(code(await post('/chat/users/me/channels', { name: 'a', type: 5 }))).toEqual([400, 300]);
    const many = Array.from({ length: 21 }, (_, index) => ({ email: `p${index}@example.com` }));
    expect(code(await post('/chat/users/me/channels', { name: 'b', type: 2, members: many }))).toEqual([400, 300]);
    expect(
      code(await post('/chat/users/me/channels', { name: 'c', type: 2, members: [{ email: 'ivy@example.com' }] })),
    ).toEqual([400, 5301]);
    expect(code(await post('/chat/users/nobody@example.com/channels', { name: 'd', type: 2 }))).toEqual([404, 1001]);
  });

  it('creates on behalf of a colleague, who then owns it while the caller is outside', async () => {
    const made = await post('/chat/users/jill@example.com/channels', { name: 'Chat 1', type: 2 });
    const id = String(made.json['id']);
    expect(code(await get(`/chat/channels/${id}`))).toEqual([400, 200]);
    expect(code(await get(`/chat/channels/${id}/members`))).toEqual([400, 200]);
    expect(code(await r.call('PATCH', `/v2/chat/channels/${id}`, { name: 'n' }, auth))).toEqual([403, 200]);
    expect(code(await r.call('DELETE', `/v2/chat/channels/${id}`, undefined, auth))).toEqual([400, 200]);
    expect(code(await post('/chat/users/me/messages', { to_channel: id, message: 'x' }))).toEqual([400, 200]);
    expect(code(await get(`/chat/users/me/messages?to_channel=${id}`))).toEqual([400, 200]);
    expect((await get(`/chat/users/jill@example.com/channels/${id}`)).status).toBe(200);
  });

  it('pages the list; tokens serve the same query for 15 minutes', async () => {
    for (let index = 0; index < 4; index++) await channel(`C${index}`);
    const first = await get('/chat/users/me/channels?page_size=2');
    expect(first.json['total_records']).toBe(5);
    const token = encodeURIComponent(String(first.json['next_page_token']));
    const second = await get(`/chat/users/me/channels?page_size=2&next_page_token=${token}`);
    const third = await get(
      `/chat/users/me/channels?page_size=2&next_page_token=${encodeURIComponent(String(second.json['next_page_token']))}`,
    );
    const names = [first, second, third].flatMap((page) => list(page.json['channels']).map((one) => one['name']));
    expect(new Set(names)).toEqual(new Set(['General', 'C0', 'C1', 'C2', 'C3']));
    expect(third.json['next_page_token']).toBe('');
    expect(code(await get(`/chat/users/me/channels?page_size=3&next_page_token=${token}`))).toEqual([400, 300]);
    expect(code(await get('/chat/users/me/channels?next_page_token=bogus'))).toEqual([400, 300]);
    await r.control('/clock', { advance_ms: 15 * 60_000 });
    expect(code(await get(`/chat/users/me/channels?page_size=2&next_page_token=${token}`))).toEqual([400, 300]);
  });

  it('archives with 200 and a list of failures; archived channels take no posts', async () => {
    const id = await channel('Old');
    const archive = (ids: string[], method = 'archive') =>
      r.call('PATCH', '/v2/chat/channels/events', { method, channel_ids: ids }, auth);
    expect((await archive([id])).json).toEqual({ failed_channels: [] });
    const again = await archive([id, 'f'.repeat(32)]);
    expect(again.status).toBe(200);
    expect(list(again.json['failed_channels']).map((one) => one['error_code'])).toEqual([3205, 4130]);
    expect(code(await post('/chat/users/me/messages', { to_channel: id, message: 'x' }))).toEqual([400, 5420]);
    expect((await archive([id], 'unarchive')).json).toEqual({ failed_channels: [] });
  });

  it('lists the account’s public channels, whoever is in them', async () => {
    await channel('Hidden');
    await post('/chat/users/jill@example.com/channels', { name: 'Open', type: 3 });
    const all = await get('/chat/channels?page_size=1');
    expect(all.json).toMatchObject({ page_size: 1, total_records: 2, channels: [{ name: 'General', type: 3 }] });
    const next = encodeURIComponent(String(all.json['next_page_token']));
    const rest = await get(`/chat/channels?page_size=1&next_page_token=${next}`);
    expect(list(rest.json['channels']).map((one) => one['name'])).toEqual(['Open']);
  });

  it('refuses who has a role that may not change channels or messages', async () => {
    const id = await channel('Team');
    await r.switches({ roleChatChannelsEdit: false });
    const refused = await post('/chat/users/me/channels', { name: 'More', type: 2 });
    expect(code(refused)).toEqual([400, 200]);
    expect(refused.json['message']).toContain('Chat Channels - Edit');
    expect((await post('/chat/users/me/messages', { to_channel: id, message: 'x' })).status).toBe(201);
    await r.switches({ roleChatChannelsEdit: true, roleChatMessagesEdit: false });
    expect(code(await post('/chat/users/me/messages', { to_channel: id, message: 'x' }))).toEqual([400, 200]);
    expect((await post('/chat/users/me/channels', { name: 'More', type: 2 })).status).toBe(201);
  });

  it('deletes several at once with 202', async () => {
    const ids = [await channel('A'), await channel('B')];
    expect(
      (await r.call('DELETE', `/v2/chat/users/me/channels?channel_ids=${ids.join(',')}`, undefined, auth)).status,
    ).toBe(202);
    expect(code(await get(`/chat/channels/${ids[0] ?? ''}`))).toEqual([404, 4130]);
  });
});

describe('members', () => {
  it('invites on both paths with their caps and answers comma-joined ids', async () => {
    const id = await channel('Team');
    const jill = await r.person('jill@example.com');
    const sam = await r.person('sam@example.com');
    const added = await post(`/chat/channels/${id}/members`, {
      members: [{ email: jill.email }, { email: sam.email }],
    });
    expect(added.status).toBe(201);
    expect(added.json['ids']).toBe(`${jill.id},${sam.id}`);
    expect(String(added.json['member_ids']).split(',')).toHaveLength(2);
    const six = Array.from({ length: 6 }, (_, index) => ({ email: `p${index}@example.com` }));
    expect(code(await post(`/chat/channels/${id}/members`, { members: six }))).toEqual([400, 300]);
    expect(code(await post(`/chat/users/me/channels/${id}/members`, { members: six }))).toEqual([400, 5301]);
    expect(code(await post(`/chat/channels/${id}/members`, { members: [{ email: jill.email }] }))).toEqual([400, 5301]);
    await r.switches({ inviteExistingMember: 'success' });
    expect((await post(`/chat/channels/${id}/members`, { members: [{ email: jill.email }] })).status).toBe(201);
    const members = await get(`/chat/users/me/channels/${id}/members?page_size=2`);
    expect(members.json['total_records']).toBe(3);
    expect(list(members.json['members'])[0]).toMatchObject({
      email: 'alex@example.com',
      role: 'owner',
      is_external: false,
    });
    expect(members.json['next_page_token']).not.toBe('');
  });

  it('shows outsiders without id and e-mail, once they have accepted', async () => {
    const id = await channel('Open', { type: 1 });
    const otto = await r.person('otto@other.example');
    const invited = await post(`/chat/channels/${id}/members`, { members: [{ email: otto.email }] });
    expect(invited.json['ids']).toBe('');
    expect(list((await get(`/chat/channels/${id}/members`)).json['members'])).toHaveLength(1);
    expect((await r.control(`/users/${otto.id}/join`, { channel_id: id })).status).toBe(200);
    expect(list((await get(`/chat/channels/${id}/members`)).json['members'])[1]).toMatchObject({
      id: '',
      email: '',
      is_external: true,
      name: 'Otto Outsider',
    });
    const closed = await channel('Closed');
    expect(code(await post(`/chat/channels/${closed}/members`, { members: [{ email: otto.email }] }))).toEqual([
      400, 5301,
    ]);
  });

  it('removes several on the path of a user, which has a granular scope of its own', async () => {
    const id = await channel('Team', { members: [{ email: 'jill@example.com' }, { email: 'sam@example.com' }] });
    const sam = await r.person('sam@example.com');
    const path = `/v2/chat/users/alex@example.com/channels/${id}/members?identifiers=jill@example.com,${sam.id}`;
    expect((await r.call('DELETE', path, undefined, auth)).status).toBe(204);
    expect(list((await get(`/chat/channels/${id}/members`)).json['members'])).toHaveLength(1);
    expect(code(await r.call('DELETE', path, undefined, auth))).toEqual([400, 5301]);
    await r.switches({ appScopes: ['team_chat:delete:member'] });
    auth = (await r.install()).auth;
    const own = path.replace('alex@example.com', 'me');
    expect((await r.call('DELETE', own, undefined, auth)).json['message']).toContain('[team_chat:delete:member:admin,');
  });

  it('promotes and demotes with the scopes of administrators', async () => {
    const id = await channel('Team', { members: [{ email: 'jill@example.com' }] });
    const jill = await r.person('jill@example.com');
    await r.switches({
      appScopes: [
        'team_chat:read:list_administrators:admin',
        'team_chat:write:administrator:admin',
        'team_chat:delete:batch_administrators:admin',
      ],
    });
    auth = (await r.install()).auth;
    const path = `/chat/users/alex@example.com/channels/${id}/admins`;
    expect((await post(path, { admins: [{ email: jill.email }] })).status).toBe(201);
    expect(list((await get(path)).json['admins']).map((one) => one['role'])).toEqual(['owner', 'admin']);
    expect((await r.call('DELETE', `/v2${path}?user_ids=${jill.id}`, undefined, auth)).status).toBe(204);
    expect(list((await get(path)).json['admins'])).toHaveLength(1);
  });

  it('removes others, not the owner, and not oneself in a batch; join and leave need a user-managed app', async () => {
    const id = await channel('Team', { members: [{ email: 'jill@example.com' }] });
    const alex = await r.person('alex@example.com');
    const remove = (path: string) => r.call('DELETE', `/v2/chat/channels/${id}/members${path}`, undefined, auth);
    expect(code(await remove(`?user_ids=${alex.id}`))).toEqual([400, 300]);
    expect((await remove('/jill@example.com')).status).toBe(204);
    expect(code(await remove('/jill@example.com'))).toEqual([400, 5301]);
    expect(code(await remove('/me'))).toEqual([400, 200]);
    await r.switches({ managedType: 'user' });
    auth = (await r.install()).auth;
    expect((await remove('/me')).status).toBe(204);
  });
});

describe('messages in a person’s name', () => {
  it('sends, lists, shows, edits and deletes', async () => {
    const id = await channel('Team', { members: [{ email: 'jill@example.com' }] });
    const sent = await post('/chat/users/jill@example.com/messages', { to_channel: id, message: 'Hello' });
    expect(sent.status).toBe(201);
    const m = String(sent.json['id']);
    expect(Object.keys(sent.json)).toEqual(['id']);
    const all = await get(`/chat/users/me/messages?to_channel=${id}`);
    expect(list(all.json['messages'])[0]).toMatchObject({
      id: m,
      message: 'Hello',
      sender: 'jill@example.com',
      sender_display_name: 'Jill Chill',
      message_type: 'plain_text_message',
    });
    const one = `/v2/chat/users/me/messages/${m}`;
    expect((await r.call('GET', `${one}?to_channel=${id}`, undefined, auth)).json['message_url']).toContain(
      '/launch/chat/v2/',
    );
    expect(code(await r.call('PUT', one, { message: 'x', to_channel: id }, auth))).toEqual([400, 200]);
    expect(code(await r.call('DELETE', `${one}?to_channel=${id}`, undefined, auth))).toEqual([400, 200]);
    const own = `/v2/chat/users/jill@example.com/messages/${m}`;
    expect((await r.call('PUT', own, { message: 'Hello!', to_channel: id }, auth)).status).toBe(204);
    expect(code(await r.call('PUT', own.replace(m, 'nope'), { message: 'x', to_channel: id }, auth))).toEqual([
      400, 300,
    ]);
    expect((await r.call('DELETE', `${own}?to_channel=${id}`, undefined, auth)).status).toBe(204);
    expect(list((await get(`/chat/users/me/messages?to_channel=${id}`)).json['messages'])).toHaveLength(0);
    const gone = await get(`/chat/users/me/messages?to_channel=${id}&include_deleted_and_edited_message=true`);
    expect(list(gone.json['messages'])[0]).toMatchObject({ id: m, status: 'Deleted' });
  });

  it('keeps 1024 characters, one target, and existing people and channels', async () => {
    const id = await channel('Team');
    expect((await post('/chat/users/me/messages', { to_channel: id, message: 'x'.repeat(1024) })).status).toBe(201);
    expect(code(await post('/chat/users/me/messages', { to_channel: id, message: 'x'.repeat(1025) }))).toEqual([
      400, 300,
    ]);
    expect(code(await post('/chat/users/me/messages', { message: 'x' }))).toEqual([400, 300]);
    expect(
      code(await post('/chat/users/me/messages', { to_channel: id, to_contact: 'jill@example.com', message: 'x' })),
    ).toEqual([400, 300]);
    expect(code(await post('/chat/users/me/messages', { to_channel: 'f'.repeat(32), message: 'x' }))).toEqual([
      404, 4130,
    ]);
    expect(code(await post('/chat/users/me/messages', { to_contact: 'no@example.com', message: 'x' }))).toEqual([
      404, 1001,
    ]);
    expect((await post('/chat/users/me/messages', { to_contact: 'jill@example.com', message: 'x' })).status).toBe(201);
  });

  it('threads one level deep', async () => {
    const id = await channel('Team');
    const root = String((await post('/chat/users/me/messages', { to_channel: id, message: 'root' })).json['id']);
    const reply = await post('/chat/users/me/messages', {
      to_channel: id,
      message: 'reply',
      reply_main_message_id: root,
    });
    expect(reply.status).toBe(201);
    expect(
      code(
        await post('/chat/users/me/messages', {
          to_channel: id,
          message: 'x',
          reply_main_message_id: reply.json['id'],
        }),
      ),
    ).toEqual([400, 5402]);
    const all = list((await get(`/chat/users/me/messages?to_channel=${id}`)).json['messages']);
    expect(all[0]).toMatchObject({ reply_main_message_id: root });
    const top = list(
      (await get(`/chat/users/me/messages?to_channel=${id}&exclude_child_message=true`)).json['messages'],
    );
    expect(top.map((one) => one['message'])).toEqual(['root']);
  });

  it('pages messages by 50 at most and searches', async () => {
    const id = await channel('Team');
    for (let index = 0; index < 12; index++)
      await post('/chat/users/me/messages', { to_channel: id, message: `m${index}` });
    const first = await get(`/chat/users/me/messages?to_channel=${id}`);
    expect(first.json['page_size']).toBe(10);
    const next = encodeURIComponent(String(first.json['next_page_token']));
    const second = await get(`/chat/users/me/messages?to_channel=${id}&next_page_token=${next}`);
    expect(list(second.json['messages']).map((one) => one['message'])).toEqual(['m1', 'm0']);
    expect((await get(`/chat/users/me/messages?to_channel=${id}&page_size=500`)).json['page_size']).toBe(50);
    expect(list((await get(`/chat/users/me/messages?to_channel=${id}&search_key=m11`)).json['messages'])).toHaveLength(
      1,
    );
    expect(code(await get(`/chat/users/me/messages?to_channel=${id}&from=2020-01-01T00:00:00Z`))).toEqual([400, 300]);
  });

  it('lists messages in another order, by switch', async () => {
    const id = await channel('Team');
    for (const message of ['a', 'b', 'c']) await post('/chat/users/me/messages', { to_channel: id, message });
    const listed = async () =>
      list((await get(`/chat/users/me/messages?to_channel=${id}`)).json['messages']).map((one) => one['message']);
    expect(await listed()).toEqual(['c', 'b', 'a']);
    await r.switches({ messageListOrder: 'oldest_first' });
    expect(await listed()).toEqual(['a', 'b', 'c']);
  });

  it('takes files by the redirecting upload', async () => {
    const id = await channel('Team');
    const form = (): FormData => {
      const made = new FormData();
      made.set('file', new File(['hello'], 'note.txt', { type: 'text/plain' }));
      return made;
    };
    const first = await fetch(`${r.sandbox.url}/v2/chat/users/me/files`, {
      method: 'POST',
      headers: auth,
      body: form(),
      redirect: 'manual',
    });
    expect(first.status).toBe(307);
    const location = new URL(first.headers.get('location') ?? '', r.sandbox.url);
    const stored = await fetch(location, { method: 'POST', headers: auth, body: form() });
    const fileId = part(await stored.json())['id'];
    expect((await post('/chat/users/me/messages', { to_channel: id, message: '', file_ids: [fileId] })).status).toBe(
      201,
    );
    expect(list((await get(`/chat/users/me/messages?to_channel=${id}`)).json['messages'])[0]).toMatchObject({
      file_name: 'note.txt',
      message_type: 'others',
    });
    expect(code(await post('/chat/users/me/messages', { to_channel: id, message: 'x', file_ids: ['nope'] }))).toEqual([
      400, 5404,
    ]);
  });
});
