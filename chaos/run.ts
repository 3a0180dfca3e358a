import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startStack, type Stack } from '../embedded/supervisor.ts';
import { Admin, eventually, ZoomSide } from '../test/support/driver.ts';
import { check, type Facts } from './checks.ts';
import { holds, type Check } from './compare.ts';
import { WebhookLog, Witness } from './evidence.ts';
import { FaultInjector } from './injector.ts';
import { Keeper } from './keeper.ts';
import type { ChaosOptions } from './options.ts';
import { Proxy } from './proxy.ts';
import { Random } from './random.ts';
import { kept, type Result } from './report.ts';
import { plan, type ChatPlan, type Happening } from './schedule.ts';
import { Team, words } from './team.ts';
import { ChaosVisitor } from './visitor.ts';
import { ZoomFeed } from './zoom-feed.ts';

const inboundName = 'Live Chat Inbound';
/** Where chats are rerouted to now and then. */
const otherInboundName = 'Live Chat Desk';
const logEveryMs = 5_000;
const lookEveryMs = 1_000;
const actEveryMs = 200;
/** Longer than Zoom takes for anything that it does after its caller has given up. */
const lateEffectMs = 16_000;

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
  const { signal, report, skipBuild = false } = surroundings;
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
    const result = await new ChaosRun(options, stack, surroundings).run();
    keepFolder = options.keep || !kept(result);
    return keepFolder ? { ...result, dataDir } : result;
  } catch (error) {
    // Stopped on request: there is nothing to look into.
    keepFolder = options.keep || !signal.aborted;
    if (keepFolder) report(`The logs are in ${dataDir}/logs.`);
    throw error;
  } finally {
    await stack?.stop();
    if (!keepFolder) await rm(dataDir, { recursive: true, force: true });
  }
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #stack: Stack;
  readonly #signal: AbortSignal;
  readonly #say: (line: string) => void;
  readonly #sandboxUrl: string;
  readonly #zoom: ZoomSide;
  readonly #feed: ZoomFeed;
  readonly #log: WebhookLog;
  readonly #keeper: Keeper;
  readonly #visitors = new Map<number, ChaosVisitor>();
  readonly #troubles: string[] = [];
  #inbound: readonly string[] = [];

  constructor(options: ChaosOptions, stack: Stack, { signal, report }: RunSurroundings) {
    this.#options = options;
    this.#stack = stack;
    this.#signal = signal;
    this.#say = options.verbose ? report : () => undefined;
    this.#sandboxUrl = stack.urls.sandbox ?? '';
    this.#zoom = new ZoomSide(this.#sandboxUrl);
    this.#feed = new ZoomFeed(this.#sandboxUrl);
    this.#log = new WebhookLog(this.#sandboxUrl);
    this.#keeper = new Keeper(stack, signal, this.#say);
  }

  async run(): Promise<Result> {
    const { happenings, chats } = plan(this.#options);
    const { admin, alex, people, inbound } = await this.#prepare();
    this.#inbound = inbound;
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
      this.#feed.listen(({ type, at, data }) => {
        if (type === 'webhook.delivered') this.#log.delivered(String(data['request_id']), at);
        const relayed =
          type === 'message.created' && data['bot'] === true && /\bv-\d+-\d+\b/.test(String(data['text']));
        if (relayed && !inbound.includes(String(data['channel_id']))) this.#keeper.relayed();
      });
      team.start(chats);
      this.#keeper.start();
      const act = setInterval(() => this.#endChats(chats, team), actEveryMs);
      const read = setInterval(() => void this.#log.read().catch(() => undefined), logEveryMs);
      let settledMs: number | undefined;
      let facts: Facts;
      try {
        await this.#chaos(happenings, chats, { team, injector, widget, proxy });
        this.#say('quiet');
        await injector.calm();
        await this.#keeper.allUp();
        const calmAt = Date.now();
        settledMs = await this.#settle({ team, witness, chats, ownChannels, injector }, calmAt);
        facts = await this.#facts(witness, ownChannels, injector);
      } finally {
        clearInterval(act);
        clearInterval(read);
      }
      return {
        options: this.#options,
        checks: check(facts),
        kills: this.#keeper.kills,
        endedThemselves: this.#keeper.endedThemselves,
        faults: injector.counts,
        reconnects: [...this.#visitors.values()].reduce((sum, { connects }) => sum + connects - 1, 0),
        presses: team.presses,
        settledMs,
        troubles: this.#troubles,
      };
    } finally {
      this.#keeper.stop();
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
        ...chat.visitorWritesAt.map((at, n) => ({
          at,
          work: () => this.#visitors.get(chat.number)?.say(words.visitor(chat.number, n + 1), randomUUID()),
        })),
        ...chat.agentWritesAt.map((at) => ({ at, work: () => team.write(chat.number) })),
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

  /** Visitors who end their chat do so once all is said. */
  #endChats(chats: readonly ChatPlan[], team: Team): void {
    for (const { number, ends, visitorWritesAt } of chats) {
      const visitor = this.#visitors.get(number);
      if (ends === false || visitor?.said.length !== visitorWritesAt.length || !visitor.quiet) continue;
      const written = team.written.get(number) ?? 0;
      // An agent who is only now let in still has a word to say.
      const hasRead = ends === 'at once' || answersOf(visitor) >= written;
      if (written > 0 && hasRead && team.isDone(number)) visitor.end(`end-${number}-0000`);
    }
  }

  /** Wait until everything is where it should be. @returns how long it took, ms; undefined if it did not come to that */
  async #settle(
    parts: {
      team: Team;
      witness: Witness;
      chats: readonly ChatPlan[];
      ownChannels: ReadonlySet<string>;
      injector: FaultInjector;
    },
    since: number,
  ): Promise<number | undefined> {
    const { team, witness, chats, ownChannels, injector } = parts;
    const deadline = since + this.#options.settle * 1_000;
    const notBefore = injector.lateEffects.length > 0 ? since + lateEffectMs : since;
    while (Date.now() < deadline) {
      this.#signal.throwIfAborted();
      const arrived = chats.every(({ number, ends }) => {
        const visitor = this.#visitors.get(number);
        const written = team.written.get(number) ?? 0;
        return (
          visitor?.quiet === true && written > 0 && answersOf(visitor) >= written && (ends === false || visitor.ended)
        );
      });
      if (arrived && Date.now() >= notBefore) {
        const checks = await this.#look(witness, ownChannels, injector);
        if (checks?.every(isComplete) === true) return Date.now() - since;
      }
      await this.#nextHappening();
    }
    return undefined;
  }

  async #look(witness: Witness, own: ReadonlySet<string>, injector: FaultInjector): Promise<Check[] | undefined> {
    try {
      const facts = await this.#facts(witness, own, injector);
      const { pending } = facts.evidence.zoom['webhooks'] as { pending: number };
      return pending === 0 ? check(facts) : undefined;
    } catch (error) {
      this.#say(`not yet: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  async #facts(witness: Witness, ownChannels: ReadonlySet<string>, injector: FaultInjector): Promise<Facts> {
    await this.#log.read();
    const evidence = await witness.gather();
    return {
      visitors: [...this.#visitors].map(([number, { said, accepted, entries, faults, ended }]) => ({
        number,
        said,
        accepted,
        entries,
        faults,
        ended,
      })),
      evidence,
      tellings: this.#log.tellings(),
      ownChannels,
      lateEffects: injector.lateEffects,
      inbound: this.#inbound,
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

/** Nothing is on its way any more; what is wrong stays wrong. */
function isComplete(found: Check): boolean {
  return found.lost === 0 && (found.name !== 'workflows' || holds(found));
}

function answersOf(visitor: ChaosVisitor): number {
  return visitor.entries.filter(({ kind }) => kind === 'agentMessage').length;
}
