import { LRUCache } from 'lru-cache';
import type { Widget } from '../../store/index.ts';

/** How long an answer is used again, ms. A widget changes seldom; a new one must not stay unknown for long. */
const knownMs = 30_000;
const unknownMs = 3_000;

/** Looks up a widget by its public id; null for an unknown one. */
export type FindWidget = (widgetId: string) => Promise<Widget | null>;

/** The same look-up with a short memory: a website's visitors come in crowds, and share one look. */
export function cachedWidgets(find: FindWidget, clock: () => number): FindWidget {
  const cache = new LRUCache<string, { widget: Widget | null }>({
    // Anybody can ask for any number of ids.
    max: 5_000,
    ttl: knownMs,
    perf: { now: clock },
    fetchMethod: async (widgetId, _stale, { options }) => {
      const widget = await find(widgetId);
      if (!widget) options.ttl = unknownMs;
      return { widget };
    },
  });
  return async (widgetId) => (await cache.forceFetch(widgetId)).widget;
}
