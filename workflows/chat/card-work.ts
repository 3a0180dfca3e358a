import { ActivityFailure, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import { failureTypes } from '../../domain/failures.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { failureType, noAnswer, nothingDone } from '../failures.ts';
import { inboundSignal } from '../inbound/messages.ts';
import { askForCardSlot, askForReminder, postInboundCard, updateInboundCard } from './activities.ts';
import type { Chat } from './chat.ts';
import { cardContent } from './views.ts';
import { failed, once, orWait } from './zoom-call.ts';

/** Retry windows in which somebody may repair what keeps the card from being edited: a minute or two. */
const triesToEditCard = 6;

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

/** The card in the inbound channel says where the chat stands. */
async function showCard(chat: Chat): Promise<void> {
  const { chatId, accountId, widgetId } = chat.input;
  const content = cardContent(chat);
  const { route } = chat.presence;
  const { ref, state } = chat.card;
  const deliveredSeq = Math.max(chat.outbox.state.deliveredSeq, state.coversSeq);
  const input = { chatId, accountId, content, deliveredSeq, targets: route.targets };
  await orWait(
    chat,
    'card',
    'the card in the inbound channel',
    async () => {
      let outcomes;
      if (ref) {
        ({ outcomes } = await updateInboundCard({ ...input, widgetId, card: ref }));
        chat.card.shows(content, ref);
      } else {
        const posted = await once(chat, `card ${content.number}`, (tried) =>
          postInboundCard({ ...input, widgetId, ...tried }),
        ).catch((error: unknown) => {
          // The channel takes no more now: the chat queues again, or all who were refused would come back at once.
          if (nothingDone(error) && failureType(error) === failureTypes.zoomUnavailable) chat.card.slotLost();
          throw error;
        });
        ({ outcomes } = posted);
        chat.card.shows(content, posted.card);
      }
      chat.outbox.deliveredUpTo(deliveredSeq);
      chat.presence.pushed(route, outcomes, Date.now());
    },
    (type) => {
      if (!ref) return false;
      // Without its card nobody could join, or read what has been written since: a new one. A chat that is joined goes
      // on without it.
      const hasUnseenWords = deliveredSeq > chat.outbox.state.deliveredSeq;
      if (type === failureTypes.messageGone && (chat.isWaitingForAgent || hasUnseenWords)) chat.card.renew(state.words);
      else if (hasUnseenWords || mayBeRepaired(chat, type)) return false;
      else chat.card.leaveAsIs(content);
      return true;
    },
  );
}

/** The card before this one says that there is a newer one; if that cannot be done, it stays as it is. */
async function showFormerCard(chat: Chat): Promise<void> {
  const { former } = chat.card.state;
  if (!former) return;
  const { chatId, accountId, widgetId } = chat.input;
  const { deliveredSeq } = chat.outbox.state;
  await orWait(
    chat,
    'card',
    'the card before this one',
    async () => {
      const { ref: card, content } = former;
      await updateInboundCard({ chatId, accountId, widgetId, card, content, deliveredSeq, targets: [] });
      chat.card.formerShown();
    },
    (type) => {
      if (mayBeRepaired(chat, type)) return false;
      chat.card.formerShown();
      return true;
    },
  );
}

/** Whether an edit of the card is worth waiting for. */
function mayBeRepaired(chat: Chat, type: string): boolean {
  if (type === failureTypes.messageGone) return false;
  const { isEnded } = chat.lifecycle;
  const passes = type === failureTypes.zoomUnavailable || type === noAnswer || type === failureTypes.channelGone;
  return (passes && !isEnded) || (chat.waits.state.waits.card?.tries ?? 0) < triesToEditCard;
}
