import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createMailActivities } from '../../activities/mail.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import { createMailLinks } from '../../mail/links.ts';
import { MailError, type MailErrorKind, type MailTransport, type OutgoingMail } from '../../mail/transport.ts';
import { attempt, failureOf, testStore } from './harness.ts';

const opened = testStore();
const jill = { id: 'zoom-id-of-jill', name: 'Jill' };
const says = (seq: number, text: string, more: object = {}): TranscriptEntry => ({
  kind: 'agentMessage',
  seq,
  at: Date.UTC(2026, 10, 28, 14, seq),
  messageId: `m-${seq}`,
  agent: jill,
  text,
  ...more,
});

/** A chat with a transcript, and a mail server that does what the test says. */
async function setUp(entries: TranscriptEntry[]) {
  const { store } = opened;
  const chatId = randomUUID().replaceAll('-', '').slice(0, 16);
  const widgetId = `widget-${chatId}`;
  await store.widgets.provision({
    _id: widgetId,
    accountId: chatId,
    name: 'Website',
    createdAt: new Date(),
    settings: { teamName: 'Atlas Bikes', pageQuery: [] },
  });
  await store.chats.begin({
    _id: chatId,
    accountId: chatId,
    widgetId,
    visitor: { name: 'Jane', email: 'jane@example.org' },
    status: 'active',
    agents: [],
    answeredBy: [],
    createdAt: new Date(),
    deliveredSeq: 0,
  });
  await store.transcript.append(chatId, entries);
  const sent: OutgoingMail[] = [];
  const time = { now: Date.UTC(2026, 10, 28, 15, 0) };
  /** What the next mails come to; a mail that is not told of is taken. */
  const outcomes: (MailErrorKind | 'killed')[] = [];
  const transport: MailTransport = {
    async send(mail) {
      sent.push(mail);
      const outcome = outcomes.shift();
      if (outcome === 'killed') throw new Error('The process ended here.');
      if (outcome !== undefined) throw new MailError(outcome, `The mail server said ${outcome}.`);
    },
  };
  const keys = { activeId: 'k', keys: new Map([['k', randomBytes(32)]]) };
  const links = createMailLinks({ keys, publicUrl: 'https://chat.example.com', clock: () => time.now });
  const make = (mailer: MailTransport | undefined) =>
    createMailActivities({ store, transport: mailer, links, clock: () => time.now });
  const { sendAnswers } = make(transport);
  const send = (firstSeq: number, lastSeq: number) =>
    attempt(1, sendAnswers, { chatId, to: 'jane@example.org', firstSeq, lastSeq });
  const stateOf = async (range: string) => (await store.mails.model.findById(`${chatId}/${range}`).lean())?.state;
  return { store, chatId, sent, outcomes, send, stateOf, time, links, withoutServer: make(undefined) };
}

describe('a mail with what agents answered', () => {
  const transcript: TranscriptEntry[] = [
    { kind: 'visitorMessage', seq: 1, at: 1, clientId: 'client-1', text: 'my secret words' },
    { kind: 'agentJoined', seq: 2, at: 2, agent: jill },
    says(3, 'Hello Jane'),
    says(4, 'We have it in blue', { attachments: [{ id: 'file-id', name: 'blue.png' }] }),
    says(5, 'oops'),
    { kind: 'agentMessageDeleted', seq: 6, at: 6, messageId: 'm-5' },
    { kind: 'agentMessageEdited', seq: 7, at: 7, messageId: 'm-4', text: 'We have it in red' },
    says(8, 'This is for the next mail'),
  ];

  test('holds their words as they read now, and nobody else’s', async () => {
    const { chatId, sent, send, links, stateOf } = await setUp(transcript);
    expect(await send(1, 5)).toEqual({ outcome: 'sent' });
    const [mail] = sent;
    expect(mail).toMatchObject({
      to: 'jane@example.org',
      fromName: 'Atlas Bikes',
      subject: 'Jill (Atlas Bikes) answered you',
      messageId: `chat-${chatId}-1-5`,
      threadId: `chat-${chatId}`,
    });
    expect(mail?.text).toContain('Hello Jane');
    expect(mail?.text).toContain('We have it in red');
    expect(mail?.text).toContain('blue.png');
    for (const hidden of ['my secret words', 'blue\n', 'oops', 'next mail', jill.id, 'file-id']) {
      expect(mail?.text).not.toContain(hidden);
      expect(mail?.html).not.toContain(hidden);
    }
    const chatLink = /https:\/\/chat\.example\.com\/chat#(\S+)/.exec(mail?.text ?? '')?.[1] ?? '';
    expect(links.readChat(chatLink)).toBe(chatId);
    expect(links.readStop(new URL(mail?.unsubscribeUrl ?? '').searchParams.get('token') ?? '')).toBe(chatId);
    expect(await stateOf('1-5')).toBe('sent');
  });

  test('is sent once, however often it is asked for', async () => {
    const { sent, send } = await setUp(transcript);
    await send(1, 5);
    expect(await send(1, 5)).toEqual({ outcome: 'sent' });
    expect(sent).toHaveLength(1);
  });

  test('is not sent when nothing of it is left, or the chat has been erased', async () => {
    const { store, chatId, sent, send } = await setUp(transcript);
    expect(await send(5, 5)).toEqual({ outcome: 'empty' });
    expect(await send(5, 5)).toEqual({ outcome: 'empty' });
    await store.chats.delete([chatId]);
    expect(await send(1, 5)).toEqual({ outcome: 'empty' });
    expect(sent).toEqual([]);
  });

  test('is not sent where no mail server is configured', async () => {
    const { chatId, withoutServer } = await setUp(transcript);
    const input = { chatId, to: 'jane@example.org', firstSeq: 1, lastSeq: 5 };
    expect(await attempt(1, withoutServer.sendAnswers, input)).toEqual({ outcome: 'off' });
  });

  test('that is refused is never tried again', async () => {
    const { sent, send, outcomes, stateOf } = await setUp(transcript);
    outcomes.push('refused');
    expect(await failureOf(send(1, 5))).toMatchObject({ type: 'MailRefused', nonRetryable: true });
    expect(await failureOf(send(1, 5))).toMatchObject({ type: 'MailRefused', nonRetryable: true });
    expect(sent).toHaveLength(1);
    expect(await stateOf('1-5')).toBe('refused');
  });

  test('that was not taken is tried again, certain that it was not sent', async () => {
    const { sent, send, outcomes } = await setUp(transcript);
    outcomes.push('notNow');
    const failure = await failureOf(send(1, 5));
    expect(failure).toMatchObject({ type: 'MailUnavailable', nonRetryable: false, details: [{ nothingDone: true }] });
    expect(await send(1, 5)).toEqual({ outcome: 'sent' });
    expect(sent).toHaveLength(2);
  });

  test('that may have been sent is sent again as the same mail', async () => {
    const { sent, send, outcomes, time } = await setUp(transcript);
    outcomes.push('unknown');
    expect(await failureOf(send(1, 5))).toMatchObject({ details: [{ nothingDone: false }] });
    time.now += 60_000;
    // Not sent this time, but perhaps before.
    outcomes.push('notNow');
    expect(await failureOf(send(1, 5))).toMatchObject({ details: [{ nothingDone: false }] });
    expect(await send(1, 5)).toEqual({ outcome: 'sent' });
    const [first, ...again] = sent.map(({ messageId, date }) => ({ messageId, date }));
    expect(again).toEqual([first, first]);
  });

  test('that may have been sent comes three times at the worst', async () => {
    const { sent, send, outcomes, stateOf } = await setUp(transcript);
    outcomes.push('unknown', 'killed', 'unknown');
    for (let n = 0; n < 3; n += 1) await expect(send(1, 5)).rejects.toThrow();
    expect(await send(1, 5)).toEqual({ outcome: 'unconfirmed' });
    expect(await send(1, 5)).toEqual({ outcome: 'unconfirmed' });
    expect(sent).toHaveLength(3);
    expect(await stateOf('1-5')).toBe('unconfirmed');
  });

  test('is recorded without its address and words', async () => {
    const { store, chatId, send } = await setUp(transcript);
    await send(1, 5);
    const record = await store.mails.model.findById(`${chatId}/1-5`).lean();
    expect(record).toEqual({
      _id: `${chatId}/1-5`,
      chatId,
      firstSeq: 1,
      lastSeq: 5,
      at: new Date(Date.UTC(2026, 10, 28, 15, 0)),
      state: 'sent',
      unanswered: 0,
    });
  });
});
