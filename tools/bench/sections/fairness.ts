import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { anyNumberOfChats } from '../../embedded/stack-env.ts';
import { startStack } from '../../embedded/supervisor.ts';
import { Admin, ZoomSide } from '../../../test/support/driver.ts';
import type { Bench, Person, Section } from '../bench.ts';
import { BenchChat } from '../chat.ts';
import { cpuTimes, processNames } from '../cpu.ts';
import { latencyFigure, refusedFigure, shortNumber, type Figure } from '../figure.ts';
import { offer, type Outcome } from '../load.ts';
import { HappeningCount } from '../happening-count.ts';
import { SandboxFeed } from '../sandbox-feed.ts';
import { summarize } from '../stats.ts';
import { BenchVisitor } from '../visitor.ts';
import { TooLateError } from '../waiting.ts';

/** A flooded account beside a quiet one. */
interface Scenario {
  plan: 'free' | 'pro';
  /** Calls a second that Zoom allows an account of this plan for posting; see docs/rate-limits.md. */
  perSecond: number;
  /** The quiet account: chats at human pace, one message in 10 s each way. */
  quietChats: number;
  /** The flooded account: chats in which there is always something more to say. */
  busyChats: number;
  /** Messages a second that its visitors offer, which Zoom limits, and its agents. */
  flood: { toZoom: number; toVisitor: number };
}

/**
 * The first is little for two cores, so what it shows is how accounts share; the second is as much as one account can
 * be.
 */
const scenarios: readonly Scenario[] = [
  { plan: 'free', perSecond: 2, quietChats: 4, busyChats: 8, flood: { toZoom: 6, toVisitor: 2 } },
  { plan: 'pro', perSecond: 20, quietChats: 10, busyChats: 40, flood: { toZoom: 30, toVisitor: 5 } },
];
const messageEverySeconds = 10;
/** The flood goes on for this long before anything is measured, s. */
const floodBeforeSeconds = 5;
const limit = 1.5;

/** One account with chats, with its own people. */
interface Tenant {
  chats: BenchChat[];
}

/** A busy account beside a quiet one, with Zoom's rates kept and enforced, on stacks of its own. */
export const fairnessSection: Section = {
  name: 'fairness',
  title: 'Fairness: a quiet account beside one that is flooded beyond its Zoom rate',
  async *run(bench) {
    for (const scenario of scenarios) yield* measure(bench, scenario);
  },
};

async function* measure(bench: Bench, scenario: Scenario): AsyncGenerator<Figure> {
  const id = `fairness.${scenario.plan}`;
  const words = `${scenario.plan}:`;
  const dataDir = await mkdtemp(join(tmpdir(), 'live-chat-bench-fairness-'));
  const stack = await startStack({
    dataDir,
    skipBuild: true,
    autoRestart: false,
    temporalUi: false,
    logLevel: 'warn',
    programEnv: { api: { TRUST_PROXY: '1', ...anyNumberOfChats }, worker: { ZOOM_PLAN: scenario.plan } },
    signal: bench.signal,
  });
  const zoom = new ZoomSide(stack.urls.sandbox ?? '');
  const ended = new AbortController();
  let feed: SandboxFeed | undefined;
  try {
    await zoom.faults({ switches: { rateLimits: true, ratePlan: scenario.plan, retryScale: 0.001 } });
    feed = await SandboxFeed.open(zoom.url);
    const counted = new HappeningCount(zoom.url, AbortSignal.any([ended.signal, bench.signal]));
    const hall = { bench, zoom, feed, urls: stack.urls };
    const quiet = await openTenant(hall, {
      owner: 'olive',
      agent: 'otto',
      chats: scenario.quietChats,
      visitors: 'Quiet',
    });
    const busy = await openTenant(hall, { owner: 'alex', agent: 'jill', chats: scenario.busyChats, visitors: 'Busy' });
    const seconds = 3 * bench.seconds;

    const alone = await atHumanPace(bench, quiet, seconds);
    const stop = new AbortController();
    const begun = performance.now();
    const before = await counted.now();
    const cpuBefore = await cpuTimes(stack);
    const flooding = flood(busy, scenario, AbortSignal.any([stop.signal, bench.signal]), seconds + floodBeforeSeconds);
    let beside: Ways;
    try {
      await new Promise((resolve) => setTimeout(resolve, floodBeforeSeconds * 1_000));
      beside = await atHumanPace(bench, quiet, seconds);
    } finally {
      stop.abort();
    }
    const flooded = (performance.now() - begun) / 1_000;
    const offered = await flooding;
    const after = await counted.now();
    const cpuAfter = await cpuTimes(stack);

    yield* waysFigures(`${id}.alone`, `${words} quiet account, alone`, alone);
    yield* waysFigures(`${id}.beside`, `${words} quiet account, beside the flood`, beside);
    yield ratioFigure(`${id}.toZoom`, `${words} p95 beside ÷ p95 alone, visitor → Zoom`, alone.toZoom, beside.toZoom);
    yield ratioFigure(
      `${id}.toVisitor`,
      `${words} p95 beside ÷ p95 alone, Zoom → visitor`,
      alone.toVisitor,
      beside.toVisitor,
    );
    const busyChannels = new Set(busy.chats.map(({ channelId }) => channelId));
    const posts = after.botPosts(busyChannels) - before.botPosts(busyChannels);
    yield {
      id: `${id}.flood`,
      label: `${words} flooded account, posts into its chat channels`,
      value: posts / flooded,
      unit: '/s',
      detail: `of ${scenario.perSecond}/s that Zoom allows; ${shortNumber(offered.said / flooded)}/s were offered, ${shortNumber(offered.shown / flooded)}/s arrived, several in a post`,
      numbers: { offered: offered.said / flooded, arrived: offered.shown / flooded },
    };
    if (cpuAfter.size > 0) {
      const busyCores = processNames.map((name) => {
        const seconds = (cpuAfter.get(name) ?? 0) - (cpuBefore.get(name) ?? 0);
        return { name, cores: seconds / flooded };
      });
      yield {
        id: `${id}.cores`,
        label: `${words} cores kept busy during the flood`,
        value: busyCores.reduce((sum, { cores }) => sum + cores, 0),
        unit: 'cores',
        // Near to all there are, the quiet account waits for the processor and for nothing else.
        detail: `of ${availableParallelism()}; ${busyCores.map(({ name, cores }) => `${name} ${shortNumber(cores)}`).join(', ')}`,
      };
    }
    yield refusedFigure(`${id}.refused`, `${words} calls that Zoom refused (429), from its start`, after.refused);
  } finally {
    ended.abort();
    feed?.close();
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Hall {
  bench: Bench;
  zoom: ZoomSide;
  feed: SandboxFeed;
  urls: Bench['stack']['urls'];
}

let addresses = 0;

/** Installs the app for an account and opens chats in it. */
async function openTenant(
  { bench, zoom, feed, urls }: Hall,
  wanted: { owner: Person; agent: Person; chats: number; visitors: string },
): Promise<Tenant> {
  const [owner, agent] = [await bench.idOf(wanted.owner), await bench.idOf(wanted.agent)];
  const admin = new Admin(urls);
  await admin.install(owner);
  const { widget } = await admin.dashboard();
  const inbound = (await zoom.state()).channels.find(
    ({ name, members }) => name === 'Live Chat Inbound' && members.some(({ id }) => id === owner),
  );
  if (!inbound) throw new Error(`${wanted.owner} has no inbound channel.`);
  await zoom.invite(owner, inbound.id, [agent]);
  const chats: BenchChat[] = [];
  let left = wanted.chats;
  const openOn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      addresses += 1;
      bench.signal.throwIfAborted();
      const visitor = new BenchVisitor({
        appUrl: urls.app,
        widget: widget.id,
        name: `${wanted.visitors} ${addresses}`,
        address: `10.201.${Math.floor(addresses / 256)}.${addresses % 256}`,
      });
      chats.push(await BenchChat.open(visitor, { feed, zoom, agent, signal: bench.signal }));
    }
  };
  // Few at a time: opening a chat takes several calls of the account's rate.
  await Promise.all([openOn(), openOn(), openOn()]);
  bench.whenDone(() => {
    for (const { visitor } of chats) visitor.close();
  });
  return { chats };
}

interface Ways {
  toZoom: Outcome;
  toVisitor: Outcome;
}

async function atHumanPace(bench: Bench, { chats }: Tenant, seconds: number): Promise<Ways> {
  const rate = chats.length / messageEverySeconds;
  const roundRobin = (send: (chat: BenchChat) => Promise<number>) => (index: number) =>
    send(chats[index % chats.length] as BenchChat);
  const [toZoom, toVisitor] = await Promise.all([
    offer(
      rate,
      seconds,
      roundRobin((chat) => chat.toZoom()),
      bench.signal,
    ),
    offer(
      rate,
      seconds,
      roundRobin((chat) => chat.toVisitor()),
      bench.signal,
    ),
  ]);
  return { toZoom, toVisitor };
}

/** More than Zoom takes, until `signal`: what is late counts as any other. */
async function flood(
  { chats }: Tenant,
  { flood: rates }: Scenario,
  signal: AbortSignal,
  seconds: number,
): Promise<{ said: number; shown: number }> {
  const counted = { said: 0, shown: 0 };
  const take = async (send: Promise<number>, counts: boolean): Promise<number> => {
    if (counts) counted.said += 1;
    try {
      const ms = await send;
      if (counts && !signal.aborted) counted.shown += 1;
      return ms;
    } catch (error) {
      // So late that it counts as lost elsewhere: here that is the point.
      if (error instanceof TooLateError) return 0;
      throw error;
    }
  };
  const chatOf = (index: number) => chats[index % chats.length] as BenchChat;
  const offers = [
    offer(rates.toZoom, seconds, (index) => take(chatOf(index).toZoom(), true), signal),
    offer(rates.toVisitor, seconds, (index) => take(chatOf(index).toVisitor(), false), signal),
  ];
  await Promise.allSettled(offers);
  return counted;
}

function* waysFigures(id: string, label: string, { toZoom, toVisitor }: Ways): Iterable<Figure> {
  yield latencyFigure(`${id}.toZoom`, `${label}: visitor → Zoom (p50)`, toZoom.latencies, toZoom.lost);
  yield latencyFigure(`${id}.toVisitor`, `${label}: Zoom → visitor (p50)`, toVisitor.latencies, toVisitor.lost);
}

function ratioFigure(id: string, label: string, alone: Outcome, beside: Outcome): Figure {
  const ratio = summarize(beside.latencies).p95 / summarize(alone.latencies).p95;
  return {
    id,
    label,
    value: ratio,
    unit: '×',
    bound: { text: `≤ ${limit} × alone`, value: ratio, held: ratio <= limit && beside.lost === 0 },
  };
}
