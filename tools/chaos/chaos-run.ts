import { setTimeout as pause } from 'node:timers/promises';
import type { Stack } from '../embedded/supervisor.ts';
import type { ZoomSide } from '../../test/support/driver.ts';
import { check } from './checks.ts';
import type { Witness } from './evidence.ts';
import type { Facts } from './facts.ts';
import { FaultCounts } from './fault-counts.ts';
import { GrantLog } from './grant-log.ts';
import { FaultInjector } from './injector.ts';
import { Keeper } from './keeper.ts';
import type { ChaosOptions } from './options.ts';
import type { Plan } from './plan.ts';
import type { Direction, Proxy } from './proxy.ts';
import { Random } from './random.ts';
import type { Result } from './report.ts';
import { SandboxRules } from './sandbox-rules.ts';
import { settled } from './settle.ts';
import type { Site } from './site.ts';
import { Team } from './team.ts';
import { answersOf, ChaosVisitor } from './visitor.ts';
import { WebhookLog } from './webhook-log.ts';
import { partsIn, words } from './words.ts';
import { World } from './world.ts';
import { ZoomFeed, type ZoomHappening } from './zoom-feed.ts';

const logEveryMs = 5_000;
const actEveryMs = 200;
const progressEveryMs = 10_000;
/** Longer than Zoom takes for anything that it does after its caller has given up. */
const lateEffectMs = 16_000;
/** What was planned and has not come true is waited for so long, while people go on writing. */
export const extraTimeMs = 60_000;
const extraWordsEveryMs = 700;
/** Numbers of the words in extra time, beyond all others. */
const extraWordsFrom = 9_000;
/** A visitor lets go of a half open connection after a heartbeat and the wait for its answer; on a busy machine too. */
const noticedWithinMs = 20_000;
const directions: readonly Direction[] = ['out', 'in', 'both'];

export interface RunParts {
  options: ChaosOptions;
  planned: Plan;
  stack: Stack;
  zoom: ZoomSide;
  site: Site;
  proxy: Proxy;
  witness: Witness;
  signal: AbortSignal;
  report: (line: string) => void;
}

/** The people, the faults and the records of one run, on a system that is there. */
export class ChaosRun {
  readonly #parts: RunParts;
  readonly #feed: ZoomFeed;
  readonly #log: WebhookLog;
  readonly #grants = new GrantLog();
  readonly #counts = new FaultCounts();
  readonly #keeper: Keeper;
  readonly #rules: SandboxRules;
  readonly #team: Team;
  readonly #world: World;
  readonly #injector: FaultInjector;
  readonly #visitors = new Map<number, ChaosVisitor>();
  readonly #troubles: string[] = [];

  constructor(parts: RunParts) {
    const { options, planned, stack, zoom, site, proxy, signal, report } = parts;
    const { administrators, people } = site;
    const say = options.verbose ? report : () => undefined;
    const random = new Random(options.seed);
    this.#parts = parts;
    this.#feed = new ZoomFeed(zoom.url, (error) => this.#trouble('The feed of the sandbox', error));
    this.#log = new WebhookLog(zoom.url);
    this.#keeper = new Keeper(stack, signal, say);
    this.#rules = new SandboxRules(zoom.url, this.#counts);
    this.#team = new Team({
      zoom,
      feed: this.#feed,
      people,
      viewer: administrators.people.owner,
      inbound: site.inbound,
      signal,
      onError: (error) => this.#trouble('An agent', error),
    });
    const shared = { zoom, rules: this.#rules, administrators, signal };
    this.#world = new World({
      ...shared,
      team: this.#team,
      visitors: this.#visitors,
      chats: planned.chats,
      people,
      outsider: site.outsider,
      inbound: site.inbound[0],
      random: random.fork(),
    });
    this.#injector = new FaultInjector({
      ...shared,
      counts: this.#counts,
      proxy,
      keeper: this.#keeper,
      world: this.#world,
      random: random.fork(),
      report: say,
    });
  }

  async run(): Promise<Result> {
    const { options, planned, report } = this.#parts;
    const timers: NodeJS.Timeout[] = [];
    try {
      await this.#feed.start();
      this.#feed.listen((event) => this.#happened(event));
      this.#team.start(planned.chats);
      this.#keeper.start();
      if (options.faults.includes('content-refused')) await this.#rules.refuseContent();
      timers.push(setInterval(() => this.#endChats(), actEveryMs));
      timers.push(setInterval(() => report(this.#progress()), progressEveryMs));
      timers.push(setInterval(() => void this.#log.read().catch(() => undefined), logEveryMs));
      await this.#chaos();
      await this.#extraTime();
      await this.#injector.calm();
      await this.#keeper.allUp();
      report('No more faults. Waiting until everything has arrived.');
      return await this.#compare();
    } finally {
      for (const timer of timers) clearInterval(timer);
      this.#keeper.stop();
      this.#team.stop();
      for (const visitor of this.#visitors.values()) visitor.stop();
      await this.#feed.stop();
    }
  }

  #happened(event: ZoomHappening): void {
    this.#log.happened(event);
    const ask = this.#grants.happened(event);
    if (ask) {
      this.#injector.reconnect(ask.userId).catch((error: unknown) => this.#trouble('Connecting Zoom again', error));
    }
    const { type, data } = event;
    const relayed = type === 'message.created' && data['bot'] === true && partsIn(String(data['text'])).length > 0;
    if (relayed && !this.#team.inbound.has(String(data['channel_id']))) this.#keeper.relayed();
  }

  /** The time of the faults: everything that was planned, when it was planned. */
  async #chaos(): Promise<void> {
    const { options, planned, signal } = this.#parts;
    const begun = Date.now();
    const random = new Random(options.seed + 1);
    const steps: { at: number; work: () => Promise<void> | void }[] = [
      ...planned.happenings.map((happening) => ({ at: happening.at, work: () => this.#injector.do(happening) })),
      ...planned.chats.flatMap((chat) => [
        { at: chat.opensAt - 1, work: () => this.#open(chat.number, random.fork()) },
        ...chat.visitorSays.map(({ at, text }, n) => ({
          at,
          work: () => this.#visitors.get(chat.number)?.say(text, words.visitor(chat.number, n + 1)),
        })),
        ...chat.agentsSay.map(({ at, text }) => ({ at, work: () => this.#team.write(chat.number, text) })),
      ]),
    ];
    const under: Promise<void>[] = [];
    for (const { at, work } of steps.sort((a, b) => a.at - b.at)) {
      const wait = begun + at - Date.now();
      if (wait > 0) await pause(wait, undefined, { signal });
      signal.throwIfAborted();
      under.push(Promise.resolve(work()).catch((error: unknown) => this.#trouble('A step', error)));
    }
    await pause(Math.max(0, begun + options.seconds * 1_000 - Date.now()), undefined, { signal });
    await Promise.all(under);
  }

  #open(number: number, random: Random): void {
    const { site, proxy } = this.#parts;
    const visitor = new ChaosVisitor({
      url: `ws://127.0.0.1:${proxy.port}/visitor`,
      widget: site.widget,
      name: words.visitorName(number),
      address: `10.202.${Math.floor(number / 256)}.${number % 256}`,
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
  async #extraTime(): Promise<void> {
    const { planned, report, signal } = this.#parts;
    const deadline = Date.now() + extraTimeMs;
    for (let n = extraWordsFrom; ; n += 1) {
      const missing = await this.#injector.missing();
      if (missing.length === 0) return;
      if (Date.now() > deadline) {
        this.#troubles.push(`What was planned and never came true: ${missing.join(', ')}.`);
        return;
      }
      if (n === extraWordsFrom) report(`Extra time, until this has come true: ${missing.join(', ')}.`);
      for (const { number, ends } of planned.chats) {
        if (ends !== false) continue;
        this.#visitors.get(number)?.say(words.visitor(number, n), words.visitor(number, n));
        this.#team.write(number, words.agent(number, n)).catch((error: unknown) => this.#trouble('An agent', error));
      }
      await pause(extraWordsEveryMs, undefined, { signal });
    }
  }

  /**
   * Once nothing more is on its way: everything against everything else, and what must not have happened at any time.
   */
  async #compare(): Promise<Result> {
    const { options, planned, proxy, witness, stack, signal, report } = this.#parts;
    const { facts, settledMs } = await settled({
      options,
      visitors: this.#visitors,
      chats: planned.chats,
      team: this.#team,
      notBefore: this.#rules.lateEffects.length > 0 ? Date.now() + lateEffectMs : 0,
      look: () => this.#facts(),
      signal,
      say: options.verbose ? report : () => undefined,
    });
    const { replayed, faults } = await witness.replayHistories();
    this.#troubles.push(...faults, ...this.#neverTried(), ...unnoticed(proxy));
    const { workflows } = facts.evidence;
    const memory = new Map<string, number>();
    for (const name of ['worker', 'api'] as const) {
      const bytes = await stack.process(name).rssBytes();
      if (bytes !== undefined) memory.set(name, bytes);
    }
    return {
      options,
      checks: check(facts),
      underWay: settledMs === undefined && workflows.some(({ pending }) => pending > 0),
      noticedMs: new Map(directions.map((direction) => [direction, proxy.noticed(direction)])),
      longestHistory: Math.max(0, ...workflows.map(({ events }) => events)),
      replayed,
      memory,
      kills: this.#keeper.kills,
      endedThemselves: this.#keeper.endedThemselves,
      faults: this.#counts.byName,
      reconnects: [...this.#visitors.values()].reduce((sum, { connects }) => sum + connects - 1, 0),
      presses: this.#team.presses,
      settledMs,
      troubles: this.#troubles,
    };
  }

  #neverTried(): string[] {
    const { kill, faults } = this.#parts.options;
    const killed = new Set(this.#keeper.kills.map(({ target }) => target));
    const tried = [...this.#counts.byName.keys()];
    return [
      ...kill.filter((target) => !killed.has(target)).map((target) => `${target} was never killed.`),
      ...faults
        .filter((fault) => !tried.some((name) => name.startsWith(fault)))
        .map((fault) => `${fault} was never tried.`),
    ];
  }

  #progress(): string {
    const visitors = [...this.#visitors.values()];
    const sum = (of: (visitor: ChaosVisitor) => number): number => visitors.reduce((total, one) => total + of(one), 0);
    const written = [...this.#visitors.keys()].reduce((total, number) => total + this.#team.written(number), 0);
    return [
      `${visitors.length} chats`,
      `visitors: ${sum(({ accepted, said }) => said.filter(({ id }) => accepted.has(id)).length)} of ${sum(({ said }) => said.length)} ✓`,
      `agents: ${sum(answersOf)} of ${written} shown`,
      `${this.#keeper.kills.length} kills`,
      `${sum(({ connects }) => Math.max(0, connects - 1))} reconnects`,
    ].join(' · ');
  }

  /** Visitors who end their chat do so once all is said. */
  #endChats(): void {
    for (const { number, ends, visitorSays } of this.#parts.planned.chats) {
      const visitor = this.#visitors.get(number);
      if (ends === false || visitor === undefined || visitor.said.length < visitorSays.length || !visitor.quiet)
        continue;
      const written = this.#team.written(number);
      // An agent who is only now let in still has a word to say.
      const hasRead = ends === 'at once' || answersOf(visitor) >= written;
      if (ends === 'early' || (written > 0 && hasRead && this.#team.isDone(number))) visitor.end(`end-${number}-0000`);
    }
  }

  async #facts(): Promise<Facts> {
    const { planned, site, witness } = this.#parts;
    await this.#log.read();
    const evidence = await witness.gather();
    const endsEarly = new Set(planned.chats.flatMap(({ number, ends }) => (ends === 'early' ? [number] : [])));
    return {
      visitors: [...this.#visitors].map(([number, { said, accepted, entries, deliveredSeq, faults, ended }]) => {
        return { number, said, accepted, entries, deliveredSeq, faults, ended, endsEarly: endsEarly.has(number) };
      }),
      evidence,
      deliveries: this.#log.deliveries(),
      ownChannels: site.ownChannels,
      inbound: this.#team.inbound,
      deleted: this.#world.deleted,
      lost: this.#world.lost,
      chatOfChannel: this.#team.chatOfChannel,
      lateEffects: this.#rules.lateEffects,
      grants: {
        given: this.#grants.given,
        lostAnswers: this.#counts.of('lost-refresh'),
        asks: this.#grants.asks,
        failedCallbacks: site.administrators.failedCallbacks,
        ended: this.#world.endedGrants,
        kills: this.#keeper.kills,
      },
    };
  }

  #trouble(who: string, error: unknown): void {
    if (this.#parts.signal.aborted) return;
    this.#troubles.push(`${who} failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unnoticed(proxy: Proxy): string[] {
  const count = proxy.unnoticed(noticedWithinMs);
  if (count === 0) return [];
  return [`${count} visitors did not notice within ${noticedWithinMs / 1_000} s that a connection was half open.`];
}
