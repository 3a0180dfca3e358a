import { useEffect, useState } from 'preact/hooks';

/** Whose Team Chat is open, and which conversation. */
export interface Route {
  userId: string;
  conversation: string | null;
}

function current(): Route {
  const [, , userId = '', conversation] = location.pathname.split('/').map(decodeURIComponent);
  return { userId, conversation: conversation ?? null };
}

/** The address of a conversation. */
export function pathOf(userId: string, conversation: string | null): string {
  return conversation === null ? `/u/${userId}` : `/u/${userId}/${conversation}`;
}

const listeners = new Set<() => void>();

/** Goes to an address of this page without loading it anew. */
export function navigate(path: string): void {
  history.pushState(null, '', path);
  for (const listener of listeners) listener();
}

/** Follows the address bar. */
export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const update = (): void => setRoute(current());
    listeners.add(update);
    addEventListener('popstate', update);
    return () => {
      listeners.delete(update);
      removeEventListener('popstate', update);
    };
  }, []);
  return route;
}

/** Whether a click on a link should be left to the browser: new tab, new window, download. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
