import { describe, expect, it } from 'vitest';
import { clientOf, rejection, send, startServer, type Handler } from './fake-server.ts';

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
      email: '',
      first_name: 'Ann',
      last_name: '',
      extra: 1,
    }));
    expect(await zoom.getMe()).toEqual({
      id: 'AbC',
      accountId: 'acc',
      email: undefined,
      displayName: 'Ann',
      jid: 'abc@xmpp.zoom.us',
      // Without a role an administrator's rights are nobody's.
      role: 'agent',
      status: undefined,
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

  it('a user always has a name to show', async () => {
    const { zoom } = await user(() => ({ id: 'u', display_name: '', first_name: null }));
    expect(await zoom.getUser('u')).toMatchObject({ displayName: 'Zoom user' });
  });
});

describe('calls about chat', () => {
  const paths = async (scopes: string[]) => {
    const server = await startServer(() => ({ channels: [], members: [], messages: [], id: 'x' }));
    const zoom = clientOf(server).zoom.asUser('at', { userId: 'a/B', scopes });
    const range = { from: new Date(0), to: new Date(1_000) };
    await zoom.allChannels();
    await zoom.createChannel({ name: 'n', type: 'public' });
    await zoom.getChannel({ channelId: 'c' });
    await zoom.listMembers({ channelId: 'c' });
    await zoom.ensureMember({ channelId: 'c', email: 'a@x.test' });
    await zoom.removeMember({ channelId: 'c', userId: 'u' });
    await zoom.sendMessage({ channelId: 'c', message: 'm' });
    await zoom.listMessages({ channelId: 'c', ...range });
    return new Set(server.requests.map(({ path }) => path.split('/')[4]));
  };

  it('name the user of an account-level token by their id', async () => {
    expect(await paths(['team_chat:write:user_channel:admin'])).toEqual(new Set(['a%2FB']));
  });

  it('name the user of a user-managed app as me, the only word that it may say', async () => {
    expect(await paths(['team_chat:write:user_channel'])).toEqual(new Set(['me']));
  });
});

describe('channels', () => {
  it('lists over all pages', async () => {
    const { zoom } = await user((request) =>
      request.query.get('next_page_token') === 'p2'
        ? { channels: [channel('c')], next_page_token: '' }
        : { channels: [channel('a'), channel('b')], next_page_token: 'p2' },
    );
    expect((await zoom.allChannels()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('refuses a list of pages that goes in a circle', async () => {
    const { zoom } = await user(() => ({ channels: [], next_page_token: 'same' }));
    expect(await rejection(zoom.allChannels())).toMatchObject({
      kind: 'malformedAnswer',
      detail: 'the list of pages goes in a circle',
    });
  });

  it('refuses a list without an end, rather than give part of it', async () => {
    let page = 0;
    const { zoom } = await user(() => ({ channels: [channel('x')], next_page_token: `p${++page}` }));
    expect(await rejection(zoom.allChannels())).toMatchObject({ detail: 'the list has more than 200 pages' });
  });

  it("creates in Zoom's numbers", async () => {
    const { server, zoom } = await user((_request, response) => send(response, 201, channel('new')));
    const created = await zoom.createChannel({ name: 'chat-1', type: 'privateInternal' });
    expect(created).toEqual({
      id: 'new',
      jid: 'new@conference.xmpp.zoom.us',
      name: 'n-new',
      type: 'privateInternal',
      url: 'https://z/new',
    });
    expect(server.requests[0]?.path).toBe('/v2/chat/users/me/channels');
    expect(server.requests[0]?.json()).toEqual({ name: 'chat-1', type: 2 });
  });

  it('makes JID and link when Zoom leaves them out', async () => {
    const { zoom } = await user(() => ({ id: 'abc', name: 'n', type: 99 }));
    const got = await zoom.getChannel({ channelId: 'abc' });
    expect(got.type).toBe('unknown');
    const sid = Buffer.from(got.url.replace('https://zoom.us/launch/chat/v2/', ''), 'base64').toString();
    expect(JSON.parse(sid)).toEqual({ sid: 'abc@conference.xmpp.zoom.us' });
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
      { id: 'u1', memberId: 'm1', role: 'owner' },
      { id: undefined, email: undefined, memberId: 'm2', role: 'member' },
    ]);
  });

  it.each<[string, number, unknown, unknown[]]>([
    ['added', 201, { ids: 'u1', member_ids: 'm1' }, []],
    ['there already, success without ids', 201, {}, [member]],
    ['there already, refused', 400, { code: 5301 }, [member]],
  ])('ensures membership: %s', async (_name, status, body, members) => {
    const { zoom } = await user((request, response) =>
      request.method === 'POST' ? send(response, status, body) : { members },
    );
    await expect(zoom.ensureMember({ channelId: 'c', email: 'ann@x.test' })).resolves.toBeUndefined();
  });

  it('fails when somebody who was refused is not there either', async () => {
    const { zoom } = await user((request, response) =>
      request.method === 'POST' ? send(response, 400, { code: 5301 }) : { members: [] },
    );
    expect(await rejection(zoom.ensureMember({ channelId: 'c', email: 'a@x.test' }))).toMatchObject({
      kind: 'refused',
    });
  });

  it('removes by user id', async () => {
    const { server, zoom } = await user((_request, response) => response.writeHead(204).end());
    await zoom.removeMember({ channelId: 'c', userId: 'u/1' });
    expect(server.requests[0]).toMatchObject({ method: 'DELETE', path: '/v2/chat/users/me/channels/c/members/u%2F1' });
  });
});

describe('messages', () => {
  it('sends as a user', async () => {
    const { server, zoom } = await user((_request, response) => send(response, 201, { id: 'm1' }));
    expect(await zoom.sendMessage({ channelId: 'c', message: 'hi 👋' })).toEqual({ id: 'm1' });
    expect(server.requests[0]?.json()).toEqual({ message: 'hi 👋', to_channel: 'c' });
  });

  it('reads history in order, without repeats', async () => {
    const message = (id: string, timestamp: number) => ({ id, message: id, timestamp, sender: 'a@x.test' });
    const { server, zoom } = await user((request) =>
      request.query.has('next_page_token')
        ? { messages: [message('b', 2), message('a', 1)], next_page_token: '' }
        : { messages: [message('c', 3), message('b', 2)], next_page_token: 'p2' },
    );
    const from = new Date('2026-02-10T10:00:00.900Z');
    const to = new Date('2026-02-11T10:00:00.100Z');
    expect((await zoom.listMessages({ channelId: 'ch', from, to })).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(Object.fromEntries(server.requests[0]?.query ?? [])).toEqual({
      to_channel: 'ch',
      from: '2026-02-10T10:00:00Z',
      to: '2026-02-11T10:00:01Z',
      page_size: '50',
    });
  });

  it('knows bots and files', async () => {
    const content = { head: { text: 'New chat' } };
    const { zoom } = await user(() => ({
      messages: [
        { id: '1', timestamp: 1, message: '', sender: '', bot_message: { content } },
        { id: '2', date_time: '1970-01-01T00:00:00.002Z', files: [{ file_id: 'f', file_name: 'a.png', file_size: 5 }] },
        { id: '3', timestamp: '3', message: 'x', bot_message: {}, file_id: 'g' },
      ],
    }));
    const messages = await zoom.listMessages({ channelId: 'c', from: new Date(0), to: new Date(1000) });
    expect(messages).toMatchObject([
      { id: '1', fromBot: true, botMessage: { content }, text: undefined, senderEmail: undefined, files: [] },
      { id: '2', timestamp: 2, fromBot: false, files: [{ id: 'f', name: 'a.png' }] },
      { id: '3', timestamp: 3, fromBot: false, files: [{ id: 'g' }] },
    ]);
  });
});

describe('the bot', () => {
  const content = { head: { text: 'New chat' }, body: [] };
  const withToken =
    (answer: Handler): Handler =>
    (request, response, socket) =>
      request.path === '/oauth/token' ? { access_token: 'bt', expires_in: 3600 } : answer(request, response, socket);

  it('posts for a user into a channel', async () => {
    const server = await startServer(withToken((_request, response) => send(response, 201, { message_id: 'm1' })));
    const posted = await clientOf(server).zoom.bot.postMessage({
      accountId: 'a',
      toJid: 'c@conference.xmpp.zoom.us',
      userJid: 'u@xmpp.zoom.us',
      content,
    });
    expect(posted).toEqual({ messageId: 'm1' });
    const [, call] = server.requests;
    expect(call).toMatchObject({ path: '/v2/im/chat/messages', headers: { authorization: 'Bearer bt' } });
    expect(call?.json()).toEqual({
      robot_jid: 'v1bot@xmpp.zoom.us',
      to_jid: 'c@conference.xmpp.zoom.us',
      account_id: 'a',
      user_jid: 'u@xmpp.zoom.us',
      content,
    });
  });

  it('updates, whatever 2xx Zoom answers', async () => {
    const server = await startServer(withToken((_request, response) => response.writeHead(204).end()));
    await clientOf(server).zoom.bot.updateMessage({ messageId: 'm/1', accountId: 'a', content });
    expect(server.requests[1]).toMatchObject({ method: 'PUT', path: '/v2/im/chat/messages/m%2F1' });
  });

  it('says so when the bot may not post', async () => {
    const server = await startServer(
      withToken((_request, response) => send(response, 403, { code: 7004, message: 'Not authorized' })),
    );
    const error = await rejection(clientOf(server).zoom.bot.postMessage({ accountId: 'a', toJid: 'j', content }));
    expect(error).toMatchObject({ kind: 'botNotAllowed', status: 403, code: 7004, retryable: false });
  });
});
