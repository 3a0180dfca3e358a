import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { botJid, closeAll, joinCard, list, part, rig, type Person, type Rig } from './helpers.ts';

let r: Rig;
let auth: Record<string, string>;
let bot: Record<string, string>;
let alex: Person;
let jid: string;
let id: string;
beforeAll(async () => {
  r = await rig({ switches: { rateLimits: false, channelBurst: false } });
});
beforeEach(async () => {
  await r.control('/reset');
  auth = (await r.install()).auth;
  bot = await r.botAuth();
  alex = await r.person('alex@example.com');
  const made = await r.call(
    'POST',
    '/v2/chat/users/me/channels',
    { name: 'Inbound', type: 2, members: [{ email: 'jill@example.com' }] },
    auth,
  );
  jid = String(made.json['jid']);
  id = String(made.json['id']);
});
afterAll(closeAll);

const body = (extra: object = {}) => ({
  robot_jid: botJid,
  to_jid: jid,
  account_id: alex.account_id,
  user_jid: alex.jid,
  content: joinCard,
  ...extra,
});
const send = (extra: object = {}, headers = bot) => r.call('POST', '/v2/im/chat/messages', body(extra), headers);
const code = (reply: { status: number; json: Record<string, unknown> }) => [reply.status, reply.json['code']];

describe('posting', () => {
  it('answers 201 with its fields and shows in the history as bot_message', async () => {
    const reply = await send();
    expect(reply.status).toBe(201);
    expect(reply.json).toEqual({
      robot_jid: botJid,
      to_jid: jid,
      sent_time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/) as string,
      message_id: expect.stringMatching(/^[0-9A-F-]{36}$/) as string,
      user_jid: alex.jid,
    });
    const history = await r.call('GET', `/v2/chat/users/me/messages?to_channel=${id}`, undefined, auth);
    expect(list(history.json['messages'])[0]).toMatchObject({
      id: reply.json['message_id'],
      sender: '',
      bot_message: { head: { text: 'New chat' } },
    });
  });

  it.each([
    ['malformed robot_jid', { robot_jid: 'nope' }, [404, 7002]],
    ['unknown robot_jid', { robot_jid: 'v1other@xmpp.zoom.us' }, [403, 7003]],
    ['unknown account', { account_id: 'nope' }, [403, 7003]],
    ['unknown channel', { to_jid: `${'f'.repeat(32)}@conference.xmpp.zoom.us` }, [403, 7004]],
    ['unknown user', { to_jid: 'someone@xmpp.zoom.us' }, [403, 7004]],
    ['missing content', { content: undefined }, [400, 7001]],
    ['empty content', { content: {} }, [400, 7001]],
    ['a user_jid of nobody', { user_jid: 'someone@xmpp.zoom.us' }, [403, 7004]],
    ['unknown element', { content: { body: [{ type: 'styled_text', text: 'x' }] } }, [400, 7001]],
    ['button without value', { content: { body: [{ type: 'actions', items: [{ text: 'x' }] }] } }, [400, 7001]],
    [
      'unknown style',
      { content: { body: [{ type: 'actions', items: [{ text: 'x', value: 'y', style: 'Big' }] }] } },
      [400, 7001],
    ],
    ['script link', { content: { body: [{ type: 'message', text: 'x', link: 'javascript:alert(1)' }] } }, [400, 7001]],
    ['unknown parent', { reply_to: 'nope' }, [400, 7001]],
    [
      'a link in markdown',
      { content: { body: [{ type: 'message', text: 'x', link: 'https://example.com', is_markdown_support: true }] } },
      [400, 7001],
    ],
    [
      'a link in a card of markdown',
      { is_markdown_support: true, content: { body: [{ type: 'message', text: 'x', link: 'https://example.com' }] } },
      [400, 7001],
    ],
    [
      'an editable text in markdown',
      { content: { body: [{ type: 'message', text: 'x', editable: true, is_markdown_support: true }] } },
      [400, 7001],
    ],
    [
      'an editable field in a card of markdown',
      {
        is_markdown_support: true,
        content: { body: [{ type: 'fields', items: [{ key: 'a', value: 'b', editable: true }] }] },
      },
      [400, 7001],
    ],
    [
      'a selected item without its text',
      { content: { body: [{ type: 'select', text: 's', selected_item: { value: 'y' } }] } },
      [400, 7001],
    ],
    [
      'a dialog button without a dialog',
      { content: { body: [{ type: 'actions', items: [{ text: 'x', value: 'y', action: 'dialog' }] }] } },
      [400, 7001],
    ],
  ])('refuses %s', async (_what, extra, expected) => {
    const refused = await send(extra);
    expect(code(refused)).toEqual(expected);
    expect(refused.json).toEqual({ code: expected[1], message: expect.any(String) as string, result: false });
    expect((await r.channel(id))['messages']).toEqual([]);
  });

  it('names somebody of the channel where the app says on whose behalf it posts', async () => {
    expect((await send({ user_jid: undefined })).status).toBe(201);
    // Zoom's SDK sends the id of the user.
    expect((await send({ user_jid: alex.id })).status).toBe(201);
    const sam = await r.person('sam@example.com');
    expect(code(await send({ user_jid: sam.jid }))).toEqual([403, 7004]);
    await r.switches({ userJidRequired: true });
    expect(code(await send({ user_jid: undefined }))).toEqual([400, 7001]);
    await r.switches({ userJidRequired: false, managedType: 'user' });
    expect(code(await send({ user_jid: undefined }))).toEqual([400, 7001]);
  });

  it('refuses without a chatbot token', async () => {
    expect(code(await send({}, {}))).toEqual([401, 7010]);
    expect(code(await send({}, auth))).toEqual([401, 7010]);
  });

  it('takes every documented element', async () => {
    const content = {
      head: { text: 'Head', style: { bold: true }, sub_head: { text: 'Sub' } },
      body: [
        {
          type: 'message',
          text: 'm',
          style: { color: '#ff0000', italic: true },
          link: 'https://example.com',
          is_markdown_support: false,
        },
        { type: 'message', text: '**m**', is_markdown_support: true },
        { type: 'fields', items: [{ key: 'a', value: 'b', short: true, editable: true }] },
        {
          type: 'actions',
          limit: 1,
          items: [
            { text: 'a', value: 'b', style: 'Danger' },
            { text: 'c', value: 'd', style: 'Disabled' },
            {
              text: 'e',
              value: 'f',
              action: 'dialog',
              dialog: { size: 'S', link: 'https://example.com', title: { text: 't' } },
            },
          ],
        },
        {
          type: 'attachments',
          resource_url: 'https://example.com',
          information: { title: { text: 't' }, description: { text: 'd' } },
        },
        { type: 'section', sidebar_color: '#00ff00', sections: [{ type: 'message', text: 'in' }], footer: 'f', ts: 1 },
        {
          type: 'select',
          text: 's',
          select_items: [{ text: 'x', value: 'y' }],
          selected_item: { text: 'x', value: 'y' },
        },
        { type: 'select', text: 's', static_source: 'members' },
        { type: 'divider', style: { bold: true, dotted: true, color: '#000000' } },
        { type: 'progress_bar', value: 10 },
        {
          type: 'file',
          icon_url: 'https://example.com/i.png',
          title: { text: 't', file_url: 'https://example.com/f' },
          description: { text: 'd' },
        },
        { type: 'alert', text: 'a', level: 'warning' },
        { type: 'datepicker' },
        { type: 'radio_buttons', options: [{ text: 'x', value: 'y' }] },
        { type: 'plain_text_input', text: 'p' },
      ],
    };
    expect((await send({ content })).status).toBe(201);
  });

  it('cuts or refuses long texts, and refuses more buttons than a row holds', async () => {
    const long = { body: [{ type: 'message', text: 'x'.repeat(5000) }] };
    const cut = await send({ content: long });
    const shown = list((await r.channel(id))['messages']).find((one) => one['id'] === cut.json['message_id']);
    expect(String(shown?.['text'])).toHaveLength(4096);
    await r.switches({ cardText: 'reject' });
    expect(code(await send({ content: long }))).toEqual([400, 7001]);
    const six = Array.from({ length: 6 }, (_, index) => ({ text: `b${index}`, value: `${index}` }));
    expect(code(await send({ content: { body: [{ type: 'actions', items: six }] } }))).toEqual([400, 7001]);
  });

  it('stays out of private channels it was not added to, when the switch says so', async () => {
    await r.switches({ botInPrivateChannels: 'refused' });
    const refused = await send();
    expect(refused.json).toEqual({ code: 7004, message: 'Not authorized', result: false });
    const added = await r.call('PATCH', `/_sandbox/users/jill@example.com/channels/${id}`, { app_added: true });
    expect(added.status).toBe(200);
    expect((await send()).status).toBe(201);
    const open = await r.call('POST', '/v2/chat/users/me/channels', { name: 'Open', type: 3 }, auth);
    expect((await send({ to_jid: open.json['jid'] })).status).toBe(201);
  });

  it('writes to a person by JID and by the one-to-one form, and not to other accounts', async () => {
    const jill = await r.person('jill@example.com');
    expect((await send({ to_jid: jill.jid })).status).toBe(201);
    expect((await send({ to_jid: `${jill.jid}/robot_${botJid}` })).status).toBe(201);
    const dm = list((await r.state())['dms']).find((one) => one['id'] === `b:${jill.id}`);
    expect(list(dm?.['messages'])).toHaveLength(2);
    const otto = await r.person('otto@other.example');
    expect(code(await send({ to_jid: otto.jid }))).toEqual([403, 7004]);
    expect(code(await send({ account_id: otto.account_id }))).toEqual([403, 7003]);
    await r.switches({ managedType: 'user' });
    expect(code(await send({ to_jid: jill.jid }))).toEqual([403, 7004]);
    expect((await send({ to_jid: alex.jid })).status).toBe(201);
  });

  it('shows a message to one person only', async () => {
    const jill = await r.person('jill@example.com');
    await send({ visible_to_user: jill.id });
    const sees = async (email: string) =>
      list(
        part(
          list((await r.call('GET', `/_sandbox/users/${email}/view`)).json['channels']).find(
            (one) => one['name'] === 'Inbound',
          ),
        )['messages'],
      ).length;
    expect([await sees('jill@example.com'), await sees('alex@example.com')]).toEqual([1, 0]);
    // The address of one person in a channel, which a slash command comes from, does the same.
    expect((await send({ to_jid: `${jill.jid}/${jid}` })).status).toBe(201);
    expect([await sees('jill@example.com'), await sees('alex@example.com')]).toEqual([2, 0]);
    await r.switches({ managedType: 'user' });
    expect(code(await send({ visible_to_user: jill.id }))).toEqual([400, 7001]);
  });

  it('is refused after the uninstall', async () => {
    expect((await r.control('/users/alex@example.com/uninstall')).status).toBe(200);
    expect(code(await send())).toEqual([403, 7003]);
    expect((await r.call('GET', '/v2/users/me', undefined, auth)).json['code']).toBe(4737);
    await r.switches({ botUninstalledCode: 7004 });
    expect(code(await send())).toEqual([403, 7004]);
  });

  it('cannot post into an archived channel', async () => {
    await r.call('PATCH', `/_sandbox/users/alex@example.com/channels/${id}`, { archived: true });
    expect(code(await send())).toEqual([400, 5420]);
  });
});

describe('editing and deleting', () => {
  it('answers 200, with sent_time in its other form, and 404/8001 for unknown ids', async () => {
    const message = String((await send()).json['message_id']);
    const put = (m: string) =>
      r.call(
        'PUT',
        `/v2/im/chat/messages/${m}`,
        {
          robot_jid: botJid,
          account_id: alex.account_id,
          user_jid: alex.jid,
          content: { head: { text: 'Joined by Jill' } },
        },
        bot,
      );
    const edited = await put(message);
    expect(edited.status).toBe(200);
    expect(edited.json['message_id']).toBe(message);
    expect(edited.json['sent_time']).toMatch(/ \+0000$/);
    expect(code(await put('nope'))).toEqual([404, 8001]);
    const remove = () =>
      r.call(
        'DELETE',
        `/v2/im/chat/messages/${message}?account_id=${alex.account_id}&robot_jid=${botJid}&user_jid=${alex.jid}`,
        undefined,
        bot,
      );
    expect((await remove()).status).toBe(200);
    expect(code(await remove())).toEqual([404, 8001]);
  });
});

describe('pressing', () => {
  it('builds the event, for people who see the card only', async () => {
    const message = String((await send()).json['message_id']);
    const jill = await r.person('jill@example.com');
    const pressed = await r.control('/users/jill@example.com/press', { message_id: message, value: 'join:1' });
    expect(pressed.status).toBe(200);
    const event = part(pressed.json['event']);
    expect(event).toMatchObject({
      event: 'interactive_message_actions',
      payload: {
        accountId: alex.account_id,
        actionItem: { text: 'Join Chat', value: 'join:1' },
        channelName: 'Inbound',
        messageId: message,
        original: joinCard,
        robotJid: botJid,
        toJid: jid,
        userId: jill.id,
        userJid: jill.jid,
        userName: 'Jill Chill',
      },
    });
    expect(JSON.stringify(event)).not.toContain('jill@example.com');
    await r.switches({ pressMessageId: 'other' });
    const other = await r.control('/users/jill@example.com/press', { message_id: message, value: 'join:1' });
    expect(part(part(other.json['event'])['payload'])['messageId']).toMatch(/^\d{17}_[0-9a-f]{7}_aw1$/);
    expect((await r.control('/users/sam@example.com/press', { message_id: message, value: 'join:1' })).status).toBe(
      404,
    );
    const wrong = await r.control('/users/jill@example.com/press', { message_id: message, value: 'nope' });
    expect(wrong.status).toBe(409);
    expect(wrong.headers.get('content-type')).toContain('application/problem+json');
    await r.call(
      'PUT',
      `/v2/im/chat/messages/${message}`,
      { robot_jid: botJid, account_id: alex.account_id, content: { head: { text: 'Taken' } } },
      bot,
    );
    expect((await r.control('/users/jill@example.com/press', { message_id: message, value: 'join:1' })).status).toBe(
      409,
    );
    expect(
      (await r.control('/users/jill@example.com/press', { message_id: message, value: 'join:1', stale: true })).status,
    ).toBe(200);
  });

  it('gives a callback that works once, within 30 minutes', async () => {
    const message = String((await send()).json['message_id']);
    const press = async () =>
      part((await r.control('/users/jill@example.com/press', { message_id: message, value: 'join:1' })).json['event']);
    const use = (event: Record<string, unknown>, token = event['callback_token']) =>
      r.call(
        'POST',
        String(event['callback_url']),
        { content: { head: { text: 'You joined' } } },
        { authorization: `Bearer ${String(token)}` },
      );
    const event = await press();
    expect(code(await use(event, 'x'))).toEqual([401, 7010]);
    expect((await use(event)).status).toBe(201);
    expect(code(await use(event))).toEqual([401, 7010]);
    const late = await press();
    await r.control('/clock', { advance_ms: 30 * 60_000 });
    expect(code(await use(late))).toEqual([401, 7010]);
  });
});
