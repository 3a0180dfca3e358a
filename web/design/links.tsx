import type { ComponentChildren } from 'preact';
import { BackIcon, OutIcon } from './icons.tsx';
import { text } from '../text/index.ts';

/** Addresses come from outside: only web addresses and paths of this site are ever linked. */
export function safeHref(href: string): string {
  if (/^\/(?![/\\])/.test(href)) return href;
  return /^https?:\/\//i.test(href) ? href : '/';
}

/** The way back from a page, above its heading. */
export function BackLink({ href, children }: { href: string; children: ComponentChildren }) {
  return (
    <p class="back">
      <a href={safeHref(href)}>
        <BackIcon />
        {children}
      </a>
    </p>
  );
}

/** A link that opens in a new tab, and says so. */
export function NewTabLink({
  href,
  children,
  class: extra,
}: {
  href: string;
  children: ComponentChildren;
  class?: string;
}) {
  return (
    <a
      class={extra === undefined ? 'out-link' : `out-link ${extra}`}
      href={safeHref(href)}
      target="_blank"
      rel="noopener"
    >
      {children}
      <OutIcon />
      <span class="visually-hidden"> {text.common.opensInNewTab}</span>
    </a>
  );
}
