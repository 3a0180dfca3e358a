import { limits } from '../../domain/limits.ts';
import type { NewTranscriptEntry, TranscriptEntry } from '../../domain/transcript.ts';

export interface TranscriptState {
  /** Highest `seq` given out. */
  lastSeq: number;
  /** Everything up to here is in MongoDB. */
  publishedSeq: number;
  unpublished: TranscriptEntry[];
}

/** The chat's ordered entries: gives out every `seq`, and keeps what is still to be published. */
export class Transcript {
  constructor(readonly state: TranscriptState = { lastSeq: 0, publishedSeq: 0, unpublished: [] }) {}

  /** @returns the new entry's `seq`. */
  add(entry: NewTranscriptEntry): number {
    const seq = this.state.lastSeq + 1;
    this.state.lastSeq = seq;
    this.state.unpublished.push({ ...entry, seq });
    return seq;
  }

  get hasUnpublished(): boolean {
    return this.state.unpublished.length > 0;
  }

  /** The next entries to publish: as many as one frame to a visitor holds. */
  get nextBatch(): TranscriptEntry[] {
    return this.state.unpublished.slice(0, limits.entriesPerFrame);
  }

  published(upToSeq: number): void {
    this.state.unpublished = this.state.unpublished.filter(({ seq }) => seq > upToSeq);
    this.state.publishedSeq = Math.max(this.state.publishedSeq, upToSeq);
  }

  /**
   * Whether what is unpublished may be handed to the next run: Temporal takes 2 MB, and a unit of text takes up to 6
   * bytes.
   */
  get isPortable(): boolean {
    const bytes = this.state.unpublished.reduce(
      (sum, entry) => sum + ('text' in entry ? 6 * entry.text.length : 0) + 300,
      0,
    );
    return bytes <= limits.carriedBytes;
  }
}
