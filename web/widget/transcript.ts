import type { VisitorEntry } from '../../domain/visitor-protocol.ts';
import type { ChatStatus, Item, Session } from './state.ts';

/** Outcome of applying entries. `gap`: an entry came whose predecessor is missing; it and the rest are not applied. */
export interface Applied {
  /** Client ids whose messages are in the transcript now: the copies in the outbox can go. */
  recorded: string[];
  gap: boolean;
}

/** Applies transcript entries in order: repeats are skipped, a gap stops. Changes `state`. */
export function applyEntries(state: Session, entries: readonly VisitorEntry[], now: number): Applied {
  const items = [...state.items];
  const recorded: string[] = [];
  const fresh = entries.filter(({ seq }) => seq > state.lastSeq);
  const gap = fresh.some((entry) => {
    if (entry.seq > state.lastSeq + 1) return true;
    state.lastSeq = entry.seq;
    if (entry.kind === 'visitorMessage') recorded.push(entry.clientId);
    // What goes on now was not over after all.
    if (entry.kind === 'reopened') state.closed = false;
    applyEntry(items, entry);
    return false;
  });
  state.items = items;
  // Halfway through a replay the chat would seem to stand where it stood once.
  if (state.lastSeq >= state.replaySeq && items.length) Object.assign(state, standingOf(state, now));
  if (state.inFlight !== null && recorded.includes(state.inFlight)) state.inFlight = null;
  return { recorded, gap };
}

function applyEntry(items: Item[], entry: VisitorEntry): void {
  if (entry.kind !== 'agentMessageEdited' && entry.kind !== 'agentMessageDeleted') {
    items.push(entry);
    return;
  }
  const index = items.findIndex((item) => item.kind === 'agentMessage' && item.messageId === entry.messageId);
  const item = items[index];
  if (item?.kind !== 'agentMessage') return;
  items[index] =
    entry.kind === 'agentMessageEdited'
      ? { ...item, text: entry.text, content: entry.content ?? [entry.text], edited: true }
      : { ...item, text: '', deleted: true };
}

/** Where the chat stands after all its entries: a replay from the start leads to the same. */
function standingOf(
  { items, closed }: Session,
  now: number,
): Pick<Session, 'status' | 'agents' | 'answered' | 'reopenUntil' | 'email'> {
  let status: ChatStatus = 'waiting';
  let agents: string[] = [];
  let answered = false;
  let reopenUntil = 0;
  let email: string | null = null;
  for (const item of items) {
    switch (item.kind) {
      case 'agentJoined':
        agents = [...agents, item.name];
        status = 'active';
        answered = true;
        break;
      case 'agentLeft':
        agents = item.isLast ? [] : without(agents, item.name);
        if (item.isLast) status = 'waiting';
        break;
      case 'agentMessage':
        if (status !== 'ended') status = 'active';
        break;
      case 'missed':
        status = 'missed';
        break;
      case 'ended':
        status = 'ended';
        reopenUntil = item.reopenUntil ?? 0;
        break;
      case 'reopened':
        // Who was in at the end is in again.
        if (item.name !== undefined && !agents.includes(item.name)) agents = [...agents, item.name];
        status = agents.length ? 'active' : 'waiting';
        break;
      case 'emailGiven':
        email = item.email;
        break;
      default:
    }
  }
  if (closed) status = 'ended';
  const isEnded = status === 'ended';
  return {
    status,
    agents: isEnded ? [] : agents,
    answered,
    reopenUntil: isEnded && !closed && reopenUntil > now ? reopenUntil : 0,
    email,
  };
}

/** Two agents may have one name. */
function without(names: readonly string[], name: string): string[] {
  const index = names.indexOf(name);
  return names.filter((_, at) => at !== index);
}
