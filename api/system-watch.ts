import type { Client } from '@temporalio/client';
import type { ApiDependencies } from './dependencies.ts';
import { whatIsThere } from './health.ts';

/** How often the api looks, ms: as often as Prometheus asks. Some ten cheap calls to Temporal each time. */
const everyMs = 15_000;
/** As many waiting chats are listed to find the oldest one; beyond it the search is by counting. */
const listedAtMost = 100;
/** No chat waits longer, ms: without any worker one may wait for days. */
const longestWaitMs = 31 * 86_400_000;

/** Statuses of open chats, as the search attribute has them. */
const openStatuses = ['waiting', 'missed', 'joining', 'active'] as const;

const openChats = 'WorkflowType = "chat" AND ExecutionStatus = "Running"';
const waiting = `${openChats} AND LiveChatStatus = "waiting"`;
const closedBadly = 'WorkflowType = "chat" AND ExecutionStatus IN ("Failed", "TimedOut", "Terminated")';
const toReconnect =
  'WorkflowType = "grant" AND ExecutionStatus = "Running" AND LiveChatStatus = "needsReconnect"';
/** An install that failed waits for its user, or an operator, to have it retried. */
const failedInstalls = 'WorkflowType = "install" AND ExecutionStatus = "Running" AND LiveChatStatus = "failed"';

interface WatchDependencies extends Pick<ApiDependencies, 'temporal' | 'mongoAnswers' | 'metrics' | 'clock'> {
  client: Client;
}

/**
 * Look at the whole system now and then: how many chats wait, and whether what the api needs is there. Chats are counted by
 * Temporal's visibility, so every api comes to the same number and none has to be the one that counts: whoever reads these
 * metrics takes the maximum over apis, never the sum. What cannot be found out is NaN, which no alert takes for a number.
 * @returns ends it.
 */
export function watchSystem(dependencies: WatchDependencies): () => void {
  let looking = false;
  const look = async (): Promise<void> => {
    // One that hangs must not pile up.
    if (looking) return;
    looking = true;
    await Promise.all([showDependencies(dependencies), showChats(dependencies)]);
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

async function showChats({ client, metrics, clock }: WatchDependencies): Promise<void> {
  const count = async (query: string): Promise<number> => (await client.workflow.count(query)).count;
  const known = (number: Promise<number>): Promise<number> => number.catch(() => NaN);
  const waitedSeconds = async (): Promise<number> => {
    const since = await oldestWaiting(client, clock);
    return since === undefined ? 0 : Math.max(0, clock() - since) / 1_000;
  };
  const anHourAgo = new Date(clock() - 3_600_000).toISOString();
  // With a deadline: the client would wait long for a Temporal that is away.
  await client.withDeadline(Date.now() + everyMs / 2, async () => {
    for (const status of openStatuses) {
      metrics.set('live_chat_chats', await known(count(`${openChats} AND LiveChatStatus = "${status}"`)), { status });
    }
    metrics.set('live_chat_oldest_waiting_seconds', await known(waitedSeconds()));
    const badly = count(`${closedBadly} AND CloseTime > "${anHourAgo}"`);
    metrics.set('live_chat_chats_closed_badly', await known(badly));
    metrics.set('live_chat_grants_to_reconnect', await known(count(toReconnect)));
    metrics.set('live_chat_installs_failed', await known(count(failedInstalls)));
  });
}

/**
 * When the chat that waits longest was started, ms since 1970; undefined when none waits. Visibility lists the newest first
 * and, on SQL, in no other order: with few waiting it is the last of the list, with many its time is found by halving.
 */
export async function oldestWaiting(
  client: Client,
  clock: () => number,
  most = listedAtMost,
): Promise<number | undefined> {
  const { workflow } = client;
  const upTo = (ms: number) => `${waiting} AND StartTime <= "${new Date(ms).toISOString()}"`;
  /** At least one was started up to `to`, and hardly any before `from`. */
  let to = clock();
  let from = to - longestWaitMs;
  while (to - from > 1_000 && (await workflow.count(upTo(to))).count > most) {
    const middle = Math.floor((from + to) / 2);
    if ((await workflow.count(upTo(middle))).count > 0) to = middle;
    else from = middle;
  }
  let oldest: number | undefined;
  let seen = 0;
  for await (const { startTime } of workflow.list({ query: upTo(to), pageSize: most })) {
    oldest = Math.min(oldest ?? Infinity, startTime.getTime());
    // More than that within one second: any of them tells the time well enough.
    seen += 1;
    if (seen >= most) break;
  }
  return oldest;
}
