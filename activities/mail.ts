import { ApplicationFailure, log } from '@temporalio/activity';
import { mailFailureTypes } from '../domain/failures.ts';
import { limits } from '../domain/limits.ts';
import type { TranscriptEntry } from '../domain/transcript.ts';
import { visitorEntrySchema } from '../domain/visitor-protocol.ts';
import { composeAnswers, type Answer } from '../mail/answers.ts';
import type { MailLinks } from '../mail/links.ts';
import { MailError, type MailTransport } from '../mail/transport.ts';
import type { MailRecord, Store } from '../store/index.ts';

export interface MailActivityDependencies {
  store: Pick<Store, 'chats' | 'transcript' | 'widgets' | 'mails'>;
  /** Undefined where no mail server is configured. */
  transport: MailTransport | undefined;
  links: MailLinks;
  /** The time now, ms since 1970. */
  clock: () => number;
}

/** Agents' messages in a chat, by their places in it. */
export interface SeqRange {
  firstSeq: number;
  lastSeq: number;
}

export interface SendAnswersInput extends SeqRange {
  chatId: string;
  /** The visitor's address. */
  to: string;
}

/**
 * `sent`: the mail server has it. `unconfirmed`: it was tried as often as it may be, and the server never answered.
 * `empty`: nothing of it is left to say. `off`: no mail server is configured.
 */
export type MailOutcome = 'sent' | 'unconfirmed' | 'empty' | 'off';

/** A mail whose outcome is unknown is sent again so often that the visitor gets it this many times at the worst. */
const mostUnanswered = 3;

/** Mails to visitors: what agents answered while they were away. */
export function createMailActivities({ store, transport, links, clock }: MailActivityDependencies) {
  /** @throws ApplicationFailure */
  async function send(mailer: MailTransport, input: SendAnswersInput, record: MailRecord): Promise<MailOutcome> {
    const content = await contentOf(input);
    if (!content) {
      await store.mails.set(record._id, { state: 'empty' });
      return 'empty';
    }
    await store.mails.set(record._id, { state: 'sending', unanswered: record.unanswered });
    const { chatId, firstSeq, lastSeq, to } = input;
    const { team, unsubscribeUrl, ...texts } = content;
    try {
      await mailer.send({
        ...texts,
        fromName: team,
        to,
        messageId: `chat-${chatId}-${firstSeq}-${lastSeq}`,
        threadId: `chat-${chatId}`,
        date: record.at,
        unsubscribeUrl,
      });
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      if (error.kind !== 'unknown') {
        await store.mails.set(record._id, { state: error.kind === 'refused' ? 'refused' : 'deferred' });
      }
      throw mailFailure(error, record.unanswered);
    }
    await store.mails.set(record._id, { state: 'sent' });
    return 'sent';
  }

  async function contentOf({ chatId, firstSeq, lastSeq }: SendAnswersInput) {
    const [chat, entries] = await Promise.all([
      store.chats.get(chatId),
      // What follows too: a message may have been changed or deleted since.
      store.transcript.after(chatId, firstSeq - 1, lastSeq - firstSeq + 1 + limits.entriesPerFrame),
    ]);
    const answers = answersIn(entries, lastSeq);
    if (!chat || answers.length === 0) return undefined;
    const { teamName: team } = (await store.widgets.get(chat.widgetId))?.settings ?? { teamName: '' };
    const stopUrl = links.stop(chatId);
    const mail = composeAnswers({ answers, team, chatUrl: links.chat(chatId), stopUrl });
    return { ...mail, team, unsubscribeUrl: stopUrl };
  }

  return {
    /**
     * Send one mail with these messages of agents, as they read now. The server's answer may be lost, and then nobody
     * knows: the mail is sent again, since a mail that comes twice is a nuisance and an answer that never comes is a
     * lost customer. It has the same Message-ID, by which many mail systems show it once.
     * @throws ApplicationFailure `MailRefused` when the server will never take it; `MailUnavailable` when it did not
     *   this time, with `nothingDone` when it is certain that nothing was sent.
     */
    async sendAnswers(input: SendAnswersInput): Promise<{ outcome: MailOutcome }> {
      if (!transport) return { outcome: 'off' };
      const { chatId, firstSeq, lastSeq } = input;
      const record = await store.mails.begin({ chatId, firstSeq, lastSeq, at: new Date(clock()) });
      switch (record.state) {
        case 'sent':
        case 'empty':
        case 'unconfirmed':
          return { outcome: record.state };
        case 'refused':
          throw mailFailure(new MailError('refused', 'The mail server has refused this mail.'));
        case 'sending':
          record.unanswered += 1;
          break;
        case 'deferred':
          break;
      }
      if (record.unanswered >= mostUnanswered) {
        log.warn('A mail may not have been sent: the mail server never answered.', { chatId });
        await store.mails.set(record._id, { state: 'unconfirmed' });
        return { outcome: 'unconfirmed' };
      }
      return { outcome: await send(transport, input, record) };
    },
  };
}
export type MailActivities = ReturnType<typeof createMailActivities>;

/** @param unanswered earlier tries that may have been mails. */
function mailFailure({ kind, message }: MailError, unanswered = 0): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type: kind === 'refused' ? mailFailureTypes.refused : mailFailureTypes.unavailable,
    nonRetryable: kind === 'refused',
    details: [{ nothingDone: kind !== 'unknown' && unanswered === 0 }],
  });
}

/** Agents' messages up to `lastSeq` as they read now: with later edits, and without those that were deleted. */
function answersIn(entries: readonly TranscriptEntry[], lastSeq: number): Answer[] {
  const answers = new Map<string, Answer>();
  for (const entry of entries) {
    // What the visitor may not see is in no mail either: only what has the visitor's form goes on.
    const name = 'agent' in entry ? { name: entry.agent?.name } : {};
    const seen = visitorEntrySchema.safeParse({ ...entry, ...name }).data;
    switch (seen?.kind) {
      case 'agentMessage': {
        if (seen.seq > lastSeq) break;
        const files = seen.attachments?.map((file) => file.name) ?? [];
        answers.set(seen.messageId, { name: seen.name, text: seen.text, at: seen.at, isEdited: false, files });
        break;
      }
      case 'agentMessageEdited': {
        const answer = answers.get(seen.messageId);
        if (answer) answers.set(seen.messageId, { ...answer, text: seen.text, isEdited: true });
        break;
      }
      case 'agentMessageDeleted':
        answers.delete(seen.messageId);
        break;
      default:
        break;
    }
  }
  return [...answers.values()];
}
