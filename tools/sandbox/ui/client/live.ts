import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Actions, UserView } from './api.ts';

/** A person's view, kept up to date. */
export interface Live {
  view: UserView | null;
  /** The conversation whose messages the view holds. */
  shown: string | null;
  connected: boolean;
  refresh: () => Promise<void>;
}

/** Loads the view and loads it again whenever something happens; the stream reconnects by itself. */
export function useLive(actions: Actions, userId: string, conversation: string | null): Live {
  const [loaded, setLoaded] = useState<{ view: UserView; shown: string | null } | null>(null);
  const [connected, setConnected] = useState(true);
  const wanted = useRef(conversation);
  wanted.current = conversation;
  const running = useRef<Promise<void> | null>(null);
  const again = useRef(false);

  const load = useCallback(async (): Promise<void> => {
    do {
      again.current = false;
      const asked = wanted.current;
      try {
        const view = await actions.view(asked);
        if (asked === wanted.current) setLoaded({ view, shown: asked });
        else again.current = true;
      } catch {
        setConnected(false);
      }
    } while (again.current);
  }, [actions]);

  // One load at a time: what happens meanwhile asks for one more.
  const refresh = useCallback((): Promise<void> => {
    if (running.current !== null) {
      again.current = true;
      return running.current;
    }
    running.current = load().finally(() => {
      running.current = null;
    });
    return running.current;
  }, [load]);

  useEffect(() => {
    void refresh();
  }, [refresh, conversation]);

  useEffect(() => {
    let source: EventSource;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let closed = false;
    const open = (): void => {
      source = new EventSource(`/_sandbox/users/${userId}/stream`);
      source.onopen = () => setConnected(true);
      source.onmessage = () => void refresh();
      source.onerror = () => {
        setConnected(false);
        // A browser gives up for good on some errors; then we start over.
        if (source.readyState === EventSource.CLOSED && !closed) timer = setTimeout(open, 1_000);
      };
    };
    open();
    return () => {
      closed = true;
      clearTimeout(timer);
      source.close();
    };
  }, [userId, refresh]);

  return { view: loaded?.view ?? null, shown: loaded?.shown ?? null, connected, refresh };
}
