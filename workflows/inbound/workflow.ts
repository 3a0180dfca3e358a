import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { failureTypes } from '../../domain/failures.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { cardSlotSignal } from '../chat/messages.ts';
import { failureType, nothingDone } from '../failures.ts';
import { runIsLong } from '../long-run.ts';
import { time } from '../time.ts';
import { postQueueCard, postReminder, updateQueueCard } from './activities.ts';
import { getInboundQuery, inboundSignal, type InboundInput, type InboundSnapshot } from './messages.ts';
import { SlotQueue, type SlotQueueState } from './slot-queue.ts';

/** A queue that is gone sooner than this, ms, is told to nobody. */
const queueSeenAfterMs = 5_000;
/** Pause between two changes of the card that says how many chats wait, ms; and after a failure. */
const betweenEditsMs = 10_000;
const afterFailureMs = 60_000;
/** Pause between two looks whether the workflow may end, ms. */
const mostOftenMs = 60_000;

/**
 * The cards of one inbound channel: chats ask for a slot before they post, and get it at the pace that Zoom's limits on
 * one channel allow, the longest waiting first. Beyond that pace one card says how many more chats wait.
 *
 * It ends when nobody has asked for as long as Zoom counts posts, and begins again with the next chat. Chats do not
 * depend on it: one that has no slot after a while asks again.
 *
 * @param carried the queue, when a run continues as new.
 */
export async function inbound(input: InboundInput, carried?: SlotQueueState): Promise<void> {
  const queue = new SlotQueue(Date.now(), carried);
  setHandler(inboundSignal, (event) => {
    queue.onEvent(event, Date.now());
    showDetails(queue);
  });
  setHandler(getInboundQuery, () => snapshot(queue));
  showDetails(queue);

  let isDraining = false;
  const draining = () => (isDraining ||= runIsLong(input.continueAfterEvents));
  const watchIdle = async (): Promise<void> => {
    while (!draining()) {
      // A chat that asks meanwhile costs nothing: the timer runs out, and the next one is set.
      if (queue.isIdle(Date.now())) isDraining = true;
      else await condition(draining, Math.max(mostOftenMs, queue.idleInMs(Date.now())));
    }
  };
  await Promise.all([
    giveSlots(input, queue, draining),
    showCount(input, queue, draining),
    remind(input, queue, draining),
    watchIdle(),
  ]);
  await condition(allHandlersFinished);
  if (!queue.isIdle(Date.now())) await continueAsNew<typeof inbound>(input, queue.state);
}

async function giveSlots(input: InboundInput, queue: SlotQueue, draining: () => boolean): Promise<void> {
  for (;;) {
    await condition(() => draining() || !queue.isEmpty);
    if (draining()) return;
    const now = Date.now();
    const delay = queue.delay(now);
    if (delay > 0) await condition(draining, delay);
    else await Promise.all(queue.take(now).map((chatId) => give(input, queue, chatId, now)));
    showDetails(queue);
  }
}

/** Say how many visitors wait for an agent, in a new post, when one has waited for as long as the settings say. */
async function remind({ accountId, channel }: InboundInput, queue: SlotQueue, draining: () => boolean): Promise<void> {
  for (;;) {
    await condition(() => draining() || queue.state.reminder !== undefined);
    await condition(draining, queue.reminderIn(Date.now()) ?? 0);
    const { reminder } = queue.state;
    if (draining()) return;
    if (!reminder) continue;
    const { mark, firstTriedAt } = reminder;
    const now = Date.now();
    reminder.firstTriedAt ??= now;
    try {
      const tried = firstTriedAt === undefined ? {} : { firstTriedAt };
      const { count } = await postReminder({ accountId, channel, mark, ...tried });
      if (count > 0) queue.posted(now);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      // A reminder that comes late says nothing new: the next one does.
      log.warn('The team could not be reminded that visitors wait.', { type: failureType(error) });
    }
    queue.reminded(now);
  }
}

/** Tell a chat that it may post its card. One that is over has no use for it. */
async function give({ channel }: InboundInput, queue: SlotQueue, chatId: string, now: number): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowIds.chat({ chatId })).signal(cardSlotSignal, { channelId: channel.id });
  } catch {
    queue.givenBack(now);
  }
}

/** Beyond the pace of the cards one card says how many more chats wait, and is edited as that changes. */
async function showCount(input: InboundInput, queue: SlotQueue, draining: () => boolean): Promise<void> {
  const isDue = () => queue.cardIsDue(Date.now());
  for (;;) {
    await condition(() => draining() || isDue());
    if (!queue.state.card) await condition(() => draining() || !isDue(), queueSeenAfterMs);
    if (draining()) return;
    if (isDue()) await condition(draining, (await updateCard(input, queue)) ? betweenEditsMs : afterFailureMs);
  }
}

/** @returns whether Zoom has taken it. */
async function updateCard({ accountId, channel }: InboundInput, queue: SlotQueue): Promise<boolean> {
  const { state, count } = queue;
  const now = Date.now();
  const card = (state.card ??= { mark: `Queue ${now.toString(36)}` });
  const { mark, shown, firstTriedAt } = card;
  try {
    if (shown) {
      await updateQueueCard({ accountId, mark, card: shown.ref, count });
      shown.count = count;
    } else {
      // One more than the cards: the pace leaves room for it.
      if (firstTriedAt === undefined) queue.posted(now);
      card.firstTriedAt ??= now;
      const tried = firstTriedAt === undefined ? {} : { firstTriedAt };
      card.shown = { ref: await postQueueCard({ accountId, channel, mark, count, ...tried }), count };
    }
    // The next time that chats have to wait there is a new card, where it is seen.
    if (count === 0) delete state.card;
    return true;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const type = failureType(error);
    log.warn('The card that says how many chats wait could not be shown.', { type });
    const isGone = type === failureTypes.messageGone || (!shown && nothingDone(error));
    if (isGone || queue.isEmpty) delete state.card;
    return false;
  }
}

function snapshot(queue: SlotQueue): InboundSnapshot {
  const waiting = queue.state.waiting.map(({ chatId }) => chatId);
  return { waiting, nextSlotInMs: queue.delay(Date.now()) };
}

/** What an operator reads in Temporal UI: ids only. */
function showDetails(queue: SlotQueue): void {
  const now = Date.now();
  const { waiting, lastUsedAt } = queue.state;
  const [next] = waiting;
  setCurrentDetails(
    [
      `**${queue.isEmpty ? 'No chat waits for its card' : `Chats that wait for their card: ${queue.count}`}**`,
      '',
      ...(next ? [`- The next one: \`${next.chatId}\`, at ${time(now + queue.delay(now))} at the earliest`] : []),
      `- Last used: ${time(lastUsedAt)}`,
    ].join('\n'),
  );
}
