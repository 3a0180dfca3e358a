import { ActivityFailure, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { inboundSignal } from '../inbound/messages.ts';
import { failureType } from '../failures.ts';
import { askForCardSlot, askForReminder } from './activities.ts';
import type { Chat } from './chat.ts';
import { failed, showCard, showFormerCard } from './zoom-work.ts';

/** The next thing about the card in the inbound channel. */
export async function workOnCard(chat: Chat): Promise<void> {
  switch (chat.cardWork) {
    case 'ask':
      await askForSlot(chat);
      break;
    case 'withdraw':
      await withdraw(chat);
      break;
    case 'post':
    case 'edit':
      await showCard(chat);
      break;
    case 'editFormer':
      await showFormerCard(chat);
      break;
    case undefined:
      break;
  }
}

/** Ask for a slot in the inbound channel that the settings name now. */
export async function askForSlot(chat: Chat): Promise<void> {
  const { chatId, accountId, widgetId } = chat.input;
  const { startedAt, waitingSince } = chat.lifecycle.state;
  const before = chat.card.slot?.channelId;
  try {
    const asked = await askForCardSlot({ chatId, accountId, widgetId, since: waitingSince ?? startedAt });
    chat.card.asked(asked, Date.now());
    if (before !== undefined && before !== asked.channelId) await leaveQueue(chat, before);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    failed(chat, 'card', 'the card in the inbound channel', error);
  }
}

/** Have the inbound channel say how many visitors wait. */
export async function remindTeam(chat: Chat): Promise<void> {
  const { accountId, widgetId } = chat.input;
  chat.lifecycle.reminded();
  try {
    await askForReminder({ accountId, widgetId });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('The team could not be reminded.', { type: failureType(error) });
  }
}

async function withdraw(chat: Chat): Promise<void> {
  const { slot } = chat.card;
  if (!slot) return;
  chat.card.slotWithdrawn();
  await leaveQueue(chat, slot.channelId);
}

async function leaveQueue(chat: Chat, channelId: string): Promise<void> {
  const { chatId } = chat.input;
  try {
    const queue = getExternalWorkflowHandle(workflowIds.inbound({ channelId }));
    await queue.signal(inboundSignal, { kind: 'withdrawn', chatId });
  } catch {
    // There is no queue any more.
  }
}
