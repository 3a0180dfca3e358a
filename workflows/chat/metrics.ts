import { metricMeter } from '@temporalio/workflow';
import { metrics, type MetricName } from '../../domain/metrics.ts';

const timeToJoin = 'live_chat_time_to_join_seconds' satisfies MetricName;

/**
 * The first agent is in the chat channel. Recorded once, by the worker that runs this for the first time: a replay
 * records nothing, and the history does not change.
 * @param waitedMs since the visitor's first message.
 */
export function firstAgentJoined(waitedMs: number): void {
  metricMeter.createHistogram(timeToJoin, 'float', '', metrics[timeToJoin].help).record(Math.max(0, waitedMs) / 1_000);
}
