import { ActivityFailure, condition, log, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { MailActivities } from '../../activities/mail.ts';
import { mailFailureTypes } from '../../domain/failures.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';
import { failureType, nothingDone } from '../failures.ts';
import type { Chat } from './chat.ts';
import { chatDetails } from './details.ts';

/**
 * A retry window of some minutes. What fails longer is tried again by the chat itself, which first looks whether the
 * visitor has come back.
 */
const { sendAnswers } = proxyActivities<MailActivities>({
  taskQueue: taskQueues.mail,
  startToCloseTimeout: '60 seconds',
  heartbeatTimeout: '4 seconds',
  retry: { initialInterval: '5 seconds', backoffCoefficient: 3, maximumInterval: '1 minute', maximumAttempts: 4 },
  summary: 'Mail the visitor what agents have answered',
});

/** Mail the visitor what agents answer while they are away, once it is due. */
export async function mailLoop(chat: Chat, draining: () => boolean): Promise<void> {
  for (;;) {
    await condition(() => draining() || chat.mailDueAt !== undefined);
    if (draining()) return;
    const at = chat.mailDueAt ?? Infinity;
    // What moves back costs nothing: the timer runs out, and the next one is set.
    const changed = () => draining() || (chat.mailDueAt ?? Infinity) < at || chat.mailDueAt === undefined;
    if (await condition(changed, Math.max(1, at - Date.now()))) continue;
    if ((chat.mailDueAt ?? Infinity) <= Date.now()) await mailAnswers(chat);
  }
}

async function mailAnswers(chat: Chat): Promise<void> {
  const { input, mail } = chat;
  const { awaySince } = chat.presence;
  if (awaySince === undefined) return;
  const { to, ...range } = mail.begin(awaySince);
  mail.isUnderWay = true;
  try {
    const { outcome } = await sendAnswers({ chatId: input.chatId, to, ...range });
    mail.settled(range, outcome, Date.now());
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const type: string | undefined = failureType(error);
    if (type === mailFailureTypes.refused) {
      mail.refused(range);
      chat.notes.add({ about: 'mailRefused' });
    } else mail.failed(nothingDone(error), Date.now());
    log.warn('The visitor could not be mailed.', { type });
  } finally {
    mail.isUnderWay = false;
  }
  setCurrentDetails(chatDetails(chat));
}
