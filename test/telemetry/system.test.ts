import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { taskQueues } from '../../domain/workflow-ids.ts';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce } from '../../tools/embedded/test-servers.ts';
import { Admin, eventually, quotedLines, Visitor, ZoomSide } from '../support/driver.ts';
import { allExpressions } from '../support/monitoring.ts';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts';
import { parseExposition, parseQuery, type Series } from '../support/promql.ts';

/**
 * One story through the whole system, at log level debug and with traces on, and then what the operator sees of it:
 * metrics, traces, logs. And what the operator must not see: anybody's words, names and tokens.
 */
const words = {
  visitor: 'Quentin Zebra',
  email: 'quentin.zebra@walrus-mail.example',
  first: 'Do you sell xylophones?',
  second: 'Even in the shape of a kangaroo?',
  answer: 'Only with marmalade.',
};

class VisitorWithEmail extends Visitor {
  override send(frame: object): void {
    const hello = frame as { type?: string; visitor?: object };
    if (hello.type === 'hello') super.send({ ...frame, visitor: { ...hello.visitor, email: words.email } });
    else super.send(frame);
  }
}

const receiver = new OtlpReceiver();
let stack: Stack;
let dataDir: string;
let chatId: string;
/** What no log, metric or span may hold. */
let forbidden: string[];
let exposed: { text: string; series: Series[] };
const logs = new Map<string, string>();

beforeAll(async () => {
  await builtOnce();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-telemetry-'));
  const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: await receiver.start(), OTEL_BSP_SCHEDULE_DELAY: '100' };
  stack = await startStack({
    dataDir,
    skipBuild: true,
    autoRestart: false,
    temporalUi: false,
    logLevel: 'debug',
    programEnv: { api: tracing, worker: tracing },
  });
  const zoom = new ZoomSide(stack.urls.sandbox ?? '');
  // The bot is kept out of private channels, so that a chat has something to say in the log.
  await zoom.faults({ switches: { retryScale: 0.01, botInPrivateChannels: 'refused' } });
  const { users } = await zoom.state();
  const alex = users.find((user) => user.email === 'alex@example.com');
  if (!alex) throw new Error('The sandbox has no Alex.');
  const admin = new Admin(stack.urls);
  await admin.install(alex.id);

  const visitor = new VisitorWithEmail(stack.urls.app, (await admin.dashboard()).widget.id, words.visitor);
  await visitor.connect();
  visitor.say(words.first);
  // One call fails, so that there is a failure to count.
  await zoom.faults({
    rules: [{ kind: 'status', status: 503, times: 1, match: { method: 'POST', path: '*/channels' } }],
  });
  await zoom.press(alex.id, await eventually(() => zoom.inboundCard(words.first)), 'Join Chat');
  const channel = await eventually(() => zoom.channel(new RegExp(`^${words.visitor} · `)));
  await eventually(() => expect(visitor.deliveredSeq).toBeGreaterThan(0));
  await eventually(() => expect(visitor.entries.map(({ kind }) => kind)).toContain('agentJoined'));
  await eventually(async () => {
    const { messages } = await zoom.channel(channel.name);
    expect(messages.flatMap(quotedLines)).toContain(words.first);
  });
  visitor.say(words.second);
  await eventually(async () => {
    const { messages } = await zoom.channel(channel.name);
    expect(messages.flatMap(quotedLines)).toContain(words.second);
  });
  await zoom.write(alex.id, channel.id, words.answer);
  await eventually(() => expect(visitor.answers).toEqual([words.answer]));
  // A frame that is refused, with words in it.
  visitor.send({ type: 'message', id: 'x', text: words.second });
  await eventually(() => expect(visitor.frames.at(-1)?.type).toBe('error'));
  chatId = (await admin.dashboard()).recentChats[0]?.id ?? '';

  await failOnPurpose();
  const push = () => receiver.spans.filter(({ name }) => name === 'push to visitor');
  await eventually(() => expect(push()).not.toEqual([]));
  await eventually(() => expect(named('visitor message')).toHaveLength(2));
  // Greeting, first words, second words: in the owner's name.
  await eventually(() => expect(named('Zoom messages.send')).toHaveLength(3));
  exposed = await eventually(async () => {
    const texts = await Promise.all(
      [stack.urls.apiMetrics, stack.urls.workerMetrics].map(async (url) => (await fetch(url)).text()),
    );
    const text = texts.join('\n');
    const { series } = parseExposition(text);
    // The last of what was provoked has been counted.
    for (const metric of ['temporal_workflow_task_execution_failed_total', 'temporal_workflow_failed_total'])
      expect(series.map((one) => one.metric)).toContain(metric);
    return { text, series };
  });

  const secrets = Object.entries(stack.env).flatMap(([name, value]) =>
    /SECRET|PASSWORD/.test(name)
      ? [value]
      : /_KEYS$/.test(name)
        ? value.split(',').map((key) => key.split(':')[1] ?? '')
        : [],
  );
  const tokens = await sandboxTokens();
  expect(secrets.length).toBeGreaterThan(4);
  expect(tokens.length).toBeGreaterThan(2);
  forbidden = [
    ...Object.values(words).flatMap((text) => [text, ...text.split(/[\s?.@]+/).filter((word) => word.length > 6)]),
    visitor.token ?? '',
    ...secrets,
    ...tokens,
  ];
  for (const text of forbidden) expect(text.length).toBeGreaterThan(5);
  visitor.drop();
  await stack.stop();
  const folder = join(dataDir, 'logs');
  for (const file of await readdir(folder)) logs.set(file, await readFile(join(folder, file), 'utf8'));
}, 240_000);

afterAll(async () => {
  await stack.stop();
  await receiver.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

const named = (name: string) => receiver.spans.filter((span) => span.name === name);

/** A workflow task, an activity and a workflow that fail: what failures are counted by exists only then. */
async function failOnPurpose(): Promise<void> {
  const connection = await Connection.connect({ address: stack.urls.temporal });
  try {
    const { workflow } = new Client({ connection });
    const taskQueue = taskQueues.main;
    const unknown = await workflow.start('noSuchWorkflow', { workflowId: 'no-such-workflow', taskQueue });
    const input = { zoomUserId: 'nobody', accountId: 'nowhere', step: 'inbound-channel' };
    const failing = await workflow.start('accountStep', {
      workflowId: 'account/nowhere/inbound-channel',
      taskQueue,
      args: [input],
    });
    await expect(failing.result()).rejects.toThrow();
    await eventually(async () => {
      const { events } = await unknown.fetchHistory();
      expect(events?.some((event) => event.workflowTaskFailedEventAttributes)).toBe(true);
    });
    await unknown.terminate();
  } finally {
    await connection.close();
  }
}

/** The tokens that the sandbox has given out: JWTs, by what it keeps. */
async function sandboxTokens(): Promise<string[]> {
  const journal = await readFile(join(dataDir, 'sandbox', 'journal.jsonl'), 'utf8');
  return [...journal.matchAll(/"tokens","(eyJ[^"]+)"/g)].map(([, token = '']) => token);
}

describe('the metrics', () => {
  test('that alerts and dashboard ask for are exported, with these labels and values', async () => {
    /** What Prometheus itself adds. */
    const added = ['job', 'instance', 'alertstate'];
    const missing: string[] = [];
    for (const { where, expr } of await allExpressions()) {
      const { selectors, grouping } = parseQuery(expr);
      for (const { metric, matchers } of selectors) {
        if (metric === 'up' || metric === 'ALERTS') continue;
        const all = exposed.series.filter((one) => one.metric === metric);
        if (all.length === 0) missing.push(`${where}: ${metric}`);
        for (const { label, op, value } of matchers.filter((matcher) => !added.includes(matcher.label))) {
          for (const wanted of op === '=~' ? value.split('|') : [value]) {
            if (!all.some(({ labels }) => labels[label] === wanted))
              missing.push(`${where}: ${metric}{${label}="${wanted}"}`);
          }
        }
        const grouped = grouping.filter((name) => name !== 'le' || metric.endsWith('_bucket'));
        for (const label of grouped.filter((name) => !added.includes(name))) {
          if (!all.some(({ labels }) => label in labels)) missing.push(`${where}: ${metric} by ${label}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  test('say what happened', () => {
    const valueOf = (metric: string, labels: Record<string, string> = {}) =>
      exposed.series
        .filter(
          (one) => one.metric === metric && Object.entries(labels).every(([name, value]) => one.labels[name] === value),
        )
        .reduce((sum, { value }) => sum + value, 0);
    expect(valueOf('live_chat_time_to_join_seconds_count')).toBe(1);
    // What was written before the join, and the second message.
    expect(valueOf('live_chat_relay_seconds_count', { direction: 'to_zoom' })).toBe(2);
    expect(valueOf('live_chat_relay_seconds_count', { direction: 'to_visitor' })).toBe(1);
    expect(valueOf('live_chat_open_sockets')).toBe(1);
    expect(valueOf('live_chat_frames_refused_total', { code: 'bad_frame' })).toBe(1);
    expect(valueOf('live_chat_zoom_errors_total', { kind: 'botNotAllowed' })).toBeGreaterThan(0);
    expect(valueOf('live_chat_webhooks_total', { outcome: 'taken' })).toBeGreaterThan(1);
    expect(valueOf('live_chat_temporal_calls_total', { call: 'chats.sendMessage', outcome: 'ok' })).toBe(2);
    expect(valueOf('live_chat_temporal_calls_total', { outcome: 'unavailable' })).toBe(0);
  });

  test('have labels of few values: no chat, account, person or text in them', () => {
    const chatty = [chatId, 'alex', 'example.com', ...forbidden];
    expect(chatty.filter((text) => exposed.text.includes(text))).toEqual([]);
    const perMetric = new Map<string, number>();
    for (const { metric } of exposed.series) perMetric.set(metric, (perMetric.get(metric) ?? 0) + 1);
    for (const [metric, number] of perMetric) expect(number, metric).toBeLessThan(400);
  });
});

describe('the traces', () => {
  /** A span and what it was caused by, from the innermost on. */
  const lineage = (span: ReceivedSpan): ReceivedSpan[] => {
    const parent = receiver.spans.find(
      ({ traceId, spanId }) => traceId === span.traceId && spanId === span.parentSpanId,
    );
    return [span, ...(parent ? lineage(parent) : [])];
  };

  test('of a visitor’s message hold its way from the frame to the call to Zoom', () => {
    const ways = receiver.spans
      .filter(({ name }) => name === 'Zoom messages.send')
      .map(lineage)
      .filter((way) => way.at(-1)?.name === 'visitor message');
    expect(ways.length).toBeGreaterThan(0);
    for (const way of ways) {
      const [zoomCall, activity, workflow, signal, frame, ...more] = way;
      expect(more).toEqual([]);
      expect(zoomCall?.attributes['http.response.status_code']).toBe('201');
      expect(activity?.name).toMatch(/^activity \w+$/);
      expect(workflow).toMatchObject({ name: 'workflow chat', service: 'live-chat-worker' });
      expect(signal).toMatchObject({ name: 'signal visitor', service: 'live-chat-api' });
      expect(frame?.attributes['chat.id']).toBe(chatId);
      for (const span of [activity, workflow, signal])
        expect(span?.attributes['temporalWorkflowId']).toBe(`chat/${chatId}`);
      expect(new Set(way.map(({ traceId }) => traceId)).size).toBe(1);
    }
    // Each message has a trace of its own, and the second one's ends at Zoom as well.
    const roots = new Set(ways.map((way) => way.at(-1)?.spanId));
    expect(roots).toEqual(new Set(named('visitor message').map(({ spanId }) => spanId)));
  });

  test('of an agent’s message hold its way from the webhook to the visitor’s socket', () => {
    const [pushed] = named('push to visitor');
    const way = pushed ? lineage(pushed) : [];
    expect(way.map(({ name }) => name.replace(/^activity \w+$/, 'activity'))).toEqual([
      'push to visitor',
      'receive push',
      'activity',
      'workflow chat',
      'signal zoom',
      'webhook channelMessage',
    ]);
    expect(way.at(-1)?.attributes['chat.id']).toBe(chatId);
  });

  test('hold nobody’s words, names or tokens', () => {
    expect(receiver.spans.length).toBeGreaterThan(20);
    expect(forbidden.filter((text) => receiver.text.includes(text))).toEqual([]);
  });
});

describe('the logs', () => {
  test('at level debug hold nobody’s words, names or tokens', () => {
    const all = [...logs.values()].join('\n');
    expect(logs.get('api.log')).toContain('"level":20');
    expect(forbidden.filter((text) => all.includes(text))).toEqual([]);
  });

  test('name the workflow and the trace of what they are about', () => {
    const lines = [...logs].flatMap(([file, text]) =>
      /^(api|worker)\.log$/.test(file)
        ? text
            .split('\n')
            .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []))
        : [],
    );
    const line = lines.find(({ msg }) => String(msg).startsWith('Zoom does not let the bot'));
    expect(line).toMatchObject({ level: 40, chatId, workflowId: `chat/${chatId}` });
    expect(receiver.spans.map(({ traceId }) => traceId)).toContain(line?.['traceId']);
  });
});
