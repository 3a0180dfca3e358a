import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { request, type Failure } from './http.ts';

export type Resource<T> =
  | { state: 'loading' }
  | { state: 'failed'; failure: Failure }
  /** `stale`: why the last refresh failed; the data is as of `at`. */
  | { state: 'ready'; data: T; at: Date; stale?: Failure };

interface Options {
  /** How often the data is loaded anew while the page is in view. Absent: only when it is asked for. */
  refreshMs?: number;
}

/**
 * Data of the JSON API: loaded when the page opens, when the network or the tab comes back, and every `refreshMs`.
 * What was loaded once stays in view when a later load fails. `reload` begins anew, `refresh` keeps what is in view.
 */
export function useResource<T>(path: string, { refreshMs }: Options = {}) {
  const [resource, setResource] = useState<Resource<T>>({ state: 'loading' });
  const loading = useRef(false);
  const gone = useRef(false);

  const load = useCallback(async () => {
    if (loading.current) return;
    loading.current = true;
    const answer = await request<T>('GET', path);
    loading.current = false;
    if (gone.current) return;
    setResource((before): Resource<T> => {
      if (answer.ok) return { state: 'ready', data: answer.data, at: new Date() };
      if (before.state === 'ready') return { ...before, stale: answer.failure };
      return { state: 'failed', failure: answer.failure };
    });
  }, [path]);

  const reload = useCallback(() => {
    setResource({ state: 'loading' });
    void load();
  }, [load]);

  useEffect(() => {
    gone.current = false;
    const refresh = () => {
      if (document.visibilityState === 'visible') void load();
    };
    void load();
    const timer = refreshMs === undefined ? undefined : setInterval(refresh, refreshMs);
    window.addEventListener('online', refresh);
    // Loading at once finds out that the network is gone, and says so.
    window.addEventListener('offline', refresh);
    if (refreshMs !== undefined) document.addEventListener('visibilitychange', refresh);
    return () => {
      gone.current = true;
      clearInterval(timer);
      window.removeEventListener('online', refresh);
      window.removeEventListener('offline', refresh);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [load, refreshMs]);

  return { resource, reload, refresh: load };
}
