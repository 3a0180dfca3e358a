/** Stands where text will be, as high as that text, so that nothing moves when it comes. */
export function Skeleton({ length = 'medium' }: { length?: 'short' | 'medium' | 'long' }) {
  return <span class={length === 'medium' ? 'skeleton' : `skeleton skeleton-${length}`} aria-hidden="true" />;
}
