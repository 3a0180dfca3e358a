import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { checkInput, refuse, type InputField } from '../operator-input.ts';
import {
  closeAbandonedChats,
  eraseChats,
  eraseExpired,
  findChats,
  forgetOldRecords,
  nextAccounts,
} from './activities.ts';
import type { EraseInput, RetentionProgress } from './messages.ts';

/**
 * Erase what is older than its account keeps it: chats with their transcripts and workflows, so many at a time, account
 * after account. Started by the schedule of the same id.
 * @returns how many chats were erased.
 */
export async function retention(progress?: RetentionProgress): Promise<{ erased: number }> {
  if (!progress) {
    await closeAbandonedChats();
    await forgetOldRecords();
  }
  let { afterAccountId, erased } = progress ?? { afterAccountId: '', erased: 0 };
  for (;;) {
    const accountIds = await nextAccounts({ afterAccountId });
    if (accountIds.length === 0) return { erased };
    for (const accountId of accountIds) {
      for (let more = true; more;) {
        const batch = await eraseExpired({ accountId });
        erased += batch.erased;
        more = batch.more;
        setCurrentDetails(`Erased so far: ${erased} chats\n\nAccount: ${accountId}`);
        if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof retention>({ afterAccountId, erased });
      }
      afterAccountId = accountId;
    }
  }
}

/** Chats erased by one activity. */
const batchSize = 50;

const text: InputField = { fits: (value) => typeof value === 'string' && value !== '', words: 'is a text' };
const example = '{"chatId":"…"} or {"accountId":"…","email":"…"}';

/**
 * Erase one chat, or all chats of a visitor, whatever their age. For operators, who start it in Temporal UI: workflow
 * type `erase`, task queue `live-chat`, with an input as {@link EraseInput} has it. Refused, with a sentence, while one
 * of the chats is open.
 * @returns how many chats were erased.
 */
export async function erase(input?: EraseInput): Promise<{ erased: number }> {
  checkInput({ chatId: text, accountId: text, email: text }, 'erase', example, input);
  if (!input || !('chatId' in input || ('email' in input && 'accountId' in input))) refuse(`erase takes ${example}.`);
  const { chatIds, open } = await findChats(input);
  if (chatIds.length === 0) refuse('There is no such chat, or it has been erased.');
  if (open.length > 0) refuse(`End these chats first, by their update endChat: ${open.join(', ')}.`);
  for (let from = 0; from < chatIds.length; from += batchSize) {
    await eraseChats({ chatIds: chatIds.slice(from, from + batchSize) });
  }
  return { erased: chatIds.length };
}
