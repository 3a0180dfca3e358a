import type { ChatParts } from './parts.ts';

/** What happens because nothing happens. */
export interface Deadline {
  /** ms */
  at: number;
  /**
   * `missed`: nobody joined in time. `idle`: nobody writes any more. `readBack`: a webhook may have been lost.
   * `push`: an api instance did not answer. `askSlot`: the chat's turn in the inbound channel may have been lost.
   * `page`: the card may say that the visitor is on another page. `giveUp`: the chat ended long ago, and Zoom has not
   * taken what is left.
   */
  what: 'missed' | 'idle' | 'readBack' | 'push' | 'askSlot' | 'page' | 'giveUp';
}

/** How long a chat waits for its slot in the inbound channel before it asks again, ms. */
const askSlotAgainMs = 60_000;

/** How long an ended chat goes on trying to give Zoom what is left, ms; the transcript has it in any case. */
const giveUpAfterEndMs = 7 * 24 * 3_600_000;

/** The next thing that happens by itself; undefined when nothing does. */
export function nextDeadline(chat: ChatParts): Deadline | undefined {
  const deadlines = chat.lifecycle.isEnded ? afterEnd(chat) : whileOpen(chat);
  const pushAt = chat.presence.retryAt;
  if (pushAt !== undefined) deadlines.push({ at: pushAt, what: 'push' });
  const { slot } = chat.card;
  if (slot && !slot.isGranted && !slot.isOld) deadlines.push({ at: slot.askedAt + askSlotAgainMs, what: 'askSlot' });
  return deadlines.reduce<Deadline | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined);
}

function whileOpen({ input, lifecycle, channel, card }: ChatParts): Deadline[] {
  const { status, waitingSince, lastActivityAt } = lifecycle.state;
  const deadlines: Deadline[] = [{ at: lastActivityAt + input.timings.idleEndMs, what: 'idle' }];
  if (status === 'waiting' && waitingSince !== undefined) {
    deadlines.push({ at: waitingSince + input.timings.missedAfterMs, what: 'missed' });
  }
  const readBackAt = channel.readBackDueAt(lastActivityAt);
  if (card.pageDueAt !== undefined) deadlines.push({ at: card.pageDueAt, what: 'page' });
  if (readBackAt !== undefined) deadlines.push({ at: readBackAt, what: 'readBack' });
  return deadlines;
}

function afterEnd({ lifecycle }: ChatParts): Deadline[] {
  const { endedAt } = lifecycle.state;
  return endedAt === undefined ? [] : [{ at: endedAt + giveUpAfterEndMs, what: 'giveUp' }];
}
