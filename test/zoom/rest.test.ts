import { describe, expect, it } from 'vitest';
import { clientOf, rejection, send, startServer, type Handler, type Received } from './fake-server.ts';

async function user(handler: Handler) {
  const server = await startServer(handler);
  return { server, zoom: clientOf(server).zoom.asUser('at') };
}

const channel = (id: string) => ({
  id,
  jid: `${id}@conference.xmpp.zoom.us`,
  name: `n-${id}`,
  type: 2,
  channel_url: `https://z/${id}`,
});

describe('users', () => {
  it('gives me, with empty fields as unknown and a bearer token in the header only', async () => {
    const { server, zoom } = await user(() => ({
      id: 'AbC',
      account_id: 'acc',
      email: 'a@x.test',
      first_name: 'Ann',
      last_name: '',
      pic_url: '',
      extra: 1,
    }));
    expect(await zoom.getMe()).toMatchObject({
      id: 'AbC',
      accountId: 'acc',
      displayName: 'Ann',
      jid: 'abc@xmpp.zoom.us',
      pictureUrl: undefined,
    });
    expect(server.requests[0]).toMatchObject({ path: '/v2/users/me', headers: { authorization: 'Bearer at' } });
  });

  it('me without an account is a malformed answer', async () => {
    const { zoom } = await user(() => ({ id: 'u' }));
    expect(await rejection(zoom.getMe())).toMatchObject({ kind: 'malformedAnswer' });
  });

  it('looks up by e-mail, encoded', async () => {
    const { server, zoom } = await user(() => ({ id: 'u', display_name: 'D' }));
    await zoom.getUser('a/b@x.test');
    expect(server.requests[0]?.path).toBe('/v2/users/a%2Fb%40x.test');
  });
});

describe('channels', () => {
  const twoPages: Handler = (request) =>
    request.query.get('next_page_token') === 'p2'
      ? { channels: [channel('c')], next_page_token: '' }
      : { channels: [channel('a'), channel('b')], next_page_token: 'p2' };

  it('lists over all pages', async () => {
    const { zoom } = await user(twoPages);
    expect((await zoom.allChannels()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('fetches a page only when it is needed', async () => {
    const { server, zoom } = await user(twoPages);
    for await (const { id } of zoom.listChannels()) if (id === 'a') break;
    expect(server.requests).toHaveLength(1);
  });

  it('refuses a list of pages that goes in a circle', async () => {
    const { zoom } = await user(() => ({ channels: [], next_page_token: 'same' }));
    expect(await rejection(zoom.allChannels())).toMatchObject({ kind: 'malformedAnswer', retryable: false });
  });

  it('refuses more pages than the cap, rather than give part of a list', async () => {
    let page = 0;
    const { server, zoom } = await user(() => ({ channels: [channel('x')], next_page_token: `p${++page}` }));
    expect(await rejection(zoom.allChannels({ maxPages: 3 }))).toMatchObject({
      detail: 'the list has more than 3 pages',
    });
    expect(server.requests).toHaveLength(3);
  });

  it("creates in Zoom's numbers", async () => {
    const { server, zoom } = await user((_request, response) => send(response, 201, channel('new')));
    const created = await zoom.createChannel({
      userId: 'agent',
      name: 'chat-1',
      type: 'privateInternal',
      members: ['a@x.test'],
      settings: { addMembers: 'admins', mentionAll: 'nobody', newMembersSeeHistory: true },
    });
    expect(created).toEqual({
      id: 'new',
      jid: 'new@conference.xmpp.zoom.us',
      name: 'n-new',
      type: 'privateInternal',
      url: 'https://z/new',
    });
    expect(server.requests[0]?.path).toBe('/v2/chat/users/agent/channels');
    expect(server.requests[0]?.json()).toEqual({
      name: 'chat-1',
      type: 2,
      members: [{ email: 'a@x.test' }],
      channel_settings: {
        add_member_permissions: 2,
        mention_all_permissions: 3,
        new_members_can_see_previous_messages_files: true,
      },
    });
  });

  it('makes JID and link when Zoom leaves them out', async () => {
    const { zoom } = await user(() => ({ id: 'abc', name: 'n', type: 99 }));
    const got = await zoom.getChannel({ channelId: 'abc' });
    expect(got.type).toBe('unknown');
    const sid = Buffer.from(got.url.replace('https://zoom.us/launch/chat/v2/', ''), 'base64').toString();
    expect(JSON.parse(sid)).toEqual({ sid: 'abc@conference.xmpp.zoom.us' });
  });

  it('updates and deletes by either address, any 2xx being a success', async () => {
    const { server, zoom } = await user((_request, response) => response.writeHead(204).end());
    await zoom.updateChannel({ channelId: 'c', name: 'new' });
    await zoom.deleteChannel({ channelId: 'c', path: 'channel' });
    expect(server.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['PATCH', '/v2/chat/users/me/channels/c', '{"name":"new"}'],
      ['DELETE', '/v2/chat/channels/c', ''],
    ]);
  });

  it('archives 10 a call and tells what stayed as it was', async () => {
    const { server, zoom } = await user((request) => ({
      failed_channels: (request.json() as { channel_ids: string[] }).channel_ids
        .filter((id) => id === 'c3' || id === 'c11')
        .map((id) => ({ channel_id: id, reason: 'words', error_code: id === 'c3' ? 3205 : 4130 })),
    }));
    const channelIds = Array.from({ length: 12 }, (_, index) => `c${index}`);
    expect(await zoom.archiveChannels({ channelIds })).toEqual([
      { channelId: 'c3', reason: 'alreadyDone', code: 3205 },
      { channelId: 'c11', reason: 'channelGone', code: 4130 },
    ]);
    expect(server.requests).toHaveLength(2);
  });
});

describe('members', () => {
  const member = { id: 'u1', member_id: 'm1', email: 'Ann@X.test', name: 'Ann', role: 'owner', is_external: false };

  it('lists insiders and outsiders over all pages', async () => {
    const { zoom } = await user((request) =>
      request.query.has('next_page_token')
        ? { members: [{ id: '', email: '', member_id: 'm2', role: 'strange', is_external: true }] }
        : { members: [member], next_page_token: 'p2' },
    );
    expect(await zoom.listMembers({ channelId: 'c' })).toMatchObject([
      { id: 'u1', memberId: 'm1', role: 'owner', external: false },
      { id: undefined, email: undefined, memberId: 'm2', role: 'member', external: true },
    ]);
  });

  it.each([
    ['user', [20, 5]],
    ['channel', [5, 5, 5, 5, 5]],
  ] as const)('invites in batches by path %s', async (path, sizes) => {
    const sizeOf = (request: Received) => (request.json() as { members: unknown[] }).members.length;
    const { server, zoom } = await user((request) => ({
      ids: Array(sizeOf(request)).fill('i').join(','),
      member_ids: 'm1, m2',
    }));
    const emails = Array.from({ length: 25 }, (_, index) => `p${index}@x.test`);
    const added = await zoom.inviteMembers({ channelId: 'c', path, emails });
    expect(server.requests.map(sizeOf)).toEqual(sizes);
    expect(added.ids).toHaveLength(25);
    expect(added.memberIds.slice(0, 2)).toEqual(['m1', 'm2']);
  });

  it.each<[string, number, unknown, unknown[], string]>([
    ['added', 201, { ids: 'u1', member_ids: 'm1' }, [], 'member'],
    ['there already, success without ids', 201, {}, [member], 'member'],
    ['there already, refused', 400, { code: 5301 }, [member], 'member'],
    ['there already, unclear failure', 500, {}, [member], 'member'],
    ['invited from outside', 201, { ids: '' }, [], 'pending'],
  ])('ensures membership: %s', async (_name, status, body, members, expected) => {
    const { zoom } = await user((request, response) =>
      request.method === 'POST' ? send(response, status, body) : { members },
    );
    expect(await zoom.ensureMember({ channelId: 'c', email: 'ann@x.test' })).toBe(expected);
  });

  it('fails when he is not there afterwards', async () => {
    const { zoom } = await user((request, response) =>
      request.method === 'POST' ? send(response, 400, { code: 5301 }) : { members: [] },
    );
    expect(await rejection(zoom.ensureMember({ channelId: 'c', email: 'a@x.test' }))).toMatchObject({
      kind: 'refused',
    });
  });

  it('removes by any identifier', async () => {
    const { server, zoom } = await user((_request, response) => response.writeHead(204).end());
    await zoom.removeMember({ channelId: 'c', userId: 'u', identifier: 'a@x.test' });
    expect(server.requests[0]?.path).toBe('/v2/chat/users/u/channels/c/members/a%40x.test');
  });
});

describe('messages', () => {
  it('sends as a user, in a thread', async () => {
    const { server, zoom } = await user((_request, response) => send(response, 201, { id: 'm1' }));
    expect(await zoom.sendMessage({ userId: 'u', toChannel: 'c', message: 'hi 👋', replyTo: 'root' })).toEqual({
      id: 'm1',
    });
    expect(server.requests[0]?.json()).toEqual({ message: 'hi 👋', reply_main_message_id: 'root', to_channel: 'c' });
  });

  it('reads history in order, without repeats, the newest only when asked', async () => {
    const message = (id: string, timestamp: number, extra = {}) => ({
      id,
      message: id,
      timestamp,
      sender: 'a@x.test',
      ...extra,
    });
    const { server, zoom } = await user((request) =>
      request.query.has('next_page_token')
        ? { messages: [message('b', 2), message('a', 1)], next_page_token: '' }
        : { messages: [message('c', 3), message('b', 2)], next_page_token: 'p2' },
    );
    const range = {
      toChannel: 'ch',
      from: new Date('2026-02-10T10:00:00.900Z'),
      to: new Date('2026-02-11T10:00:00.100Z'),
    };
    expect((await zoom.listMessages(range)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect((await zoom.listMessages({ ...range, newest: 2 })).map(({ id }) => id)).toEqual(['b', 'c']);
    expect(Object.fromEntries(server.requests[0]?.query ?? [])).toEqual({
      to_channel: 'ch',
      from: '2026-02-10T10:00:00Z',
      to: '2026-02-11T10:00:01Z',
      page_size: '50',
    });
  });

  it('tells bots, files, replies and strangers', async () => {
    const content = { head: { text: 'New chat' } };
    const { zoom } = await user(() => ({
      messages: [
        { id: '1', timestamp: 1, message: '', sender: '', bot_message: { content } },
        { id: '2', date_time: '1970-01-01T00:00:00.002Z', files: [{ file_id: 'f', file_name: 'a.png', file_size: 5 }] },
        { id: '3', timestamp: '3', message: 'x', reply_main_message_id: '2', bot_message: {}, file_id: 'g' },
        { id: '4', timestamp: 4, message: 'y', reply_main_message_id: '4' },
      ],
    }));
    const messages = await zoom.listMessages({ toChannel: 'c', from: new Date(0), to: new Date(1000) });
    expect(messages).toMatchObject([
      { id: '1', fromBot: true, botMessage: { content }, text: undefined, senderEmail: undefined, files: [] },
      { id: '2', timestamp: 2, fromBot: false, files: [{ id: 'f', name: 'a.png', size: 5 }] },
      { id: '3', timestamp: 3, fromBot: false, replyTo: '2', files: [{ id: 'g' }] },
      { id: '4', replyTo: undefined },
    ]);
  });

  it('edits and deletes', async () => {
    const { server, zoom } = await user((_request, response) => response.writeHead(204).end());
    await zoom.editMessage({ messageId: 'm', toChannel: 'c', message: 'new' });
    await zoom.deleteMessage({ messageId: 'm', toChannel: 'c' });
    expect(server.requests.map(({ method, path, query }) => [method, path, query.toString()])).toEqual([
      ['PUT', '/v2/chat/users/me/messages/m', ''],
      ['DELETE', '/v2/chat/users/me/messages/m', 'to_channel=c'],
    ]);
  });
});

describe('the bot', () => {
  const handler: Handler = (request, response) =>
    request.path === '/oauth/token'
      ? { access_token: 'bt', expires_in: 3600 }
      : send(response, request.method === 'POST' ? 201 : 200, {
          message_id: 'm1',
          sent_time: '2019-10-17 01:40:24 +0000',
        });

  async function bot() {
    const server = await startServer(handler);
    const { zoom } = clientOf(server);
    const calls = () => server.requests.filter((request) => request.path !== '/oauth/token');
    return { server, bot: zoom.bot, calls };
  }
  const content = { head: { text: 'New chat' }, body: [] };

  it('posts, literal unless asked otherwise', async () => {
    const { bot: api, calls } = await bot();
    const posted = await api.postMessage({
      accountId: 'a',
      toJid: 'c@conference.xmpp.zoom.us',
      userJid: 'u@xmpp.zoom.us',
      replyTo: 'p',
      content,
    });
    expect(posted).toEqual({ messageId: 'm1', sentAt: new Date('2019-10-17T01:40:24Z') });
    expect(calls()[0]?.json()).toEqual({
      robot_jid: 'v1bot@xmpp.zoom.us',
      to_jid: 'c@conference.xmpp.zoom.us',
      account_id: 'a',
      user_jid: 'u@xmpp.zoom.us',
      reply_to: 'p',
      is_markdown_support: false,
      content,
    });
    expect(calls()[0]?.headers.authorization).toBe('Bearer bt');
  });

  it('updates and deletes', async () => {
    const { bot: api, calls } = await bot();
    await api.updateMessage({ messageId: 'm/1', accountId: 'a', content });
    await api.deleteMessage({ messageId: 'm1', accountId: 'a' });
    expect(calls().map(({ method, path, query }) => [method, path, query.toString()])).toEqual([
      ['PUT', '/v2/im/chat/messages/m%2F1', ''],
      ['DELETE', '/v2/im/chat/messages/m1', 'account_id=a&robot_jid=v1bot%40xmpp.zoom.us'],
    ]);
  });

  it('answers a press with its own token, on the configured host whatever the event says', async () => {
    const { bot: api, server, calls } = await bot();
    await api.answerCallback({
      callbackUrl: 'https://evil.example/v2/im/chat/callback/bK-S_3',
      callbackToken: 'ct',
      content,
    });
    expect(calls()[0]).toMatchObject({ path: '/v2/im/chat/callback/bK-S_3', headers: { authorization: 'Bearer ct' } });
    expect(server.requests).toHaveLength(1);
    const error = await rejection(
      api.answerCallback({ callbackUrl: 'https://api.zoom.us/v2/users/me', callbackToken: 'ct', content }),
    );
    expect(error).toMatchObject({ kind: 'invalidRequest' });
  });

  it('says so when the bot may not post', async () => {
    const server = await startServer((request, response) =>
      request.path === '/oauth/token'
        ? { access_token: 'bt', expires_in: 60 }
        : send(response, 403, { code: 7004, message: 'Not authorized' }),
    );
    const error = await rejection(clientOf(server).zoom.bot.postMessage({ accountId: 'a', toJid: 'j', content }));
    expect(error).toMatchObject({ kind: 'botNotAllowed', status: 403, code: 7004, retryable: false });
  });
});
