import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Stack } from '../embedded/supervisor.ts';
import { Admin, type ZoomSide } from '../../test/support/driver.ts';
import type { Keeper } from './keeper.ts';
import type { FaultKind } from './options.ts';
import type { Proxy } from './proxy.ts';
import type { Random } from './random.ts';
import { nameOf, type Happening } from './schedule.ts';

const ruleSchema = z.looseObject({ id: z.string(), used: z.number().default(0) });
const rulesSchema = z.looseObject({ rules: z.array(ruleSchema) });
const changedSchema = z.looseObject({ added: z.array(z.string()), cleared: z.array(ruleSchema) });
/** What a person at a page tries again until it works, and how long. */
const tryAgainMs = 700;
const patienceMs = 120_000;
/** So often it is looked whether a visitor is connected. */
const mostTries = 40;

export interface InjectorParts {
  sandboxUrl: string;
  stack: Stack;
  zoom: ZoomSide;
  proxy: Proxy;
  keeper: Keeper;
  /** Signed in as the administrator. */
  admin: Admin;
  /** His user id. */
  alex: string;
  /** The channels that new chats can be routed to. */
  inbound: readonly string[];
  random: Random;
  signal: AbortSignal;
  report: (line: string) => void;
}

const problemSchema = z.looseObject({ type: z.string(), detail: z.string().optional() });
const lateRuleSchema = z.looseObject({ delay_ms: z.number() });

/** Does what the plan says, and counts what came of it. */
export class FaultInjector {
  /** How often each fault came true, by its name; 0 for one that was planned and has not yet. */
  readonly counts = new Map<string, number>();
  /** When Zoom did, at the earliest, what its caller had long given up: each time, ms since 1970. Known after `calm`. */
  readonly lateEffects: number[] = [];
  /** Times of callbacks that ended in an error: from, to, ms since 1970. */
  readonly failedCallbacks: [number, number][] = [];
  readonly #parts: InjectorParts;
  readonly #earliestEffect = new Map<string, number>();
  readonly #nameOfRule = new Map<string, string>();
  readonly #usedOfRule = new Map<string, number>();
  /** One after the other: the administrator is one person. */
  #adminsTurn: Promise<void> = Promise.resolve();
  #routes = 0;

  constructor(parts: InjectorParts) {
    this.#parts = parts;
  }

  async do(happening: Happening): Promise<void> {
    const { proxy, keeper, random, zoom, report } = this.#parts;
    if (happening.do !== 'kill') {
      this.#count(nameOf(happening), 0);
      report(`${happening.fault} ${JSON.stringify({ ...happening, at: undefined, fault: undefined, do: undefined })}`);
    }
    switch (happening.do) {
      case 'kill':
        await keeper.kill(happening.targets, happening.pauseMs);
        break;
      case 'rules':
        await this.#useRules(happening.fault, happening.rules);
        break;
      case 'cut':
        await this.#onConnections(nameOf(happening), () => proxy.cut(random, happening.share));
        break;
      case 'freeze':
        await this.#onConnections(nameOf(happening), () => proxy.freeze(random, happening.share, happening.direction));
        break;
      case 'slow':
        this.#count(happening.fault, proxy.slow(happening.ms));
        await this.#pause(happening.forMs);
        proxy.slow(0);
        break;
      case 'expireTokens':
        await zoom.faults({ tokens: { action: 'expire', kinds: ['access', 'bot'] } });
        this.#count(happening.fault, 1);
        break;
      case 'loseRefresh':
        await this.#inTurn(() => this.#loseRefresh(happening.fault));
        break;
      case 'regrant':
        await this.#asAdmin('regrant', () => this.#regrant());
        break;
      case 'reroute':
        await this.#asAdmin('reroute', () => this.#reroute());
        break;
    }
  }

  /** Names of the faults that were planned and have not come true yet. */
  async missing(): Promise<string[]> {
    await this.#countRulesInForce();
    return [...this.counts].flatMap(([name, count]) => (count === 0 ? [name] : []));
  }

  /** No more faults: what was not used up is taken away, and what the administrator had begun is brought to its end. */
  async calm(): Promise<void> {
    this.#parts.proxy.slow(0);
    this.#countRules((await this.#changeRules({ clear: true })).cleared);
    for (const [id, earliest] of this.#earliestEffect) {
      if ((this.#usedOfRule.get(id) ?? 0) > 0) this.lateEffects.push(earliest);
    }
    await this.#adminsTurn;
  }

  async #countRulesInForce(): Promise<void> {
    const response = await fetch(`${this.#parts.sandboxUrl}/_sandbox/faults`);
    this.#countRules(rulesSchema.parse(await response.json()).rules);
  }

  #countRules(rules: readonly z.infer<typeof ruleSchema>[]): void {
    for (const { id, used } of rules) {
      const name = this.#nameOfRule.get(id);
      if (name === undefined) continue;
      this.#count(name, used - (this.#usedOfRule.get(id) ?? 0));
      this.#usedOfRule.set(id, used);
    }
  }

  /** Waits for visitors who are just coming back: on nobody's connection a fault is none. */
  async #onConnections(name: string, work: () => number): Promise<void> {
    let touched = work();
    for (let tries = 1; touched === 0 && tries < mostTries && !this.#parts.signal.aborted; tries += 1) {
      await this.#pause(tryAgainMs);
      touched = work();
    }
    this.#count(name, touched);
  }

  /** @returns their ids */
  async #useRules(fault: FaultKind, rules: readonly object[]): Promise<readonly string[]> {
    const begun = Date.now();
    const { added } = await this.#changeRules({ rules });
    added.forEach((id, index) => {
      this.#nameOfRule.set(id, fault);
      if (fault === 'late-effect') {
        this.#earliestEffect.set(id, begun + lateRuleSchema.parse(rules[index]).delay_ms);
      }
    });
    return added;
  }

  async #changeRules(change: object): Promise<z.infer<typeof changedSchema>> {
    const response = await fetch(`${this.#parts.sandboxUrl}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(change),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The sandbox refused a fault: ${text}`);
    return changedSchema.parse(JSON.parse(text));
  }

  /** The administrator looks at his channels until new tokens were asked for: chats alone may need none for long. */
  async #loseRefresh(fault: FaultKind): Promise<void> {
    const { zoom, admin, signal } = this.#parts;
    const [id = ''] = await this.#useRules(fault, [{ kind: 'token_answer_lost', times: 1 }]);
    await zoom.faults({ tokens: { action: 'expire', kinds: ['access'] } });
    for (let tries = 1; tries < mostTries && !signal.aborted; tries += 1) {
      await admin.request('/api/channels').catch(() => undefined);
      await this.#countRulesInForce();
      if ((this.#usedOfRule.get(id) ?? 0) > 0) return;
      await this.#pause(tryAgainMs);
    }
  }

  /** The bot has asked the administrator to connect Zoom again: he does, unless he has by then. */
  async reconnect(): Promise<void> {
    await this.#asAdmin('reconnect Zoom, as asked', async () => {
      if ((await this.#parts.admin.dashboard()).needsReconnect) await this.#regrant();
    });
  }

  /** Add the app again: the earlier grant's tokens end at once. */
  async #regrant(): Promise<void> {
    const admin = new Admin(this.#parts.stack.urls);
    const callback = await admin.decide(await admin.consentUrl(), this.#parts.alex, 'allow');
    const begun = Date.now();
    const landed = await admin.request(callback.href).catch((error: unknown) => error);
    if (landed instanceof Response && landed.status === 302) return;
    this.failedCallbacks.push([begun, Date.now()]);
    throw new Error(`the callback answered ${landed instanceof Response ? landed.status : String(landed)}`);
  }

  /** Choose the other channel for new chats. */
  async #reroute(): Promise<void> {
    const { admin, inbound } = this.#parts;
    this.#routes += 1;
    const response = await admin.request('/api/settings', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ channelId: inbound[this.#routes % inbound.length] }),
    });
    if (response.ok) return;
    const { type, detail } = problemSchema.parse(await response.json());
    // The page says so, beside a link; the bot's message may still be on its way.
    if (type.endsWith('reconnect-zoom')) await this.#regrant();
    throw new Error(`the settings answered ${response.status}: ${detail}`);
  }

  /** What people do when a page says "try again". */
  #asAdmin(name: string, work: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      const deadline = Date.now() + patienceMs;
      while (!this.#parts.signal.aborted) {
        try {
          await work();
          this.#count(name, 1);
          return;
        } catch (error) {
          if (Date.now() > deadline) throw error;
          await this.#pause(tryAgainMs);
        }
      }
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#adminsTurn.then(work);
    this.#adminsTurn = done.catch(() => undefined);
    return done;
  }

  #count(name: string, times: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + times);
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#parts.signal }).catch(() => undefined);
  }
}
