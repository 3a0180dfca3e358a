/**
 * Every metric of our own: its name, meaning, labels and buckets, in one place. Instruments, dashboard, alerts and
 * docs/telemetry.md are held to this list by tests. Temporal's SDK adds its own (`temporal_…`) to the same endpoint.
 *
 * Labels have few values, all of them ours: never an account, a chat, a person or an address.
 */
export interface MetricDefinition {
  kind: 'counter' | 'gauge' | 'histogram';
  /** What it counts or measures, one sentence. The unit ends the name: `_seconds`, `_bytes`. */
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  buckets?: readonly number[];
}

/** From what nobody notices to what everybody does, s. */
const latency = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Calls over a network, s; the time limits are 2.5 s to Temporal and 10 s to Zoom. */
const calls = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** What people wait for people, s. */
const patience = [5, 10, 20, 30, 60, 120, 180, 300, 600, 1_800, 3_600];

export const metrics = {
  // ---- what visitors and agents see
  live_chat_chats: {
    kind: 'gauge',
    help: 'Open chats now, by status (waiting, missed, joining, active). All apis report the same number.',
    labels: ['status'],
  },
  live_chat_oldest_waiting_seconds: {
    kind: 'gauge',
    help: 'How long the chat that waits longest for a first agent has been waiting; 0 when none waits.',
    labels: [],
  },
  live_chat_time_to_join_seconds: {
    kind: 'histogram',
    help: 'From the first message of a chat until its first agent is in the chat channel.',
    labels: [],
    buckets: patience,
  },
  live_chat_relay_seconds: {
    kind: 'histogram',
    help: 'One message of a joined chat. to_zoom: a post of what a visitor wrote, from when it was first to be made until Zoom has taken it. to_visitor: from the time that Zoom gave it until it is written to the socket.',
    labels: ['direction'],
    buckets: latency,
  },
  live_chat_chats_closed_badly: {
    kind: 'gauge',
    help: 'Chat workflows that failed, timed out or were terminated within the last hour. All apis report the same number.',
    labels: [],
  },

  // ---- the visitors' sockets
  live_chat_open_sockets: { kind: 'gauge', help: 'Visitors’ sockets open on this api now.', labels: [] },
  live_chat_sockets_opened: { kind: 'counter', help: 'Visitors’ sockets accepted.', labels: [] },
  live_chat_sockets_refused: {
    kind: 'counter',
    help: 'Visitors’ sockets refused: this api is full or stopping (full), or too many from one address (address).',
    labels: ['reason'],
  },
  live_chat_frames_refused: {
    kind: 'counter',
    help: 'Error frames to visitors, by the code of the protocol. unavailable: Temporal or MongoDB did not take it.',
    labels: ['code'],
  },

  // ---- Zoom
  live_chat_zoom_calls: {
    kind: 'counter',
    help: 'Calls to Zoom, by our name for the call and outcome (ok, error).',
    labels: ['operation', 'outcome'],
  },
  live_chat_zoom_errors: {
    kind: 'counter',
    help: 'Calls to Zoom that failed, by the kinds of zoom/errors.ts.',
    labels: ['kind'],
  },
  live_chat_zoom_call_seconds: {
    kind: 'histogram',
    help: 'How long calls to Zoom take, answer included.',
    labels: ['operation'],
    buckets: calls,
  },
  live_chat_webhooks: {
    kind: 'counter',
    help: 'Webhooks from Zoom, by what became of them.',
    labels: ['outcome'],
  },
  live_chat_webhook_seconds: {
    kind: 'histogram',
    help: 'How long Zoom waited for the answer to a genuine webhook; it gives up at 3 s.',
    labels: [],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3],
  },
  live_chat_token_refreshes: {
    kind: 'counter',
    help: 'Refreshes of Zoom tokens, by outcome. grantInvalid: Zoom no longer accepts the grant.',
    labels: ['outcome'],
  },
  live_chat_grants_to_reconnect: {
    kind: 'gauge',
    help: 'Users whose grant Zoom no longer accepts: each has to add the app again. All apis report the same number.',
    labels: [],
  },
  live_chat_installs_failed: {
    kind: 'gauge',
    help: 'Installs that failed and wait for a retry, by their user or an operator. All apis report the same number.',
    labels: [],
  },

  // ---- Temporal and MongoDB, as the api sees them
  live_chat_temporal_calls: {
    kind: 'counter',
    help: 'Calls of the api to Temporal, by function of the gateway and outcome (ok, unavailable, error).',
    labels: ['call', 'outcome'],
  },
  live_chat_temporal_call_seconds: {
    kind: 'histogram',
    help: 'How long those calls take.',
    labels: ['call'],
    buckets: calls,
  },
  live_chat_dependency_up: {
    kind: 'gauge',
    help: '1 when the api reaches it, 0 when not: temporal, mongodb, worker (some worker asked for work lately).',
    labels: ['dependency'],
  },

  // ---- the process
  live_chat_process_start_time_seconds: {
    kind: 'gauge',
    help: 'When this process was started, seconds since 1970.',
    labels: [],
  },
  live_chat_process_resident_memory_bytes: { kind: 'gauge', help: 'Memory of this process.', labels: [] },
  live_chat_process_heap_used_bytes: { kind: 'gauge', help: 'JavaScript heap in use.', labels: [] },
  live_chat_process_cpu_ratio: {
    kind: 'gauge',
    help: 'CPU time used by this process since the last look, as a share of one core.',
    labels: [],
  },
  live_chat_process_event_loop_delay_seconds: {
    kind: 'gauge',
    help: 'How late timers fired since the last look, 99th percentile.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metrics;
export type MetricsOfKind<K extends MetricDefinition['kind']> = {
  [N in MetricName]: (typeof metrics)[N]['kind'] extends K ? N : never;
}[MetricName];
/** The labels of a metric, each of which a recording must give. */
export type LabelsOf<N extends MetricName> = Record<(typeof metrics)[N]['labels'][number], string>;

/** The name on the endpoint: Prometheus wants counters to end in `_total`. */
export function exportedName(name: MetricName): string {
  return metrics[name].kind === 'counter' ? `${name}_total` : name;
}
