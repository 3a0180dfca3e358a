import type { ComponentChildren } from 'preact';

export type BadgeTone = 'idle' | 'team' | 'visitor' | 'danger';

/** A state in a word. The colour only repeats what the word says. */
export function Badge({ tone, children }: { tone: BadgeTone; children: ComponentChildren }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}
