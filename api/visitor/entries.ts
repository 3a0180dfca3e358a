import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { VisitorEntry } from '../../domain/visitor-protocol.ts';
import { linksIn } from './links.ts';

/** A transcript entry as the visitor may see it: agents by name only, links found. */
export function visitorEntry(entry: TranscriptEntry): VisitorEntry {
  const { seq, at } = entry;
  switch (entry.kind) {
    case 'visitorMessage':
      return { seq, at, kind: entry.kind, clientId: entry.clientId, ...withLinks(entry.text) };
    case 'agentMessage':
      return {
        seq,
        at,
        kind: entry.kind,
        messageId: entry.messageId,
        name: entry.agent.name,
        ...withLinks(entry.text),
      };
    case 'agentMessageEdited':
      return { seq, at, kind: entry.kind, messageId: entry.messageId, ...withLinks(entry.text) };
    case 'agentMessageDeleted':
      return { seq, at, kind: entry.kind, messageId: entry.messageId };
    case 'agentJoined':
    case 'agentLeft':
      return { seq, at, kind: entry.kind, name: entry.agent.name };
    case 'missed':
      return { seq, at, kind: entry.kind };
    case 'ended':
      return { seq, at, kind: entry.kind, by: entry.by };
  }
}

function withLinks(text: string): { text: string; links?: ReturnType<typeof linksIn> } {
  const links = linksIn(text);
  return links.length > 0 ? { text, links } : { text };
}
