import { describe, expect, it } from 'vitest';
import { normalizeEvent, type ZoomEvent } from '../../zoom/index.ts';

const botJid = 'v1m0bot@xmpp.zoom.us';

function event(json: unknown): ZoomEvent {
  const result = normalizeEvent(json, { botJid });
  if (!result.ok) throw new Error(result.problem);
  return result.event;
}

const actor = { account_id: 'acc', operator: 'agent@example.com', operator_id: 'u1' };

const older = (name: string, object: object = {}, payload: object = {}) => ({
  event: `chat_message.${name}`,
  event_ts: 1626230691572,
  payload: {
    ...actor,
    ...payload,
    object: {
      id: 'm1',
      type: 'to_channel',
      timestamp: 1581370790388,
      channel_id: 'c1',
      channel_name: 'n',
      contact_id: '',
      message: 'Hello',
      ...object,
    },
  },
});
const newer = (name: string, object: object = {}, payload: object = {}) => ({
  event: `team_chat.channel_message_${name}`,
  event_ts: 1626230691572,
  payload: {
    ...actor,
    operator_member_id: 'mem1',
    by_external_user: false,
    ...payload,
    object: {
      message_id: 'm1',
      timestamp: 1581370790388,
      channel_id: 'c1',
      channel_owner_account_id: 'owner',
      message: 'Hello',
      ...object,
    },
  },
});

describe('messages in channels', () => {
  const posted = {
    kind: 'channelMessage',
    accountId: 'acc',
    channelId: 'c1',
    messageId: 'm1',
    operatorId: 'u1',
    byOutsider: false,
    fromBot: false,
    text: 'Hello',
    files: [],
    isReply: false,
    timestamp: 1581370790388,
  };

  it('are the same from both families', () => {
    expect(event(older('sent'))).toEqual({ ...posted, operatorMemberId: undefined });
    expect(event(newer('posted'))).toEqual({ ...posted, operatorMemberId: 'mem1' });
  });

  it.each([older('replied', { parent_msg_id: 'root' }), newer('posted', { reply_main_message_id: 'root' })])(
    'are messages in a thread too',
    (json) => {
      expect(event(json)).toMatchObject({ ...posted, isReply: true });
    },
  );

  it('may be files alone', () => {
    const files = [
      { file_id: 'f', file_name: 'a.png', file_size: 23025, OS_file_type: 'PNG', file_message_type: 'image' },
    ];
    expect(event(newer('posted', { message: undefined, files }))).toMatchObject({
      text: undefined,
      files: [{ id: 'f', name: 'a.png' }],
    });
  });

  it('may come from outsiders, who have only a member id', () => {
    const outsider = { account_id: '', operator: '', operator_id: '', by_external_user: true };
    expect(event(newer('posted', {}, outsider))).toMatchObject({
      accountId: undefined,
      operatorId: undefined,
      operatorMemberId: 'mem1',
      byOutsider: true,
    });
  });

  it.each(['v1m0bot', 'V1M0BOT@xmpp.zoom.us', 'v1m0bot@other.example'])(
    'of the bot are marked, its id being %s',
    (operator_id) => {
      expect(event(newer('posted', {}, { operator_id, operator: '' }))).toMatchObject({ fromBot: true });
      const result = normalizeEvent(newer('posted', {}, { operator_id }));
      expect(result).toMatchObject({ event: { fromBot: false } });
    },
  );

  it('edits carry the new text', () => {
    const edited = { kind: 'channelMessageEdited', messageId: 'm1', text: 'new words' };
    expect(event(older('updated', { message: 'new words' }))).toMatchObject(edited);
    expect(event(newer('updated', { message: 'new words' }))).toMatchObject(edited);
  });

  it('edits are of the time of the change, whether Zoom gives the message’s own time beside it or not', () => {
    const later = { timestamp: 1626230691580 };
    expect(event(newer('updated'))).toMatchObject({ timestamp: 1626230691572 });
    expect(event(newer('updated', later))).toMatchObject(later);
  });

  it('deletions carry no text', () => {
    for (const json of [older('deleted'), newer('deleted', { message: undefined })]) {
      const deleted = event(json);
      expect(deleted).toMatchObject({ kind: 'channelMessageDeleted', messageId: 'm1' });
      expect(JSON.stringify(deleted)).not.toContain('Hello');
    }
  });

  it.each([
    older('sent', { type: 'to_contact', channel_id: '', contact_id: 'x' }),
    older('sent', { type: 'to_contact' }),
    { event: 'team_chat.dm_message_posted', payload: {} },
  ])('private conversations are ignored', (json) => {
    expect(event(json)).toEqual({ kind: 'ignored', event: json.event });
  });
});

describe('the bot endpoint', () => {
  const pressed = {
    event: 'interactive_message_actions',
    event_ts: 1560891332219,
    callback_url: 'https://api.zoom.us/v2/im/chat/callback/b',
    callback_token: 'ct',
    payload: {
      accountId: 'acc',
      actionItem: { text: 'Join Chat', value: 'join:c_1' },
      channelName: 'Inbound',
      messageId: 'msg',
      original: {},
      robotJid: botJid,
      timestamp: 1560891332219,
      toJid: 'c1@conference.xmpp.zoom.us',
      userId: 'KdY',
      userJid: 'kdy@xmpp.zoom.us',
      userName: 'Jill Chill',
    },
  };

  it('button pressed', () => {
    expect(event(pressed)).toEqual({
      kind: 'buttonPressed',
      accountId: 'acc',
      userId: 'KdY',
      userName: 'Jill Chill',
      value: 'join:c_1',
      at: 1560891332219,
    });
  });

  it('button pressed with the least that Zoom may send', () => {
    const least = { event: pressed.event, payload: { accountId: 'acc', actionItem: { value: 'v' }, userId: 'KdY' } };
    expect(event(least)).toMatchObject({ userId: 'KdY', userName: undefined, value: 'v', at: undefined });
  });

  it.each(['bot_installed', 'bot_notification'])('%s is of no use to the app', (name) => {
    expect(event({ event: name, payload: { accountId: 'acc' } })).toEqual({ kind: 'ignored', event: name });
  });
});

describe('channels and the app', () => {
  const object = { id: 'c1', name: 'n', type: 2, timestamp: 9 };

  it.each([
    ['chat_channel.deleted', object, { kind: 'channelDeleted', accountId: 'acc', channelId: 'c1' }],
    ['team_chat.channel_archived', object, { kind: 'channelArchived', channelId: 'c1' }],
    ['team_chat.channel_archived', { channel_id: 'c1' }, { kind: 'channelArchived', channelId: 'c1' }],
    ['team_chat.channel_unarchived', object, { kind: 'channelUnarchived', channelId: 'c1' }],
    ['chat_channel.member_left', object, { kind: 'memberLeft', userIds: ['u1'], timestamp: 9 }],
    [
      'chat_channel.member_removed',
      { ...object, members: [{ id: 'u2', display_name: 'Bob' }, { id: '' }] },
      { kind: 'memberRemoved', userIds: ['u2'] },
    ],
    [
      'team_chat.channel_app_added',
      { channel_id: 'c1', channel_name: 'n', app_members: [{ id: 'V1m0Bot', display_name: 'App' }] },
      { kind: 'botAddedToChannel', accountId: 'acc', channelId: 'c1' },
    ],
    ['team_chat.channel_app_added', { channel_id: 'c1', app_members: [{ id: 'other' }] }, { kind: 'ignored' }],
    ['team_chat.app_invited', { channel_id: 'c1', user_jid: 'x' }, { kind: 'botAddedToChannel', channelId: 'c1' }],
  ])('%s %j', (name, about, expected) => {
    expect(event({ event: name, event_ts: 7, payload: { ...actor, object: about } })).toMatchObject(expected);
  });

  it('app_deauthorized, with fields that Zoom types loosely', () => {
    const payload = {
      account_id: 'acc',
      user_id: 'u',
      signature: '827e',
      deauthorization_time: '2020-06-17T13:52:28.632Z',
      client_id: 'ABC',
      event_ts: '2024-09-08 15:58:40',
      user_data_retention: 'false',
    };
    expect(event({ event: 'app_deauthorized', payload })).toMatchObject({
      kind: 'appDeauthorized',
      accountId: 'acc',
      userId: 'u',
      clientId: 'ABC',
      deauthorizedAt: new Date('2020-06-17T13:52:28.632Z'),
    });
  });

  it('endpoint.url_validation', () => {
    const json = { event: 'endpoint.url_validation', payload: { plainToken: 'q'.repeat(22) }, event_ts: 1 };
    expect(event(json)).toEqual({ kind: 'urlValidation', plainToken: 'q'.repeat(22) });
  });
});

describe('what cannot be read', () => {
  it.each([null, 'text', [], {}, { event: 5 }, { event: '' }])('%j is not an event', (json) => {
    expect(normalizeEvent(json)).toMatchObject({ ok: false, reason: 'notAnEvent' });
  });

  it.each(['meeting.started', 'toString', '__proto__', 'constructor'])('%s is ignored', (name) => {
    expect(event({ event: name })).toEqual({ kind: 'ignored', event: name });
  });

  it.each<[object, string]>([
    [{ event: 'endpoint.url_validation', payload: {} }, 'payload.plainToken'],
    [{ event: 'interactive_message_actions', payload: { accountId: 'a', userId: 'u' } }, 'payload.actionItem'],
    [{ event: 'chat_message.sent' }, 'payload'],
    [newer('posted', { channel_id: '' }), 'payload.object.channel_id'],
    [{ event: 'chat_channel.deleted', payload: { object: {} } }, 'payload.object.id'],
    [{ event: 'app_deauthorized', payload: { account_id: 'a' } }, 'payload.user_id'],
  ])('%j is malformed', (json, at) => {
    const result = normalizeEvent(json);
    expect(result).toMatchObject({ ok: false, reason: 'malformed', problem: expect.stringContaining(at) as unknown });
    expect(JSON.stringify(result)).not.toContain('Hello');
  });
});
