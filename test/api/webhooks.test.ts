import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { accountId, botJid, chat, member, start, userId, webhookSecret } from './fakes.ts';
import { sendWebhook, startTestApp } from './harness.ts';

const chatId = 'Chat567890123456';

async function appWithChat(changes: Parameters<typeof chat>[0] = {}) {
  const app = await startTestApp();
  app.store.chatsById.set(chatId, chat(changes));
  return app;
}

const pressed = (value: string, account = accountId) => ({
  event: 'interactive_message_actions',
  event_ts: start,
  payload: {
    accountId: account,
    actionItem: { text: 'Join Chat', value },
    messageId: 'card-1',
    robotJid: botJid,
    toJid: 'inbound@conference.xmpp.zoom.us',
    userId: 'agent-1',
    userJid: 'agent-1@xmpp.zoom.us',
    userName: 'Jill Chill',
    timestamp: start,
  },
});

const posted = (changes: { event?: string; payload?: object; object?: object } = {}) => ({
  event: changes.event ?? 'team_chat.channel_message_posted',
  event_ts: start,
  payload: {
    account_id: accountId,
    operator: 'jill@example.com',
    operator_id: 'agent-1',
    by_external_user: false,
    ...changes.payload,
    object: {
      message_id: 'message-1',
      date_time: '2026-03-01T12:00:00Z',
      timestamp: start,
      channel_id: 'chat-channel',
      channel_name: 'chat',
      message: 'Hello from the team',
      ...changes.object,
    },
  },
});

const channelEvent = (event: string, object: object = {}) => ({
  event,
  event_ts: start,
  payload: {
    account_id: accountId,
    operator: 'jill@example.com',
    operator_id: 'agent-1',
    object: { id: 'chat-channel', channel_id: 'chat-channel', name: 'chat', type: 2, timestamp: start, ...object },
  },
});

describe('a webhook that Zoom did not sign', () => {
  test.each([
    ['with another secret', { secret: 'another-secret' }],
    ['without a signature', { headers: { 'x-zm-signature': '' } }],
    ['without a timestamp', { headers: { 'x-zm-request-timestamp': '' } }],
    ['with a malformed signature', { headers: { 'x-zm-signature': 'v0=abc' } }],
    ['too long ago', { at: start - 6_001_000 }],
    ['in the future', { at: start + 3_600_000 }],
  ])('is refused: %s', async (_what, options) => {
    const app = await appWithChat();
    for (const path of ['/webhooks/zoom/bot', '/webhooks/zoom/events']) {
      const response = await sendWebhook(app.url, pressed(`join:${chatId}`), { ...options, path });
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
    expect(app.temporal.calls).toEqual([]);
    const log = app.logged.join('\n');
    expect(log).toContain('a webhook was refused');
    expect(log).not.toContain('Jill');
  });

  test('is refused when one byte of the body was changed', async () => {
    const app = await appWithChat();
    const raw = JSON.stringify(pressed(`join:${chatId}`));
    const timestamp = String(start / 1_000);
    const signature = createHmac('sha256', webhookSecret).update(`v0:${timestamp}:${raw}`).digest('hex');
    const response = await fetch(`${app.url}/webhooks/zoom/bot`, {
      method: 'POST',
      headers: { 'x-zm-request-timestamp': timestamp, 'x-zm-signature': `v0=${signature}` },
      body: raw.replace('agent-1', 'agent-2'),
    });
    expect(response.status).toBe(401);
    expect(app.temporal.calls).toEqual([]);
  });

  test('never keeps a rightly signed one from the same address out', async () => {
    const app = await appWithChat();
    const answers = await Promise.all(
      Array.from({ length: 80 }, () => sendWebhook(app.url, {}, { secret: 'another-secret' })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
    expect((await sendWebhook(app.url, pressed(`join:${chatId}`))).status).toBe(200);
    expect(app.temporal.named('signalZoom')).toHaveLength(1);
  });

  test('is refused when it is too large', async () => {
    const app = await appWithChat();
    expect((await sendWebhook(app.url, `"${'x'.repeat(600_000)}"`)).status).toBe(413);
  });
});

describe('the validation of our address', () => {
  const validation = (plainToken: unknown) => ({
    event: 'endpoint.url_validation',
    payload: { plainToken },
    event_ts: start,
  });

  test('is answered when signed', async () => {
    const { url } = await startTestApp();
    const plainToken = 'qgg8vlvZRS6UYooatFL8Aw';
    const response = await sendWebhook(url, validation(plainToken));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      plainToken,
      encryptedToken: createHmac('sha256', webhookSecret).update(plainToken).digest('hex'),
    });
  });

  test('is not answered unsigned', async () => {
    const { url } = await startTestApp();
    const response = await sendWebhook(url, validation('qgg8vlvZRS6UYooatFL8Aw'), { secret: 'another-secret' });
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain('encryptedToken');
  });

  test('signs nothing that could be the signature of a webhook, even for a signed request', async () => {
    const { url } = await startTestApp();
    for (const token of [
      `v0:${start / 1_000}:{"event":"x"}`,
      'short',
      'x'.repeat(65),
      'with space and more ..',
      7,
      null,
    ]) {
      const response = await sendWebhook(url, validation(token));
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
    }
  });
});

describe('a button', () => {
  test('joins or ends the chat that it names', async () => {
    const app = await appWithChat();
    expect((await sendWebhook(app.url, pressed(`join:${chatId}`), { path: '/webhooks/zoom/bot' })).status).toBe(200);
    expect((await sendWebhook(app.url, pressed(`end:${chatId}`), { path: '/webhooks/zoom/bot' })).status).toBe(200);
    const user = { id: 'agent-1', name: 'Jill Chill' };
    expect(app.temporal.named('signalZoom')).toEqual([
      [chatId, { kind: 'joinPressed', user, at: start }],
      [chatId, { kind: 'endPressed', user, at: start }],
    ]);
  });

  test.each([
    ['of another account', pressed(`join:${chatId}`, 'account-2')],
    ['for a chat that does not exist', pressed('join:Unknown890123456')],
    ['with another value', pressed('close:everything')],
    ['with a value that is no id', pressed('join:../../etc')],
  ])('%s is dropped', async (_what, body) => {
    const app = await appWithChat();
    expect((await sendWebhook(app.url, body)).status).toBe(200);
    expect(app.temporal.calls).toEqual([]);
  });

  test('of a chat that is over is answered with 200', async () => {
    const app = await appWithChat();
    app.temporal.over.add(chatId);
    expect((await sendWebhook(app.url, pressed(`join:${chatId}`))).status).toBe(200);
  });
});

describe('a message in a chat channel', () => {
  test('goes to its chat', async () => {
    const app = await appWithChat();
    expect((await sendWebhook(app.url, posted())).status).toBe(200);
    expect(app.temporal.named('signalZoom')).toEqual([
      [
        chatId,
        {
          kind: 'message',
          messageId: 'message-1',
          userId: 'agent-1',
          text: 'Hello from the team',
          at: start,
          channelId: 'chat-channel',
        },
      ],
    ]);
  });

  test('of the older family of events goes there alike', async () => {
    const app = await appWithChat();
    const { payload } = posted();
    const { message_id: id, ...object } = payload.object;
    const body = {
      event: 'chat_message.sent',
      event_ts: start,
      payload: { ...payload, object: { ...object, id, type: 'to_channel' } },
    };
    expect((await sendWebhook(app.url, body)).status).toBe(200);
    expect(app.temporal.named('signalZoom')[0]?.[1]).toMatchObject({ kind: 'message', messageId: 'message-1' });
  });

  test('with files alone names them as attachments', async () => {
    const app = await appWithChat();
    const file = { file_id: 'f', file_name: 'plan.png', file_size: 1, OS_file_type: 'PNG', file_message_type: 'image' };
    await sendWebhook(app.url, posted({ object: { message: undefined, files: [file] } }));
    expect(app.temporal.named('signalZoom')[0]?.[1]).toMatchObject({
      kind: 'message',
      text: '',
      attachments: [{ id: 'f', name: 'plan.png' }],
    });
  });

  test('of a chat that has ended is answered with 200, and its words are nowhere', async () => {
    const app = await appWithChat();
    app.temporal.over.add(chatId);
    expect((await sendWebhook(app.url, posted())).status).toBe(200);
    expect(app.logged.join()).not.toContain('Hello from the team');
  });

  test('edited, deleted', async () => {
    const app = await appWithChat();
    await sendWebhook(app.url, posted({ event: 'team_chat.channel_message_updated', object: { message: 'Better' } }));
    await sendWebhook(app.url, posted({ event: 'team_chat.channel_message_deleted', object: { message: undefined } }));
    expect(app.temporal.named('signalZoom').map(([, event]) => event)).toEqual([
      {
        kind: 'edited',
        messageId: 'message-1',
        userId: 'agent-1',
        text: 'Better',
        at: start,
        channelId: 'chat-channel',
      },
      { kind: 'deleted', messageId: 'message-1', at: start, channelId: 'chat-channel' },
    ]);
  });

  test('by somebody outside of the account goes there as theirs, by their id as a member', async () => {
    const app = await appWithChat();
    const ids = [
      { account_id: '', operator: '', operator_id: '', operator_member_id: 'guest-1', by_external_user: true },
      { by_external_user: true, operator_id: 'looks-known', operator_member_id: 'guest-1' },
    ];
    for (const [n, payload] of ids.entries())
      await sendWebhook(app.url, posted({ payload, object: { message_id: `message-${n}` } }));
    expect(app.temporal.named('signalZoom').map(([, event]) => event)).toMatchObject([
      { kind: 'message', userId: '', memberId: 'guest-1' },
      { kind: 'message', userId: '', memberId: 'guest-1' },
    ]);
  });

  test.each([undefined, null, ''])(
    'without an account (%j) goes there: the chat knows its writer or not',
    async (id) => {
      const app = await appWithChat();
      await sendWebhook(app.url, posted({ payload: { account_id: id } }));
      await sendWebhook(app.url, posted({ event: 'team_chat.channel_message_deleted', payload: { account_id: id } }));
      expect(app.temporal.named('signalZoom').map(([, event]) => event)).toMatchObject([
        { kind: 'message', userId: 'agent-1' },
        { kind: 'deleted', by: { userId: 'agent-1' } },
      ]);
    },
  );

  test('by another app’s bot is dropped', async () => {
    const app = await appWithChat();
    const bot = `v1${'Ab3_-'.repeat(5)}`;
    for (const payload of [
      { operator_id: bot },
      { operator: `${bot}@xmpp.zoom.us`, operator_id: '' },
      { operator_id: '', operator: '', operator_member_id: bot },
    ])
      await sendWebhook(app.url, posted({ payload }));
    expect(app.temporal.calls).toEqual([]);
  });

  test('by the bot itself does not come back to the visitor', async () => {
    const app = await appWithChat();
    for (const operator_id of [botJid, botJid.split('@')[0], `robot_${botJid}`]) {
      expect((await sendWebhook(app.url, posted({ payload: { operator_id, operator: '' } }))).status).toBe(200);
    }
    expect(app.temporal.calls).toEqual([]);
  });

  test.each([
    ['in another channel', posted({ object: { channel_id: 'private-channel' } })],
    ['of another account', posted({ payload: { account_id: 'account-2' } })],
    [
      'between two people',
      {
        event: 'chat_message.sent',
        event_ts: start,
        payload: {
          account_id: accountId,
          operator: 'a@b.co',
          operator_id: 'x',
          object: {
            id: 'm',
            type: 'to_contact',
            message: 'private words',
            timestamp: start,
            session_id: 's',
            contact_id: 'c',
          },
        },
      },
    ],
  ])('%s is dropped, and its words are nowhere', async (_what, body) => {
    const app = await appWithChat();
    expect((await sendWebhook(app.url, body)).status).toBe(200);
    expect(app.temporal.calls).toEqual([]);
    expect(app.logged.join()).not.toMatch(/private words|Hello from the team|private-channel/);
  });
});

const other = { id: 'other', jid: 'o@conference.xmpp.zoom.us', name: 'other', url: 'https://zoom.us/other' };

describe('other events', () => {
  test('somebody leaves or is removed', async () => {
    const app = await appWithChat();
    await sendWebhook(app.url, channelEvent('chat_channel.member_left'));
    await sendWebhook(app.url, channelEvent('chat_channel.member_removed', { members: [{ id: 'a' }, { id: 'b' }] }));
    expect(app.temporal.named('signalZoom').map(([, event]) => event)).toEqual([
      { kind: 'agentLeft', userId: 'agent-1', at: start, channelId: 'chat-channel' },
      { kind: 'agentLeft', userId: 'a', at: start, channelId: 'chat-channel' },
      { kind: 'agentLeft', userId: 'b', at: start, channelId: 'chat-channel' },
    ]);
  });

  test.each(['chat_channel.deleted', 'team_chat.channel_archived', 'chat_channel.member_left'])(
    '%s without an account counts only if a known member has caused it',
    async (event) => {
      const app = await appWithChat();
      const body = channelEvent(event);
      const { account_id: _none, ...payload } = body.payload;
      await sendWebhook(app.url, { ...body, payload });
      expect(app.temporal.calls).toEqual([]);
      app.store.membersById.set('agent-1', member({ _id: 'agent-1' }));
      await sendWebhook(app.url, { ...body, payload });
      expect(app.temporal.named('signalZoom')).toHaveLength(1);
    },
  );

  test('the channel is deleted or archived', async () => {
    const app = await appWithChat();
    await sendWebhook(app.url, channelEvent('chat_channel.deleted'));
    await sendWebhook(app.url, channelEvent('team_chat.channel_archived'));
    expect(app.temporal.named('signalZoom').map(([, event]) => event)).toEqual([
      { kind: 'channelGone', channelId: 'chat-channel' },
      { kind: 'channelGone', channelId: 'chat-channel' },
    ]);
  });

  test.each(['team_chat.channel_unarchived', 'team_chat.channel_app_added'])(
    '%s: whatever waits for that channel tries at once',
    async (event) => {
      const app = await appWithChat({ waitsFor: 'BotNotAllowed' });
      app.store.chatsById.set('also-waits', chat({ _id: 'also-waits', waitsFor: 'ChannelGone', channel: other }));
      app.store.chatsById.set('waits-not', chat({ _id: 'waits-not', channel: other }));
      const asked = () => app.temporal.named('tryAgain').map(([id]) => id);
      // The chat's own channel.
      expect((await sendWebhook(app.url, channelEvent(event))).status).toBe(200);
      expect(asked()).toEqual([chatId]);
      // The inbound channel of a widget: all of its account's chats that wait.
      await sendWebhook(app.url, channelEvent(event, { id: 'inbound', channel_id: 'inbound' }));
      await expect.poll(asked).toEqual([chatId, chatId, 'also-waits']);
      // Somebody's own channel.
      await sendWebhook(app.url, channelEvent(event, { id: 'private', channel_id: 'private' }));
      expect(asked()).toHaveLength(3);
    },
  );

  const removed = (payload: object = {}) => ({
    event: 'app_deauthorized',
    payload: {
      account_id: accountId,
      user_id: userId,
      signature: 's',
      deauthorization_time: new Date(start - 1_000).toISOString(),
      client_id: 'client',
      ...payload,
    },
  });

  test('the app is removed', async () => {
    const app = await startTestApp();
    app.store.membersById.set(userId, member());
    expect((await sendWebhook(app.url, removed())).status).toBe(200);
    expect(app.temporal.named('deauthorized')).toEqual([[{ zoomUserId: userId, accountId }, start - 1_000]]);
  });

  test('the app is removed at a time that Zoom’s clock has reached and ours has not: now', async () => {
    const app = await startTestApp();
    app.store.membersById.set(userId, member());
    await sendWebhook(app.url, removed({ deauthorization_time: new Date(start + 30_000).toISOString() }));
    expect(app.temporal.named('deauthorized')).toEqual([[{ zoomUserId: userId, accountId }, start]]);
  });

  test.each([
    ['by somebody unknown', { user_id: 'somebody-unknown' }],
    ['that is another app', { client_id: 'another-app' }],
    ['that is not named', { client_id: undefined }],
    ['in another account than the user’s', { account_id: 'account-2' }],
    ['at a time to come', { deauthorization_time: '2099-01-01T00:00:00Z' }],
  ])('an app is removed %s: nothing happens', async (_what, payload) => {
    const app = await startTestApp();
    app.store.membersById.set(userId, member());
    expect((await sendWebhook(app.url, removed(payload))).status).toBe(200);
    expect(app.temporal.calls).toEqual([]);
  });

  test.each([
    ['unknown', { event: 'meeting.started', payload: {} }],
    ['malformed', { event: 'interactive_message_actions', payload: { accountId: 7 } }],
    ['no event', { hello: 'world' }],
    ['not JSON', '{"event": '],
    ['empty', ''],
  ])('%s: answered with 200, since Zoom never repeats what was answered with 4xx', async (_what, body) => {
    const app = await appWithChat();
    expect((await sendWebhook(app.url, body)).status).toBe(200);
    expect(app.temporal.calls).toEqual([]);
  });
});

describe('when it could not be stored', () => {
  test('Temporal away: 503, and the repeat gets through', async () => {
    const app = await appWithChat();
    app.temporal.away = true;
    const requestId = 'request-1';
    expect((await sendWebhook(app.url, posted(), { requestId })).status).toBe(503);
    app.temporal.away = false;
    expect((await sendWebhook(app.url, posted(), { requestId })).status).toBe(200);
    expect(app.temporal.named('signalZoom')).toHaveLength(1);
  });

  test('MongoDB away: 503', async () => {
    const app = await appWithChat();
    app.store.broken = true;
    expect((await sendWebhook(app.url, posted())).status).toBe(503);
  });
});

test('a repeated request id is taken once', async () => {
  const app = await appWithChat();
  for (let time = 0; time < 3; time++) {
    expect((await sendWebhook(app.url, posted(), { requestId: 'same' })).status).toBe(200);
  }
  expect(app.temporal.named('signalZoom')).toHaveLength(1);
});

test('each webhook is counted once, by what became of it, and genuine ones are timed', async () => {
  const app = await appWithChat();
  const send = (body: unknown, options = {}) => sendWebhook(app.url, body, options);
  await send(posted(), { requestId: 'request-1' });
  await send(posted(), { requestId: 'request-1' });
  await send({ hello: 'world' });
  await send(pressed('join:unknown-chat-id'));
  await send(posted(), { secret: 'another-secret' });
  await send(posted(), { at: start - 6_001_000 });
  app.temporal.away = true;
  await send(posted());
  expect(app.metrics.counted).toEqual({
    'live_chat_webhooks{outcome="taken"}': 1,
    'live_chat_webhooks{outcome="repeated"}': 1,
    'live_chat_webhooks{outcome="unreadable"}': 1,
    'live_chat_webhooks{outcome="dropped"}': 1,
    'live_chat_webhooks{outcome="refused_mismatch"}': 1,
    'live_chat_webhooks{outcome="refused_stale"}': 1,
    'live_chat_webhooks{outcome="not_stored"}': 1,
  });
  expect(app.metrics.observed.get('live_chat_webhook_seconds')).toHaveLength(4);
});

describe('a connection check that runs', () => {
  const check = { _id: accountId, checkId: 'Check12345678', channelId: 'inbound', word: 'check 4271' };
  async function appWithCheck() {
    const app = await appWithChat();
    app.store.openChecks.push({ ...check, expiresAt: new Date(start + 3_600_000) });
    return app;
  }
  const inInbound = (message: string | undefined, payload: object = {}) =>
    posted({ payload, object: { channel_id: 'inbound', message } });

  test.each(['check 4271', 'Check 4271', '  CHECK \n 4271!', 'Here: check 4271'])(
    'is told of its word: %j',
    async (text) => {
      const app = await appWithCheck();
      expect((await sendWebhook(app.url, inInbound(text))).status).toBe(200);
      expect(app.temporal.named('signalCheck')).toEqual([
        [accountId, { kind: 'word', checkId: check.checkId, userId: 'agent-1' }],
      ]);
    },
  );

  test.each([
    ['by the bot’s id', inInbound('Connection check', { operator_id: botJid, operator: '' })],
    ['by the mark of the card, under whatever id', inInbound(`Connection check\nCheck ${check.checkId}`)],
  ])('is told that the app’s bot has posted, known %s, and not what', async (_how, body) => {
    const app = await appWithCheck();
    await sendWebhook(app.url, body);
    expect(app.temporal.named('signalCheck')).toEqual([[accountId, { kind: 'echo', checkId: check.checkId }]]);
  });

  test.each([
    ['what else is written there', inInbound('Good morning')],
    ['the word in another channel', posted({ object: { channel_id: 'somewhere', message: 'check 4271' } })],
    ['the word in another account', inInbound('check 4271', { account_id: 'account-2' })],
    ['a word of another check', inInbound('check 4272')],
    ['what another app’s bot says', inInbound('check 4271', { operator_id: `v1${'Ab3_-'.repeat(5)}`, operator: '' })],
  ])('is not told of %s, and nobody else is', async (_what, body) => {
    const app = await appWithCheck();
    expect((await sendWebhook(app.url, body)).status).toBe(200);
    expect(app.temporal.calls).toEqual([]);
    expect(app.logged.join()).not.toMatch(/Good morning|check 427/);
  });

  test('is told who pressed its button, in the account that Zoom vouches for', async () => {
    const app = await appWithCheck();
    await sendWebhook(app.url, pressed(`check:${check.checkId}`, 'account-2'), { path: '/webhooks/zoom/bot' });
    expect(app.temporal.named('signalCheck')).toEqual([
      ['account-2', { kind: 'press', checkId: check.checkId, userId: 'agent-1' }],
    ]);
  });

  test('that is over takes no press: Zoom is answered with 200', async () => {
    const app = await appWithCheck();
    app.temporal.checkOutcome = 'ended';
    expect((await sendWebhook(app.url, pressed(`check:${check.checkId}`))).status).toBe(200);
    expect(app.metrics.counted['live_chat_webhooks{outcome="dropped"}']).toBe(1);
  });

  test('leaves chats as they are', async () => {
    const app = await appWithCheck();
    await sendWebhook(app.url, posted({ object: { message: 'check 4271' } }));
    expect(app.temporal.calls.map(({ name }) => name)).toEqual(['signalZoom']);
  });
});
