import { setTimeout as pause } from 'node:timers/promises';
import type { ZoomSide } from '../../test/support/driver.ts';
import type { Administrators } from './administrators.ts';
import type { FaultCounts } from './fault-counts.ts';
import { nameOf } from './faults.ts';
import type { Keeper } from './keeper.ts';
import type { Happening } from './plan.ts';
import type { Proxy } from './proxy.ts';
import type { Random } from './random.ts';
import type { SandboxRules } from './sandbox-rules.ts';
import type { World } from './world.ts';

const lookAgainMs = 700;
/** So often it is looked whether something has come true. */
const mostLooks = 40;

export interface InjectorParts {
  counts: FaultCounts;
  rules: SandboxRules;
  zoom: ZoomSide;
  proxy: Proxy;
  keeper: Keeper;
  administrators: Administrators;
  world: World;
  random: Random;
  signal: AbortSignal;
  report: (line: string) => void;
}

/** Does what the plan says, and counts what came of it. */
export class FaultInjector {
  readonly #parts: InjectorParts;

  constructor(parts: InjectorParts) {
    this.#parts = parts;
  }

  async do(happening: Happening): Promise<void> {
    const { proxy, keeper, random, zoom, rules, counts, world, report } = this.#parts;
    if (happening.do === 'kill') return keeper.kill(happening.targets, happening.pauseMs);
    const { at: _, fault: kind, do: what, ...details } = happening;
    const name = nameOf(happening);
    counts.planned(name);
    report(`${kind} ${JSON.stringify(details)}`);
    switch (happening.do) {
      case 'rules':
        await rules.add(happening.fault, happening.rules);
        break;
      case 'cut':
        await this.#onConnections(name, () => proxy.cut(random, happening.share));
        break;
      case 'freeze':
        await this.#onConnections(name, () => proxy.freeze(random, happening.share, happening.direction));
        break;
      case 'slow':
        counts.add(name, proxy.slow(happening.ms));
        await this.#pause(happening.forMs);
        proxy.slow(0);
        break;
      case 'expireTokens':
        await zoom.faults({ tokens: { action: 'expire', kinds: ['access', 'bot'] } });
        counts.add(name, 1);
        break;
      case 'loseRefresh':
        await this.#parts.administrators.alone(() => this.#loseRefresh(name));
        break;
      case 'regrant':
        await this.#atTheirPages(name, () =>
          this.#parts.administrators.addApp(this.#parts.administrators.people.owner),
        );
        break;
      case 'reroute':
        await this.#atTheirPages(name, () => world.reroute());
        break;
      case 'change':
        counts.add(name, await world.change(happening));
        report(`${kind} is over (${what})`);
        break;
    }
  }

  /** Names of the faults that were planned and have not come true yet. */
  async missing(): Promise<string[]> {
    await this.#parts.rules.count();
    return this.#parts.counts.missing;
  }

  /** No more faults: what was not used up is taken away, and what people had begun is brought to its end. */
  async calm(): Promise<void> {
    this.#parts.proxy.slow(0);
    await this.#parts.rules.clear();
    await this.#parts.administrators.idle();
  }

  /** The bot has asked somebody to connect Zoom again: they do, unless they have by then. */
  async reconnect(userId: string): Promise<void> {
    const { administrators, counts } = this.#parts;
    await administrators.alone(() =>
      administrators.patiently(async () => {
        if (userId === administrators.people.owner && !(await administrators.needsReconnect())) return;
        await administrators.addApp(userId);
        counts.add('(connected Zoom again, as asked)', 1);
      }),
    );
  }

  /** Waits for visitors who are just coming back: on nobody's connection a fault is none. */
  async #onConnections(name: string, work: () => number): Promise<void> {
    let touched = work();
    for (let looks = 1; touched === 0 && looks < mostLooks && !this.#parts.signal.aborted; looks += 1) {
      await this.#pause(lookAgainMs);
      touched = work();
    }
    this.#parts.counts.add(name, touched);
  }

  /** The owner looks at the channels until new tokens were asked for: chats alone may need none for long. */
  async #loseRefresh(name: string): Promise<void> {
    const { zoom, rules, administrators, signal } = this.#parts;
    const [id = ''] = await rules.add(name, [{ kind: 'token_answer_lost', times: 1 }]);
    await zoom.faults({ tokens: { action: 'expire', kinds: ['access'] } });
    for (let looks = 1; looks < mostLooks && !signal.aborted; looks += 1) {
      await administrators.lookAtChannels();
      await rules.count();
      if (rules.used(id) > 0) return;
      await this.#pause(lookAgainMs);
    }
  }

  async #atTheirPages(name: string, work: () => Promise<void>): Promise<void> {
    const { administrators, counts } = this.#parts;
    await administrators.alone(() => administrators.patiently(work));
    counts.add(name, 1);
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#parts.signal }).catch(() => undefined);
  }
}
