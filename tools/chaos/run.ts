import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { startStack, type Stack } from '../embedded/supervisor.ts';
import { Admin, eventually, ZoomSide } from '../../test/support/driver.ts';
import { check, type Facts } from './checks.ts';
import { holds, type Check } from './compare.ts';
import { Witness } from './evidence.ts';
import { FaultInjector } from './injector.ts';
import { GrantLog } from './grant-log.ts';
import { Keeper } from './keeper.ts';
import type { ChaosOptions } from './options.ts';
import { Proxy, type Direction } from './proxy.ts';
import { Random } from './random.ts';
import { kept, type Result } from './report.ts';
import { plan, type ChatPlan, type Happening } from './schedule.ts';
import { Team } from './team.ts';
import { ChaosVisitor } from './visitor.ts';
import { WebhookLog } from './webhook-log.ts';
import { partsIn, words } from './words.ts';
import { ZoomFeed } from './zoom-feed.ts';

const webhooksSchema = z.looseObject({ webhooks: z.looseObject({ pending: z.number() }) });
const inboundName = 'Live Chat Inbound';
/** Where chats are rerouted to now and then. */
const otherInboundName = 'Live Chat Desk';
const logEveryMs = 5_000;
const lookEveryMs = 1_000;
const actEveryMs = 200;
/** Longer than Zoom takes for anything that it does after its caller has given up. */
const lateEffectMs = 16_000;
const progressEveryMs = 10_000;
/** What was planned and has not come true is waited for so long, while people go on writing. */
const extraTimeMs = 60_000;
const extraWordsEveryMs = 700;
/** Numbers of the words in extra time, beyond all that are planned. */
const extraWordsFrom = 9_000;
/** A visitor lets go of a half open connection after his heartbeat and the wait for its answer; on a busy machine too. */
const noticedWithinMs = 20_000;
/** Nothing of a run takes longer than this beyond its own times: what hangs is ended, ms. */
const graceMs = 300_000;
/** So often a difference is seen before it counts. */
const looksAtDifference = 4;
/** How long a last look at all sides may take, ms. */
const lastLookMs = 60_000;
const directions: readonly Direction[] = ['out', 'in', 'both'];

export interface RunSurroundings {
  signal: AbortSignal;
  report: (line: string) => void;
  /** The web assets are built already. */
  skipBuild?: boolean;
}

/**
 * One chaos run: a whole system of its own, chats both ways, everything that can go wrong, and in the end the comparison.
 *
 * @returns the result, and the folder with the logs if it was kept
 */
export async function run(
  options: ChaosOptions,
  surroundings: RunSurroundings,
): Promise<Result & { dataDir?: string }> {
  const { report, skipBuild = false } = surroundings;
  const longestMs = options.seconds * 1_000 + longestSettleMs(options) + extraTimeMs + graceMs;
  const tooLong = AbortSignal.timeout(longestMs);
  const signal = AbortSignal.any([surroundings.signal, tooLong]);
  const dataDir = await mkdtemp(join(tmpdir(), 'live-chat-chaos-'));
  let keepFolder = true;
  let stack: Stack | undefined;
  try {
    stack = await startStack({
      dataDir,
      skipBuild,
      autoRestart: false,
      temporalUi: false,
      signal,
      programEnv: {
        sandbox: { SANDBOX_SWITCHES: JSON.stringify({ retryScale: options.retryScale, retryAfter: 'seconds' }) },
      },
    });
    report(`The system runs, data in ${dataDir}.`);
    const result = await new ChaosRun(options, stack, { ...surroundings, signal }).run();
    keepFolder = options.keep || !kept(result);
    return keepFolder ? { ...result, dataDir } : result;
  } catch (error) {
    // Stopped on request: there is nothing to look into.
    keepFolder = options.keep || !surroundings.signal.aborted;
    if (keepFolder) report(`The logs are in ${dataDir}/logs.`);
    if (tooLong.aborted) throw new Error(`The run was ended: it took longer than ${longestMs / 1_000} s.`);
    throw error;
  } finally {
    await stack?.stop();
    if (!keepFolder) await rm(dataDir, { recursive: true, force: true });
  }
}

/** How everything stood when nothing more was on its way, and how long that took, ms; undefined if it never came to that. */
interface Settled {
  facts: Facts;
  settledMs: number | undefined;
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #stack: Stack;
  readonly #signal: AbortSignal;
  /** What matters to anybody, and what only to who looks closely. */
  readonly #report: (line: string) => void;
  readonly #say: (line: string) => void;
  readonly #sandboxUrl: string;
  readonly #zoom: ZoomSide;
  readonly #feed: ZoomFeed;
  readonly #log: WebhookLog;
  readonly #keeper: Keeper;
  readonly #visitors = new Map<number, ChaosVisitor>();
  readonly #troubles: string[] = [];
  #sdkRaces = 0;
  #inbound: readonly string[] = [];
  readonly #grants = new GrantLog();
  #endsEarly: ReadonlySet<number> = new Set();

  constructor(options: ChaosOptions, stack: Stack, { signal, report }: RunSurroundings) {
    this.#options = options;
    this.#stack = stack;
    this.#signal = signal;
    this.#report = report;
    this.#say = options.verbose ? report : () => undefined;
    this.#sandboxUrl = stack.urls.sandbox ?? '';
    this.#zoom = new ZoomSide(this.#sandboxUrl);
    this.#feed = new ZoomFeed(this.#sandboxUrl, (error) => this.#trouble('The feed of the sandbox', error));
    this.#log = new WebhookLog(this.#sandboxUrl);
    this.#keeper = new Keeper(stack, signal, this.#say);
  }

  async run(): Promise<Result> {
    const { happenings, chats } = plan(this.#options);
    const { admin, alex, people, inbound } = await this.#prepare();
    this.#inbound = inbound;
    this.#endsEarly = new Set(chats.flatMap(({ number, ends }) => (ends === 'early' ? [number] : [])));
    const widget = (await admin.dashboard()).widget.id;
    const ownChannels = new Set((await this.#zoom.state()).channels.map(({ id }) => id));
    const proxy = await Proxy.open(this.#stack.ports.app);
    const witness = await Witness.open(this.#stack, this.#zoom);
    const team = new Team({
      zoom: this.#zoom,
      feed: this.#feed,
      people,
      viewer: alex,
      inbound,
      signal: this.#signal,
      onError: (error) => this.#trouble('An agent', error),
    });
    const injector = new FaultInjector({
      sandboxUrl: this.#sandboxUrl,
      stack: this.#stack,
      zoom: this.#zoom,
      proxy,
      keeper: this.#keeper,
      admin,
      alex,
      inbound,
      random: new Random(this.#options.seed),
      signal: this.#signal,
      report: this.#say,
    });
    try {
      await this.#feed.start();
      this.#feed.listen((event) => {
        this.#log.happened(event);
        if (this.#grants.happened(event))
          injector.reconnect().catch((error: unknown) => this.#trouble('Connecting Zoom again', error));
        const { type, data } = event;
        const relayed = type === 'message.created' && data['bot'] === true && partsIn(String(data['text'])).length > 0;
        if (relayed && !inbound.includes(String(data['channel_id']))) this.#keeper.relayed();
      });
      team.start(chats);
      this.#keeper.start();
      const act = setInterval(() => this.#endChats(chats, team), actEveryMs);
      const progress = setInterval(() => this.#report(this.#progress(team)), progressEveryMs);
      const read = setInterval(() => void this.#log.read().catch(() => undefined), logEveryMs);
      let settled: Settled;
      try {
        await this.#chaos(happenings, chats, { team, injector, widget, proxy });
        await this.#extraTime(chats, team, injector);
        await injector.calm();
        await this.#keeper.allUp();
        this.#report('No more faults. Waiting until everything has arrived.');
        const calmAt = Date.now();
        settled = await this.#settle({ team, witness, chats, ownChannels, injector }, calmAt);
        await this.#lookBack(witness, proxy, injector);
      } finally {
        clearInterval(act);
        clearInterval(progress);
        clearInterval(read);
      }
      const { settledMs, facts } = settled;
      const { workflows } = facts.evidence;
      return {
        options: this.#options,
        checks: check(facts),
        underWay: settledMs === undefined && workflows.some(({ pending }) => pending > 0),
        noticedMs: new Map(directions.map((direction) => [direction, proxy.noticed(direction)])),
        longestHistory: Math.max(0, ...workflows.map(({ events }) => events)),
        memory: await this.#memory(),
        kills: this.#keeper.kills,
        endedThemselves: this.#keeper.endedThemselves,
        faults: injector.counts,
        reconnects: [...this.#visitors.values()].reduce((sum, { connects }) => sum + connects - 1, 0),
        presses: team.presses,
        settledMs,
        troubles: this.#troubles,
        sdkRaces: this.#sdkRaces,
      };
    } finally {
      this.#keeper.stop();
      team.stop();
      for (const visitor of this.#visitors.values()) visitor.stop();
      await this.#feed.stop();
      await proxy.close();
      await witness.close();
    }
  }

  /** Install the app, a second channel for new chats, and agents in both. */
  async #prepare() {
    const { users } = await this.#zoom.state();
    const idOf = (email: string): string => users.find((user) => user.email === email)?.id ?? '';
    const alex = idOf('alex@example.com');
    const people = ['jill@example.com', 'sam@example.com', 'robin@example.com'].map(idOf);
    const admin = new Admin(this.#stack.urls);
    await admin.install(alex);
    const made = await fetch(`${this.#sandboxUrl}/_sandbox/users/${alex}/channels`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: otherInboundName, type: 2, user_ids: people }),
    });
    if (!made.ok) throw new Error(`The second channel could not be made: ${await made.text()}`);
    const inbound = await eventually(() => this.#zoom.channel(inboundName));
    await this.#zoom.invite(alex, inbound.id, people);
    const other = await this.#zoom.channel(otherInboundName);
    await this.#zoom.faults({ seed: this.#options.seed });
    return { admin, alex, people, inbound: [inbound.id, other.id] };
  }

  /** The time of the faults: everything that was planned, when it was planned. */
  async #chaos(
    happenings: readonly Happening[],
    chats: readonly ChatPlan[],
    { team, injector, widget, proxy }: { team: Team; injector: FaultInjector; widget: string; proxy: Proxy },
  ): Promise<void> {
    const begun = Date.now();
    const random = new Random(this.#options.seed + 1);
    const steps: { at: number; work: () => Promise<void> | void }[] = [
      ...happenings.map((happening) => ({ at: happening.at, work: () => injector.do(happening) })),
      ...chats.flatMap((chat) => [
        { at: chat.opensAt - 1, work: () => this.#open(chat.number, widget, proxy.port, random.fork()) },
        ...chat.visitorSays.map(({ at, text }, n) => ({
          at,
          work: () => this.#visitors.get(chat.number)?.say(text, words.visitor(chat.number, n + 1)),
        })),
        ...chat.agentsSay.map(({ at, text }) => ({ at, work: () => team.write(chat.number, text) })),
      ]),
    ];
    const under: Promise<void>[] = [];
    for (const { at, work } of steps.sort((a, b) => a.at - b.at)) {
      const wait = begun + at - Date.now();
      if (wait > 0) await pause(wait, undefined, { signal: this.#signal });
      this.#signal.throwIfAborted();
      under.push(Promise.resolve(work()).catch((error: unknown) => this.#trouble('A step', error)));
    }
    await pause(Math.max(0, begun + this.#options.seconds * 1_000 - Date.now()), undefined, { signal: this.#signal });
    await Promise.all(under);
  }

  #open(number: number, widget: string, port: number, random: Random): void {
    const visitor = new ChaosVisitor({
      url: `ws://127.0.0.1:${port}/visitor`,
      widget,
      name: words.visitorName(number),
      random,
      onEntry: ({ kind }) => {
        if (kind === 'agentMessage') this.#keeper.relayed();
      },
    });
    this.#visitors.set(number, visitor);
    visitor.start();
  }

  /**
   * Faults wait for something to happen to: people go on writing until each has come true. A fault that never does is a
   * fault of the run.
   */
  async #extraTime(chats: readonly ChatPlan[], team: Team, injector: FaultInjector): Promise<void> {
    const deadline = Date.now() + extraTimeMs;
    for (let n = extraWordsFrom; ; n += 1) {
      const missing = await injector.missing();
      if (missing.length === 0) return;
      if (Date.now() > deadline) {
        this.#troubles.push(`What was planned and never came true: ${missing.join(', ')}.`);
        return;
      }
      if (n === extraWordsFrom) this.#report(`Extra time, until this has come true: ${missing.join(', ')}.`);
      for (const { number, ends } of chats) {
        if (ends !== false) continue;
        this.#visitors.get(number)?.say(words.visitor(number, n), words.visitor(number, n));
        team.write(number, words.agent(number, n)).catch((error: unknown) => this.#trouble('An agent', error));
      }
      await pause(extraWordsEveryMs, undefined, { signal: this.#signal });
    }
  }

  /** What must not have happened at any time. */
  async #lookBack(witness: Witness, proxy: Proxy, injector: FaultInjector): Promise<void> {
    const { faults, sdkRaces } = await witness.faultsOfHistories();
    this.#troubles.push(...faults);
    this.#sdkRaces = sdkRaces;
    const unnoticed = proxy.unnoticed(noticedWithinMs);
    if (unnoticed > 0) {
      const within = noticedWithinMs / 1_000;
      this.#troubles.push(`${unnoticed} visitors did not notice within ${within} s that a connection was half open.`);
    }
    for (const target of this.#options.kill) {
      if (!this.#keeper.kills.some((kill) => kill.target === target))
        this.#troubles.push(`${target} was never killed.`);
    }
    for (const fault of this.#options.faults) {
      const planned = [...injector.counts.keys()].some((name) => name.startsWith(fault));
      if (!planned) this.#troubles.push(`${fault} was never tried.`);
    }
  }

  #progress(team: Team): string {
    const visitors = [...this.#visitors.values()];
    const sum = (of: (visitor: ChaosVisitor) => number): number => visitors.reduce((total, one) => total + of(one), 0);
    const written = [...team.written.values()].reduce((total, count) => total + count, 0);
    return [
      `${visitors.length} chats`,
      `visitors: ${sum(({ accepted, said }) => said.filter(({ id }) => accepted.has(id)).length)} of ${sum(({ said }) => said.length)} ✓`,
      `agents: ${sum(answersOf)} of ${written} shown`,
      `${this.#keeper.kills.length} kills`,
      `${sum(({ connects }) => Math.max(0, connects - 1))} reconnects`,
    ].join(' · ');
  }

  /** Resident memory of worker and api at the end, bytes. */
  async #memory(): Promise<ReadonlyMap<string, number>> {
    const memory = new Map<string, number>();
    for (const name of ['worker', 'api'] as const) {
      const bytes = await this.#stack.process(name).rssBytes();
      if (bytes !== undefined) memory.set(name, bytes);
    }
    return memory;
  }

  /** Visitors who end their chat do so once all is said. */
  #endChats(chats: readonly ChatPlan[], team: Team): void {
    for (const { number, ends, visitorSays } of chats) {
      const visitor = this.#visitors.get(number);
      if (ends === false || visitor?.said.length !== visitorSays.length || !visitor.quiet) continue;
      const written = team.written.get(number) ?? 0;
      // An agent who is only now let in still has a word to say.
      const hasRead = ends === 'at once' || answersOf(visitor) >= written;
      if (ends === 'early' || (written > 0 && hasRead && team.isDone(number))) visitor.end(`end-${number}-0000`);
    }
  }

  /** Wait until everything is where it should be, or nothing more comes. */
  async #settle(
    parts: {
      team: Team;
      witness: Witness;
      chats: readonly ChatPlan[];
      ownChannels: ReadonlySet<string>;
      injector: FaultInjector;
    },
    since: number,
  ): Promise<Settled> {
    const { team, witness, chats, ownChannels, injector } = parts;
    const hardDeadline = since + longestSettleMs(this.#options);
    const notBefore = injector.lateEffects.length > 0 ? since + lateEffectMs : since;
    const look = (): Promise<Facts> => this.#facts(witness, ownChannels, injector);
    let arrivedBefore = -1;
    let deadline = since;
    let looks = 0;
    while (Date.now() < Math.min(deadline, hardDeadline) || arrivedBefore === -1) {
      this.#signal.throwIfAborted();
      const arrived = this.#arrived();
      // On a busy machine it takes longer: as long as something comes, it is waited for.
      if (arrived > arrivedBefore) deadline = Date.now() + this.#options.settle * 1_000;
      arrivedBefore = arrived;
      if (Date.now() >= notBefore && this.#areQuiet(chats, team)) {
        const facts = await this.#tryTo(look);
        const checks = facts && check(facts);
        if (facts && checks?.every(isComplete) === true && webhooksUnderWay(facts) === 0) {
          looks += 1;
          // Sides are looked at one after the other: what differs must differ again and again.
          if (checks.every(holds) || looks === looksAtDifference) return { facts, settledMs: Date.now() - since };
        }
      }
      await this.#nextHappening();
    }
    return { facts: await eventually(look, lastLookMs), settledMs: undefined };
  }

  /** Nobody waits for anything that can be seen at once. */
  #areQuiet(chats: readonly ChatPlan[], team: Team): boolean {
    return chats.every(({ number, ends }) => {
      const visitor = this.#visitors.get(number);
      if (ends === 'early') return visitor?.ended === true;
      const written = team.written.get(number) ?? 0;
      return (
        visitor?.quiet === true && written > 0 && answersOf(visitor) >= written && (ends === false || visitor.ended)
      );
    });
  }

  /** How much has arrived at the visitors so far; it only grows. */
  #arrived(): number {
    return [...this.#visitors.values()].reduce(
      (sum, { accepted, entries, deliveredSeq, ended }) =>
        sum + accepted.size + entries.length + deliveredSeq + (ended ? 1 : 0),
      0,
    );
  }

  async #tryTo<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#say(`not yet: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  async #facts(witness: Witness, ownChannels: ReadonlySet<string>, injector: FaultInjector): Promise<Facts> {
    await this.#log.read();
    const evidence = await witness.gather();
    return {
      visitors: [...this.#visitors].map(([number, { said, accepted, entries, deliveredSeq, faults, ended }]) => ({
        number,
        said,
        accepted,
        entries,
        deliveredSeq,
        faults,
        ended,
        endsEarly: this.#endsEarly.has(number),
      })),
      evidence,
      tellings: this.#log.tellings(),
      ownChannels,
      lateEffects: injector.lateEffects,
      inbound: this.#inbound,
      grants: {
        given: this.#grants.given,
        lostAnswers: injector.counts.get('lost-refresh') ?? 0,
        asks: this.#grants.asks,
        failedCallbacks: injector.failedCallbacks,
        kills: this.#keeper.kills,
      },
    };
  }

  /** Resolves when something happens in Zoom, or after a while. */
  async #nextHappening(): Promise<void> {
    const over = new AbortController();
    const ignore = this.#feed.listen(() => over.abort());
    const signal = AbortSignal.any([over.signal, this.#signal]);
    await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
    ignore();
  }

  #trouble(who: string, error: unknown): void {
    if (this.#signal.aborted) return;
    this.#troubles.push(`${who} failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** However much still comes, a run waits no longer than this for the rest, ms. */
function longestSettleMs({ settle }: ChaosOptions): number {
  return settle * 1_000 + 600_000;
}

/** Nothing is on its way any more; what is wrong stays wrong. */
function isComplete(found: Check): boolean {
  return found.lost === 0 && (found.name !== 'workflows' || holds(found));
}

function webhooksUnderWay({ evidence }: Facts): number {
  return webhooksSchema.parse(evidence.zoom).webhooks.pending;
}

function answersOf(visitor: ChaosVisitor): number {
  return visitor.entries.filter(({ kind }) => kind === 'agentMessage').length;
}
