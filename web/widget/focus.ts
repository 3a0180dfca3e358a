import type { Session } from './state.ts';

/**
 * Renders, and leaves the focus where the visitor expects it: in the textbox of a chat just opened, on the launcher
 * of one just closed, in a question just asked, and never nowhere because its element went away.
 */
export function keepFocus(shadow: ShadowRoot, before: Session, after: Session, render: () => void): void {
  const held = shadow.activeElement;
  const inside = !!held?.closest('.panel');
  render();
  const focus = (selector: string): void => shadow.querySelector<HTMLElement>(selector)?.focus();
  if (!after.open) {
    if (inside) focus('.launcher');
  } else if (after.confirming && !before.confirming) {
    focus('.confirm button');
  } else if (!before.open || (held && !held.isConnected)) {
    // Not to the button of an ended chat: the visitor may be about to press Enter after a message.
    focus('.panel');
    focus('textarea');
  }
}

/** Where the panel covers the page, Tab must not lead to what lies beneath it. */
export function trapFocus(shadow: ShadowRoot, event: KeyboardEvent): void {
  const stops = [...shadow.querySelectorAll<HTMLElement>('.panel :is(a, button, input, textarea, [tabindex="0"])')];
  const [edge, other] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (shadow.activeElement !== edge) return;
  event.preventDefault();
  other?.focus();
}
