import type { TranscriptEntry } from '../../domain/transcript.ts';
import { visitorEntrySchema, type ContentNode, type VisitorEntry } from '../../domain/visitor-protocol.ts';
import { formatted } from './formatting.ts';
import { withLinks } from './links.ts';

/** Who somebody of the team is whose name Zoom does not say: it leaves those of other accounts empty. */
const unnamed = 'Team';

/**
 * A transcript entry as the visitor may see it: agents and files by name only. What agents write is shown as Zoom shows
 * it; the visitor's own words are shown as they are, with links.
 */
export function visitorEntry(entry: TranscriptEntry): VisitorEntry {
  const content = contentOf(entry);
  return visitorEntrySchema.parse({
    ...entry,
    ...('agent' in entry && entry.agent && { name: entry.agent.name.trim() || unnamed }),
    ...(content && { content }),
  });
}

/** Absent where the text is shown as it is. */
function contentOf(entry: TranscriptEntry): ContentNode[] | undefined {
  if (!('text' in entry)) return undefined;
  const content = entry.kind === 'visitorMessage' ? withLinks(entry.text) : formatted(entry.text);
  return content.length === 0 || (content.length === 1 && content[0] === entry.text) ? undefined : content;
}
