import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  botJid,
  clientId,
  closeAll,
  eventually,
  joinCard,
  list,
  part,
  receiver,
  rig,
  secret,
  type Received,
  type Receiver,
  type Rig,
} from './helpers.ts';

let r: Rig;
let bot: Receiver;
let events: Receiver;
let auth: Record<string, string>;
let id: string;
let jid: string;
beforeEach(async () => {
  bot = await receiver();
  events = await receiver();
  r = await rig({
    botEndpointUrl: bot.url,
    eventEndpointUrl: events.url,
    switches: { rateLimits: false, eventFamily: 'chat_message' },
  });
  auth = (await r.install()).auth;
  const made = await r.call(
    'POST',
    '/v2/chat/users/me/channels',
    { name: 'Inbound', type: 2, members: [{ email: 'jill@example.com' }] },
    auth,
  );
  id = String(made.json['id']);
  jid = String(made.json['jid']);
  await events.until('chat_channel.member_invited');
});
afterEach(closeAll);

const type = (message: string, extra: object = {}, who = 'jill@example.com') =>
  r.control(`/users/${who}/messages`, { to_channel: id, message, ...extra });
const sign = (one: Received): string =>
  `v0=${createHmac('sha256', secret)
    .update(`v0:${String(one.headers['x-zm-request-timestamp'])}:${one.raw}`)
    .digest('hex')}`;
const object = (one: Received | undefined) => part(one?.payload['object']);
const first = async (event: string, from = events): Promise<Received> => {
  const one = (await from.until(event))[0];
  if (one === undefined) throw new Error(event);
  return one;
};
const leave = () => r.control('/users/jill@example.com/leave', { channel_id: id });
const remove = () => r.call('DELETE', `/_sandbox/users/alex@example.com/channels/${id}`);
const archive = () => r.call('PATCH', `/_sandbox/users/alex@example.com/channels/${id}`, { archived: true });
const postCard = async () => {
  const alex = await r.person('alex@example.com');
  const reply = await r.call(
    'POST',
    '/v2/im/chat/messages',
    { robot_jid: botJid, to_jid: jid, account_id: alex.account_id, user_jid: alex.jid, content: joinCard },
    await r.botAuth(),
  );
  return String(reply.json['message_id']);
};

describe('delivery', () => {
  it('signs the raw body, emoji included, and carries all headers', async () => {
    await type('héllo 🎉');
    const one = await first('chat_message.sent');
    expect(one.headers['x-zm-signature']).toBe(sign(one));
    expect(one.headers).toMatchObject({
      'user-agent': 'Zoom Marketplace/1.0a',
      'content-type': 'application/json; charset=utf-8',
      clientid: clientId,
      'x-zm-request-id': expect.any(String) as string,
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/) as string,
    });
    const stamp = Number(one.headers['x-zm-request-timestamp']);
    expect(Math.abs(stamp - Date.now() / 1000)).toBeLessThan(5);
  });

  it('retries 5xx after 5, 20 and 60 minutes with the same request id, then gives up', async () => {
    events.answer = () => 503;
    await type('a');
    for (const [tries, minutes] of [5, 20, 60].entries()) {
      await events.until('chat_message.sent', tries + 1);
      await eventually(
        async () =>
          (await r.call('GET', '/_sandbox/webhooks?event=chat_message.sent&state=pending')).text.includes(
            `"attempts":${tries + 1}`,
          ),
        'retry planned',
      );
      await r.control('/clock', { advance_ms: minutes * 60_000 - 1_000 });
      expect(events.named('chat_message.sent')).toHaveLength(tries + 1);
      await r.control('/clock', { advance_ms: 2_000 });
    }
    const tries = await events.until('chat_message.sent', 4);
    expect(new Set(tries.map((one) => one.headers['x-zm-request-id'])).size).toBe(1);
    expect(new Set(tries.map((one) => one.headers['x-zm-request-timestamp'])).size).toBe(1);
    await eventually(
      async () =>
        (await r.call('GET', '/_sandbox/webhooks?event=chat_message.sent&state=failed')).text.includes('"attempts":4'),
      'given up',
    );
  });

  it('compresses the waits by retryScale, and succeeds on a retry', async () => {
    await r.switches({ retryScale: 0.0001, retryTimestamp: 'fresh' });
    let refusals = 2;
    events.answer = () => (refusals-- > 0 ? 500 : 201);
    await type('a');
    await events.until('chat_message.sent', 3);
    await eventually(
      async () =>
        (await r.call('GET', '/_sandbox/webhooks?event=chat_message.sent&state=delivered')).text.includes(
          '"attempts":3',
        ),
      'delivered',
    );
  });

  it.each([301, 400, 401, 404, 429])('drops an event for good on %i', async (status) => {
    await r.switches({ retryScale: 0 });
    events.answer = () => status;
    await type('a');
    await first('chat_message.sent');
    await eventually(
      async () =>
        (await r.call('GET', '/_sandbox/webhooks?event=chat_message.sent&state=failed')).text.includes(
          `"status":${status}`,
        ),
      'dropped',
    );
    expect(events.named('chat_message.sent')).toHaveLength(1);
  });

  it('repeats events of the bot’s endpoint too, or not, by switch', async () => {
    bot.answer = () => 503;
    await r.switches({ retryScale: 0.0001 });
    await r.control('/users/jill@example.com/messages', { to_bot: true, message: 'a' });
    await bot.until('bot_notification', 4);
    await r.switches({ botEventRetries: false });
    await r.control('/users/jill@example.com/messages', { to_bot: true, message: 'b' });
    const failed = () => r.call('GET', '/_sandbox/webhooks?event=bot_notification&state=failed');
    await eventually(async () => list((await failed()).json['webhooks']).length === 2, 'both given up');
    expect(
      list((await failed()).json['webhooks'])
        .map((one) => one['attempts'])
        .sort(),
    ).toEqual([1, 4]);
  });

  it('takes no answer within three seconds as a failure to retry', async () => {
    events.answer = () => 'hang';
    await type('a');
    await eventually(
      async () => (await r.call('GET', '/_sandbox/webhooks?state=pending')).text.includes('"status":-1'),
      'timed out',
    );
  });

  it('keeps a log that GET webhook_logs shows', async () => {
    await r.switches({ appScopes: ['marketplace_app:read:admin', 'chat_message:read:admin'] });
    auth = (await r.install()).auth;
    events.answer = (one) => (one.event === 'chat_message.sent' ? 400 : 200);
    await type('a');
    await first('chat_message.sent');
    await eventually(async () => {
      const log = await r.call('GET', `/v2/marketplace/apps/${clientId}/webhook_logs`, undefined, auth);
      const lines = list(log.json['webhook_logs'] ?? []);
      return lines.length === 1 && lines[0]?.['status'] === 400 && lines[0]['retry_num'] === 0;
    }, 'log line');
  });
});

describe('validation', () => {
  it('validates both endpoints on start, signed, and refuses a wrong answer', async () => {
    await eventually(
      async () =>
        list(part((await r.state())['webhooks'])['validations']).filter((one) => one['valid'] === true).length === 2,
      'validated',
    );
    events.validates = 'wrong';
    const results = list((await r.control('/validations', { endpoint: 'events' })).json['results']);
    expect(results[0]).toMatchObject({ endpoint: 'events', valid: false, status: 200 });
  });

  it('disables a subscription after six failures, and takes it back when it answers again', async () => {
    events.validates = 'wrong';
    for (let index = 0; index < 6; index++) await r.control('/validations', { endpoint: 'events' });
    const count = events.events.length;
    await type('lost');
    await eventually(
      async () =>
        (await r.call('GET', '/_sandbox/webhooks?event=chat_message.sent&state=failed')).text.includes('disabled'),
      'not delivered',
    );
    expect(events.events).toHaveLength(count);
    events.validates = 'right';
    await r.control('/validations', { endpoint: 'events' });
    await type('there again');
    await first('chat_message.sent');
  });

  it('can send unsigned and forged validations, to see that the app refuses them', async () => {
    const forged = list((await r.control('/validations', { endpoint: 'bot', mode: 'forged' })).json['results']);
    expect(String(forged[0]?.['plainToken'])).toMatch(/^v0:\d+:\{/);
    // This test's endpoint is the careless kind, which the answer shows.
    expect(forged[0]?.['valid']).toBe(true);
  });
});

describe('events', () => {
  it('sends messages in the family chat_message, with replies apart', async () => {
    const sent = await type('root');
    const one = await first('chat_message.sent');
    expect(one.payload).toMatchObject({ operator: 'jill@example.com' });
    expect(object(one)).toMatchObject({
      id: sent.json['id'],
      parent_msg_id: sent.json['id'],
      type: 'to_channel',
      channel_id: id,
      channel_name: 'Inbound',
      message: 'root',
    });
    await type('reply', { reply_to: sent.json['id'] });
    expect(object(await first('chat_message.replied'))).toMatchObject({
      parent_msg_id: sent.json['id'],
      message: 'reply',
    });
    const path = `/_sandbox/users/jill@example.com/messages/${String(sent.json['id'])}`;
    await r.call('PATCH', path, { message: 'edited' });
    expect(object(await first('chat_message.updated'))).toMatchObject({ id: sent.json['id'], message: 'edited' });
    await r.call('DELETE', path);
    expect(object(await first('chat_message.deleted'))).toMatchObject({ message: 'edited' });
  });

  it('sends messages in the family team_chat, files and outsiders included', async () => {
    await r.switches({ eventFamily: 'team_chat' });
    const sent = await type('', { files: [{ name: 'a.png', kind: 'image' }] });
    const one = await first('team_chat.channel_message_posted');
    expect(object(one)).not.toHaveProperty('message');
    expect(object(one)).toMatchObject({
      message_id: sent.json['id'],
      files: [{ file_name: 'a.png', OS_file_type: 'PNG', file_message_type: 'image' }],
    });
    expect(one.payload).toMatchObject({ by_external_user: false, operator_member_id: expect.any(String) as string });
    await r.call('DELETE', `/_sandbox/users/jill@example.com/messages/${String(sent.json['id'])}`);
    expect(object(await first('team_chat.channel_message_deleted'))).not.toHaveProperty('message');

    const open = await r.control('/users/alex@example.com/channels', {
      name: 'Open',
      type: 1,
      user_ids: ['otto@other.example'],
    });
    await r.control('/users/otto@other.example/join', { channel_id: open.json['channel_id'] });
    await r.control('/users/otto@other.example/messages', {
      to_channel: open.json['channel_id'],
      message: 'from outside',
    });
    const outside = (await events.until('team_chat.channel_message_posted', 2))[1];
    expect(outside?.payload).toMatchObject({ by_external_user: true, operator: '', operator_id: '' });
  });

  it('names both sides of a direct message, and says whom a new channel has', async () => {
    const jill = await r.person('jill@example.com');
    expect(object(await first('chat_channel.created'))['members']).toEqual([{ id: jill.id, display_name: jill.name }]);
    await r.switches({ eventFamily: 'team_chat' });
    const sent = await r.control('/users/alex@example.com/messages', { to_contact: jill.email, message: 'You there?' });
    const contact = {
      contact_id: jill.id,
      contact_email: jill.email,
      contact_account_id: jill.account_id,
      contact_member_id: expect.stringMatching(/.+/) as string,
    };
    expect(object(await first('team_chat.dm_message_posted'))).toMatchObject({ ...contact, message: 'You there?' });
    await r.call('DELETE', `/_sandbox/users/alex@example.com/messages/${String(sent.json['id'])}`);
    const deleted = object(await first('team_chat.dm_message_deleted'));
    expect(deleted).toMatchObject(contact);
    expect(deleted).not.toHaveProperty('session_id');
    expect(deleted).not.toHaveProperty('message');
  });

  it.each([
    ['chat_message.sent', ['team_chat:read:user_message:admin'], () => type('a')],
    ['chat_channel.member_left', ['team_chat:read:list_members:admin'], () => leave()],
    ['chat_channel.deleted', ['team_chat:read:channel:admin'], () => remove()],
    ['team_chat.channel_archived', ['team_chat:read:archive_channels:admin'], () => archive()],
    ['team_chat.channel_message_posted', ['team_chat:read:user_message:admin'], () => type('a')],
  ])('sends %s only where its scope is granted', async (event, scopes, cause) => {
    await r.switches({ eventFamily: 'both' });
    await r.control('/faults', { remove_scopes: { scopes } });
    expect((await cause()).status).toBeLessThan(300);
    await r.control('/users/alex@example.com/uninstall');
    await first('app_deauthorized');
    const log = await r.call('GET', `/_sandbox/webhooks?event=${event}`);
    expect(log.json['webhooks']).toEqual([]);
  });

  it('names the bot that somebody speaks to, and what a command answers', async () => {
    const jill = await r.person('jill@example.com');
    await r.call('PATCH', `/_sandbox/users/alex@example.com/channels/${id}`, { app_added: true });
    const asked = await type('@Live Chat who is on duty?');
    const mention = await first('team_chat.app_mention', bot);
    expect(mention.payload).toMatchObject({ operator: jill.email, operator_id: jill.id, operator_jid: jill.jid });
    expect(object(mention)).toMatchObject({ message_id: asked.json['id'], to_jid: jid, robot_name: 'Live Chat' });
    await type('/livechat end', { reply_to: asked.json['id'] });
    expect((await first('bot_notification', bot)).payload['replyMainMessageId']).toBe(asked.json['id']);
    const group = await r.control('/users/jill@example.com/channels', { name: 'Group', type: 4 });
    await r.control('/users/jill@example.com/messages', {
      to_channel: group.json['channel_id'],
      message: '/livechat help',
    });
    const inGroup = (await bot.until('bot_notification', 2))[1];
    expect(inGroup?.payload['toJid']).toBe(`${jill.jid}/${String(group.json['channel_id'])}@conference.xmpp.zoom.us`);
  });

  it('sends both families when both are subscribed, and nothing about accounts without the app', async () => {
    await r.switches({ eventFamily: 'both' });
    const alone = await r.control('/users/olive@other.example/channels', { name: 'Private', type: 2 });
    await r.control('/users/olive@other.example/messages', { to_channel: alone.json['channel_id'], message: 'secret' });
    await type('a');
    await first('chat_message.sent');
    await first('team_chat.channel_message_posted');
    expect(events.events.some((one) => one.raw.includes('secret'))).toBe(false);
  });

  it('echoes posts by the API always and bot posts by switch', async () => {
    const sent = await r.call('POST', '/v2/chat/users/me/messages', { to_channel: id, message: 'api' }, auth);
    expect(object(await first('chat_message.sent'))).toMatchObject({ id: sent.json['id'] });
    const card = await postCard();
    const echo = (await events.until('chat_message.sent', 2))[1];
    expect(echo?.payload['operator']).toBe(botJid);
    expect(object(echo)).toMatchObject({ id: card, message: 'New chat\nHi' });
    await r.switches({ botEcho: 'none' });
    await postCard();
    await type('after');
    const all = await events.until('chat_message.sent', 3);
    expect(object(all[2])).toMatchObject({ message: 'after' });
  });

  it('sends the bot endpoint installs, presses, text to the bot and slash commands', async () => {
    const alex = await r.person('alex@example.com');
    expect((await first('bot_installed', bot)).payload).toMatchObject({
      userId: alex.id,
      accountId: alex.account_id,
      robotJid: botJid,
    });
    const card = await postCard();
    await r.control('/users/jill@example.com/press', { message_id: card, value: 'join:1' });
    expect((await first('interactive_message_actions', bot)).payload).toMatchObject({ messageId: card, toJid: jid });
    await r.control('/users/jill@example.com/messages', { to_bot: true, message: 'help' });
    const jill = await r.person('jill@example.com');
    expect((await first('bot_notification', bot)).payload).toMatchObject({
      cmd: 'help',
      toJid: `${jill.jid}/robot_${botJid}`,
      userName: 'Jill Chill',
    });
    const command = await type('/livechat end');
    expect(command.json).toEqual({ id: null, command: 'end' });
    expect((await bot.until('bot_notification', 2))[1]?.payload).toMatchObject({
      cmd: 'end',
      toJid: jid,
      channelName: 'Inbound',
    });
  });

  it('sends members, the archive, added apps, deletion and the uninstall', async () => {
    await r.control('/users/jill@example.com/leave', { channel_id: id });
    expect((await first('chat_channel.member_left')).payload['operator']).toBe('jill@example.com');
    await r.control('/users/alex@example.com/invite', { channel_id: id, user_ids: ['sam@example.com'] });
    expect(object((await events.until('chat_channel.member_invited', 2))[1])['members']).toMatchObject([
      { display_name: 'Sam Support' },
    ]);
    await r.control('/users/alex@example.com/remove', { channel_id: id, user_ids: ['sam@example.com'] });
    await first('chat_channel.member_removed');
    const patch = (change: object) => r.call('PATCH', `/_sandbox/users/alex@example.com/channels/${id}`, change);
    await patch({ app_added: true });
    const times = { date_time: expect.stringMatching(/Z$/) as string, timestamp: expect.any(Number) as number };
    expect(object(await first('team_chat.channel_app_added'))).toEqual({
      channel_id: id,
      channel_name: 'Inbound',
      type: 2,
      ...times,
      app_members: [{ id: botJid.split('@')[0], display_name: 'Live Chat' }],
    });
    await patch({ archived: true });
    expect(object(await first('team_chat.channel_archived'))).toEqual({ id, name: 'Inbound', type: 2, ...times });
    await r.call('DELETE', `/_sandbox/users/alex@example.com/channels/${id}`);
    expect(object(await first('chat_channel.deleted'))).toMatchObject({ id });
    await r.control('/users/alex@example.com/uninstall');
    const gone = await first('app_deauthorized');
    expect(gone.payload).toMatchObject({
      client_id: clientId,
      event_ts: expect.stringMatching(/^\d{4}-/) as string,
      user_id: expect.any(String) as string,
    });
    expect(gone.body).not.toHaveProperty('event_ts');
  });
});

describe('faults on the way', () => {
  const rule = (effect: string, extra: object = {}) =>
    r.control('/faults', {
      rules: [{ kind: 'webhook', effect, times: 1, match: { event: 'chat_message.*' }, ...extra }],
    });

  it('duplicates, drops, delays and reorders', async () => {
    await rule('duplicate', { copies: 3 });
    await type('twice');
    const copies = await events.until('chat_message.sent', 3);
    expect(new Set(copies.map((one) => one.headers['x-zm-request-id'])).size).toBe(1);
    await rule('drop');
    await type('dropped');
    await rule('reorder', { delay_ms: 150 });
    await type('first');
    await type('second');
    const all = await events.until('chat_message.sent', 5);
    expect(all.slice(3).map((one) => object(one)['message'])).toEqual(['second', 'first']);
  });

  it('acts on the events whose body fits', async () => {
    await rule('drop', { match: { event: 'chat_message.*', body: '*"message":"second"*' } });
    await type('first');
    await type('second');
    await type('third');
    const all = await events.until('chat_message.sent', 2);
    expect(all.map((one) => object(one)['message'])).toEqual(['first', 'third']);
  });

  it('says, when rules are cleared, how often each had acted', async () => {
    await rule('drop');
    await type('dropped');
    const { json } = await r.control('/faults', { clear: true });
    expect(json).toMatchObject({ rules: [], cleared: [{ kind: 'webhook', used: 1 }] });
  });

  it('signs wrongly, not at all, or with an old time', async () => {
    await rule('wrong_signature');
    await type('a');
    await rule('no_signature');
    await type('b');
    await rule('stale_timestamp');
    await type('c');
    const [wrong, none, stale] = await events.until('chat_message.sent', 3);
    expect(wrong?.headers['x-zm-signature']).toMatch(/^v0=/);
    expect(wrong?.headers['x-zm-signature']).not.toBe(wrong === undefined ? '' : sign(wrong));
    expect(none?.headers['x-zm-signature']).toBeUndefined();
    expect(Number(stale?.headers['x-zm-request-timestamp'])).toBeLessThan(Date.now() / 1000 - 3_000);
    expect(stale?.headers['x-zm-signature']).toBe(stale === undefined ? '' : sign(stale));
  });

  it('delivers to further subscriptions made through the API, after validating them', async () => {
    const second = await receiver();
    const chatbot = await r.botAuth();
    const make = () =>
      r.call(
        'POST',
        '/v2/marketplace/app/event_subscription',
        { events: ['chat_message.sent'], event_subscription_name: 'second', event_webhook_url: second.url },
        chatbot,
      );
    second.validates = 'wrong';
    expect((await make()).json['code']).toBe(1701);
    second.validates = 'right';
    expect((await make()).status).toBe(201);
    await type('to both');
    await first('chat_message.sent');
    await first('chat_message.sent', second);
  });

  it('lets only a chatbot whose app has the scopes of subscriptions make one, for events that there are', async () => {
    const second = await receiver();
    const subscribe = (chatbot: Record<string, string>, event = 'chat_channel.deleted') =>
      r.call(
        'POST',
        '/v2/marketplace/app/event_subscription',
        { events: [event], event_webhook_url: second.url },
        chatbot,
      );
    expect((await subscribe(auth)).json['code']).toBe(1003);
    expect((await subscribe(await r.botAuth(), 'chat_channel.eaten')).json['code']).toBe(1601);
    const scopes = ['imchat:bot', 'marketplace:write:event_subscription'];
    await r.switches({ appScopes: scopes });
    expect((await subscribe(await r.botAuth())).json['code']).toBe(1602);
    await r.switches({ appScopes: [...scopes, 'team_chat:read:channel:admin'] });
    expect((await subscribe(await r.botAuth())).status).toBe(201);
    await r.switches({ appScopes: ['imchat:bot', 'team_chat:read:channel:admin'] });
    expect((await subscribe(await r.botAuth())).json['code']).toBe(4711);
  });
});
