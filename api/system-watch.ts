import { chatStatuses } from '../domain/transcript.ts';
import type { ApiDependencies } from './dependencies.ts';
import { whatIsThere } from './health.ts';
import { operatorLists } from './operator/queries.ts';

/** How often the api looks, ms: as often as Prometheus asks. A few cheap queries each time. */
const everyMs = 15_000;

const anHourMs = 3_600_000;

type WatchDependencies = Pick<ApiDependencies, 'store' | 'temporal' | 'mongoAnswers' | 'metrics' | 'clock'>;

/**
 * Look at the whole system now and then: how many chats wait, and whether what the api needs is there. Every api comes
 * to the same numbers and none has to be the one that counts: whoever reads these metrics takes the maximum over apis,
 * never the sum. What cannot be found out is NaN, which no alert takes for a number.
 * @returns ends it.
 */
export function watchSystem(dependencies: WatchDependencies): () => void {
  let looking = false;
  const look = async (): Promise<void> => {
    // One that hangs must not pile up.
    if (looking) return;
    looking = true;
    await Promise.all([showDependencies(dependencies), showChats(dependencies), showTroubles(dependencies)]);
    looking = false;
  };
  void look();
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

async function showDependencies(dependencies: WatchDependencies): Promise<void> {
  const { metrics } = dependencies;
  for (const [dependency, up] of Object.entries(await whatIsThere(dependencies))) {
    metrics.set('live_chat_dependency_up', up === undefined ? NaN : Number(up), { dependency });
  }
}

/** What the store knows. */
async function showChats({ store, metrics, clock }: WatchDependencies): Promise<void> {
  const unknown = () => undefined;
  const [open, oldest, grants] = await Promise.all([
    store.chats.openByStatus().catch(unknown),
    store.chats.oldestWaiting().then((since) => (since === undefined ? 0 : clock() - since.getTime()), unknown),
    store.members.countByGrantStatus().catch(unknown),
  ]);
  for (const status of chatStatuses.filter((status) => status !== 'ended')) {
    metrics.set('live_chat_chats', open ? (open[status] ?? 0) : NaN, { status });
  }
  metrics.set('live_chat_oldest_waiting_seconds', oldest === undefined ? NaN : Math.max(0, oldest) / 1_000);
  metrics.set('live_chat_grants_to_reconnect', grants ? (grants.needsReconnect ?? 0) : NaN);
}

/** What Temporal alone knows. */
async function showTroubles({ temporal, metrics, clock }: WatchDependencies): Promise<void> {
  const anHourAgo = new Date(clock() - anHourMs).toISOString();
  const [closedBadly, failedInstalls] = await Promise.all([
    temporal.system.countWorkflows(`${operatorLists.failedChats} AND CloseTime > "${anHourAgo}"`),
    temporal.system.countWorkflows(`${operatorLists.failedInstalls} AND ExecutionStatus = "Running"`),
  ]);
  metrics.set('live_chat_chats_closed_badly', closedBadly ?? NaN);
  metrics.set('live_chat_installs_failed', failedInstalls ?? NaN);
}
