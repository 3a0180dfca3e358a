import { hydrate, type VNode } from 'preact';

/** Makes the server-rendered part of the page live. */
export function takeOver(page: VNode): void {
  const live = document.getElementById('live');
  if (live === null) throw new Error('This page has no element "live" to take over.');
  hydrate(page, live);
}
