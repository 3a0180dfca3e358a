import type { JSX } from 'preact';

/** Paths in a square of 24, drawn as lines. */
export const icons = {
  chat: 'M4 12a8 7.5 0 1 1 4 6.6L4 20l1.2-3.7A7 7 0 0 1 4 12zM9 12h0M12 12h0M15 12h0',
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M12 19V5M6 11l6-6 6 6',
  sending: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l3 2',
  accepted: 'M5 13l4 4L19 7',
  delivered: 'M2 13l4 4L16 7M11 16l1 1L22 7',
  failed: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v5M12 16h0',
};

/** An icon beside, or instead of, a text that says the same. */
export function Icon({ name }: { name: keyof typeof icons }): JSX.Element {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d={icons[name]} />
    </svg>
  );
}
