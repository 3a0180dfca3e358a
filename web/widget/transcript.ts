import type { VisitorEntry } from '../../domain/visitor-protocol.ts';
import { advance } from './state.ts';
import type { Item, Session } from './state.ts';

/** Outcome of applying entries. `gap`: an entry came whose predecessor is missing; it and the rest are not applied. */
export interface Applied {
  /** Client ids whose messages are in the transcript now: the copies in the outbox can go. */
  recorded: string[];
  gap: boolean;
}

/** Applies transcript entries in order: repeats are skipped, a gap stops. Changes `state`. */
export function applyEntries(state: Session, entries: readonly VisitorEntry[]): Applied {
  const items = [...state.items];
  const recorded: string[] = [];
  const fresh = entries.filter(({ seq }) => seq > state.lastSeq);
  const gap = fresh.some((entry) => {
    if (entry.seq > state.lastSeq + 1) return true;
    state.lastSeq = entry.seq;
    if (entry.kind === 'visitorMessage') recorded.push(entry.clientId);
    applyEntry(state, items, entry);
    return false;
  });
  state.items = items;
  if (state.inFlight !== null && recorded.includes(state.inFlight)) state.inFlight = null;
  return { recorded, gap };
}

function applyEntry(state: Session, items: Item[], entry: VisitorEntry): void {
  switch (entry.kind) {
    case 'agentMessageEdited':
    case 'agentMessageDeleted': {
      const index = items.findIndex((item) => item.kind === 'agentMessage' && item.messageId === entry.messageId);
      const item = items[index];
      if (item?.kind !== 'agentMessage') return;
      items[index] =
        entry.kind === 'agentMessageEdited'
          ? { ...item, text: entry.text, links: entry.links ?? [], edited: true }
          : { ...item, text: '', deleted: true };
      return;
    }
    case 'ended':
      // Not an item: the footer says so and offers a new chat.
      state.endedBy = entry.by;
      advance(state, 'ended');
      return;
    default:
      items.push(entry);
      if (entry.kind === 'missed') advance(state, 'missed');
      else advance(state, entry.kind.startsWith('agent') ? 'active' : 'waiting');
  }
}
