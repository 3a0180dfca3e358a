import type { FailureReason, Item, MessageStatus, Session } from '../state.ts';

/** One line of the conversation: an item, or an unsent message, with what its neighbours mean for it. */
export type Line = Item & {
  key: string;
  /** How far a message of the visitor has come. */
  status?: MessageStatus;
  reason?: FailureReason;
  /** First and last of a group by one author: the first shows the name, the last the time and tick. */
  first: boolean;
  last: boolean;
};

/** Messages by one author belong together when they follow each other within this time. */
const groupMs = 5 * 60_000;

/** The conversation as it is shown: groups, ticks, and the unsent after all else. */
export function conversationLines({ items, outbox, deliveredSeq }: Session): Line[] {
  const edges = { first: true, last: true };
  const lines: Line[] = [
    ...items.map((item): Line =>
      item.kind === 'visitorMessage'
        ? // Keyed by client id like the unsent message it replaces, so that its element stays the same one.
          { ...item, ...edges, key: item.clientId, status: item.seq <= deliveredSeq ? 'delivered' : 'accepted' }
        : { ...item, ...edges, key: `${item.seq}` },
    ),
    ...outbox.map((message): Line => ({
      kind: 'visitorMessage',
      seq: Infinity,
      clientId: message.id,
      key: message.id,
      ...edges,
      ...message,
    })),
  ];
  lines.forEach((line, index) => {
    const before = lines[index - 1];
    if (!before || before.kind !== line.kind || line.at - before.at > groupMs) return;
    if (nameOf(before) !== nameOf(line)) return;
    line.first = false;
    // A different tick is shown by itself.
    before.last = before.status !== line.status;
  });
  return lines;
}

function nameOf(line: Line): string | undefined {
  return 'name' in line ? line.name : undefined;
}
