import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  botJid,
  closeAll,
  joinCard,
  list,
  part,
  receiver,
  rig,
  type Person,
  type Receiver,
  type Rig,
} from './helpers.ts';

/*
 * What changes in Zoom while the app is at work: people, channels, scopes, other apps.
 */

let r: Rig;
let events: Receiver;
let auth: Record<string, string>;
let refresh: string;
let bot: Record<string, string>;
let alex: Person;
let channel: string;
beforeAll(async () => {
  events = await receiver();
  r = await rig({
    eventEndpointUrl: events.url,
    switches: { rateLimits: false, channelBurst: false, eventFamily: 'chat_message', outsiderChatMessages: true },
  });
});
beforeEach(async () => {
  await r.call('DELETE', '/_sandbox/faults');
  await r.control('/reset');
  events.events.length = 0;
  ({ auth, refresh } = await r.install());
  bot = await r.botAuth();
  alex = await r.person('alex@example.com');
  const made = await r.control('/users/alex@example.com/channels', { name: 'Chat', user_ids: ['jill@example.com'] });
  channel = String(made.json['id']);
});
afterAll(closeAll);

const code = (reply: { status: number; json: Record<string, unknown> }) => [reply.status, reply.json['code']];
const post = (content: object = joinCard) =>
  r.call(
    'POST',
    '/v2/im/chat/messages',
    {
      robot_jid: botJid,
      to_jid: `${channel}@conference.xmpp.zoom.us`,
      account_id: alex.account_id,
      user_jid: alex.jid,
      content,
    },
    bot,
  );
const change = (body: object) => r.call('PATCH', `/_sandbox/users/alex@example.com/channels/${channel}`, body);
const patchUser = (email: string, body: object) => r.call('PATCH', `/_sandbox/users/${email}`, body);
const history = async () => {
  const answer = await r.call('GET', `/v2/chat/users/me/messages?to_channel=${channel}`, undefined, auth);
  return list(answer.json['messages']);
};

describe('a user who is deactivated', () => {
  it('has tokens that are refused until they are active again', async () => {
    await patchUser('alex@example.com', { status: 'inactive' });
    expect(code(await r.call('GET', '/v2/users/me', undefined, auth))).toEqual([401, 124]);
    expect((await r.token({ grant_type: 'refresh_token', refresh_token: refresh })).json['error']).toBe(
      'invalid_grant',
    );
    await patchUser('alex@example.com', { status: 'active' });
    expect((await r.call('GET', '/v2/users/me', undefined, auth)).status).toBe(200);
  });

  it('can do nothing in Team Chat, and nothing can be done in their name by a colleague’s grant', async () => {
    await patchUser('jill@example.com', { status: 'inactive' });
    expect((await r.control('/users/jill@example.com/messages', { to_channel: channel, message: 'hi' })).status).toBe(
      409,
    );
    const inTheirName = await r.call(
      'POST',
      '/v2/chat/users/jill@example.com/messages',
      { to_channel: channel, message: 'hi' },
      auth,
    );
    expect(code(inTheirName)).toEqual([400, 200]);
    expect((await r.call('GET', '/v2/users/jill@example.com', undefined, auth)).json['status']).toBe('inactive');
  });
});

describe('a scope that is taken away', () => {
  it('is missing from calls and from what a refresh gives, until the user consents again', async () => {
    const read = () => r.call('GET', `/v2/chat/users/me/messages?to_channel=${channel}`, undefined, auth);
    const scopes = ['team_chat:read:list_user_messages:admin', 'team_chat:read:user_message:admin'];
    const removed = await r.control('/faults', { remove_scopes: { scopes } });
    expect(removed.json['tokens_narrowed']).toBe(2);
    expect(code(await read())).toEqual([400, 4711]);
    expect((await read()).json['message']).toMatch(/does not contain scopes:\[/);
    expect((await r.call('GET', '/v2/users/me', undefined, auth)).status).toBe(200);
    const pair = await r.token({ grant_type: 'refresh_token', refresh_token: refresh });
    expect(String(pair.json['scope'])).not.toContain(scopes[0]);
    ({ auth } = await r.install());
    expect((await read()).status).toBe(200);
  });
});

describe('a channel that changes', () => {
  it('refuses the bot that a member has taken out, until it is added again', async () => {
    expect((await post()).status).toBe(201);
    await change({ app_added: true });
    await change({ app_added: false });
    expect(code(await post())).toEqual([403, 7004]);
    await change({ app_added: true });
    expect((await post()).status).toBe(201);
  });

  it('takes no posts while it is archived, and can still be read', async () => {
    await post();
    await change({ archived: true });
    expect(code(await post())).toEqual([400, 5420]);
    expect(await history()).toHaveLength(1);
    await change({ archived: false });
    expect((await post()).status).toBe(201);
  });

  it('is gone with its messages once it is deleted; the driver is given what was in it', async () => {
    await post();
    const deleted = await r.call('DELETE', `/_sandbox/users/alex@example.com/channels/${channel}`);
    expect(deleted.json).toMatchObject({ id: channel, name: 'Chat', messages: [{ bot: true }] });
    expect(code(await post())).toEqual([403, 7004]);
    expect((await r.call('GET', `/v2/chat/channels/${channel}`, undefined, auth)).status).toBe(404);
  });
});

describe('a post that is refused for its content', () => {
  it('is recognised by its words', async () => {
    await r.control('/faults', {
      rules: [
        { kind: 'status', status: 400, code: 7001, match: { method: 'POST', path: '/v2/im/*', body: '*secret*' } },
      ],
    });
    expect((await post()).status).toBe(201);
    const refused = await post({ body: [{ type: 'message', text: 'a secret word' }] });
    expect(code(refused)).toEqual([400, 7001]);
    expect(await history()).toHaveLength(1);
  });
});

describe('others who write into a channel', () => {
  it('the bot of another app has events under its own JID, is nobody’s user, and cannot be edited by this app', async () => {
    const sent = await r.control('/other-bots/messages', { to_channel: channel, name: 'Deploy Bot', message: 'Done' });
    expect(sent.json).toMatchObject({ from: 'Deploy Bot', bot: true });
    const [event] = await events.until('chat_message.sent');
    expect(event?.payload['operator']).toMatch(/^v1.*@xmpp\.zoom\.us$/);
    expect(event?.payload['operator']).not.toBe(botJid);
    expect(code(await r.call('GET', `/v2/users/${String(event?.payload['operator_id'])}`, undefined, auth))).toEqual([
      404, 1001,
    ]);
    expect((await history())[0]).toMatchObject({ sender: '', sender_display_name: 'Deploy Bot' });
    const edit = { robot_jid: botJid, account_id: alex.account_id, user_jid: alex.jid, content: joinCard };
    expect(code(await r.call('PUT', `/v2/im/chat/messages/${String(sent.json['id'])}`, edit, bot))).toEqual([
      404, 8001,
    ]);
  });

  it('an outsider has neither id nor address', async () => {
    await change({ type: 1 });
    await r.control('/users/alex@example.com/invite', { channel_id: channel, user_ids: ['otto@other.example'] });
    await r.control('/users/otto@other.example/join', { channel_id: channel });
    await r.control('/users/otto@other.example/messages', { to_channel: channel, message: 'hello' });
    const [event] = await events.until('chat_message.sent');
    expect(event?.payload).toMatchObject({ operator: '', operator_id: '' });
    expect(part(event?.payload['object'])).toMatchObject({ message: 'hello' });
    expect((await history())[0]).toMatchObject({ sender: '' });
  });
});

describe('the app', () => {
  it('removed by everybody, has dead tokens and a bot that is unknown; added again, all works', async () => {
    await r.control('/users/alex@example.com/uninstall');
    expect(code(await r.call('GET', '/v2/users/me', undefined, auth))).toEqual([401, 4737]);
    expect(code(await post())).toEqual([403, 7003]);
    await events.until('app_deauthorized');
    ({ auth } = await r.install());
    expect((await post()).status).toBe(201);
    expect((await r.call('GET', '/v2/users/me', undefined, auth)).status).toBe(200);
  });
});
