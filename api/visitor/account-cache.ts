import type { Account } from '../../store/index.ts';

/** How long an answer is used again, ms. An account changes seldom; a new widget must not stay unknown for long. */
const keepKnownMs = 30_000;
const keepUnknownMs = 3_000;
/** Strangers can ask for any number of ids. */
const mostEntries = 5_000;

/** Looks up accounts by widget id, with a short memory: websites' visitors come in crowds, and share one look. */
export function accountCache(
  byWidget: (widgetId: string) => Promise<Account | null>,
  clock: () => number,
): (widgetId: string) => Promise<Account | null> {
  const known = new Map<string, { account: Account | null; until: number }>();
  const underWay = new Map<string, Promise<Account | null>>();

  async function lookUp(widgetId: string): Promise<Account | null> {
    const account = await byWidget(widgetId);
    known.delete(widgetId);
    known.set(widgetId, { account, until: clock() + (account ? keepKnownMs : keepUnknownMs) });
    const [oldest] = known.keys();
    if (known.size > mostEntries && oldest !== undefined) known.delete(oldest);
    return account;
  }

  return async (widgetId) => {
    const entry = known.get(widgetId);
    if (entry && clock() < entry.until) return entry.account;
    const shared = underWay.get(widgetId) ?? lookUp(widgetId).finally(() => underWay.delete(widgetId));
    underWay.set(widgetId, shared);
    return shared;
  };
}
