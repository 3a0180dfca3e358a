import type { ComponentChildren } from 'preact';

interface CardProps {
  /** Unique on the page: names the section for screen readers. */
  id: string;
  heading: string;
  children: ComponentChildren;
  class?: string;
}

/** A titled section of a page. */
export function Card({ id, heading, children, class: extra }: CardProps) {
  return (
    <section class={extra === undefined ? 'card' : `card ${extra}`} aria-labelledby={id}>
      <h2 id={id}>{heading}</h2>
      {children}
    </section>
  );
}
