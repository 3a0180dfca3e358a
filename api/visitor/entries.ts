import type { TranscriptEntry } from '../../domain/transcript.ts';
import { visitorEntrySchema, type VisitorEntry } from '../../domain/visitor-protocol.ts';
import { linksIn } from './links.ts';

/** A transcript entry as the visitor may see it: agents and files by name only, links found. */
export function visitorEntry(entry: TranscriptEntry): VisitorEntry {
  const links = 'text' in entry ? linksIn(entry.text) : [];
  return visitorEntrySchema.parse({
    ...entry,
    ...('agent' in entry && { name: entry.agent.name }),
    ...(links.length > 0 && { links }),
  });
}
