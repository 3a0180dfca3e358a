import type { FaultRule } from './fault-rules.ts';
import { newId } from './ids.ts';
import type { Store } from './state.ts';

/** A rule in force: with an id and how often it matched and acted. */
export type ActiveRule = FaultRule & { id: string; seen?: number; used?: number };

function fits(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`, 'i').test(text);
}

/** A small seeded generator (mulberry32), so that a run with probabilities can be repeated. */
function generator(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The fault rules in force. They are kept over a restart. */
export class Faults {
  readonly #store: Store;
  #random = generator(1);

  constructor(store: Store) {
    this.#store = store;
  }

  /** Restarts the generator behind probabilities. */
  seed(value: number): void {
    this.#random = generator(value);
  }

  random(): number {
    return this.#random();
  }

  list(): ActiveRule[] {
    return this.#store.rules.all();
  }

  add(rule: FaultRule): ActiveRule {
    const active: ActiveRule = { ...rule, id: newId(), seen: 0, used: 0 };
    this.#store.rules.put(active);
    return active;
  }

  remove(id: string): boolean {
    const known = this.#store.rules.get(id) !== undefined;
    this.#store.rules.delete(id);
    return known;
  }

  clear(): void {
    for (const rule of this.list()) this.#store.rules.delete(rule.id);
  }

  /** The rules that act on this API request, used up as they are taken. */
  forRequest(request: { method: string; path: string; body: unknown; isRefresh: boolean }): ActiveRule[] {
    return this.#take((rule) => {
      if (rule.kind === 'webhook' || rule.kind === 'mail') return false;
      if (rule.kind === 'token_answer_lost' && !request.isRefresh) return false;
      const { method, path, body } = rule.match;
      if (!fits(method, request.method) || !fits(path, request.path)) return false;
      return body === undefined || fits(body, JSON.stringify(request.body ?? {}));
    });
  }

  /** The webhook rules that act on this event. */
  forEvent(event: string, endpoint: string, body: string): Extract<ActiveRule, { kind: 'webhook' }>[] {
    return this.#take(
      (rule) =>
        rule.kind === 'webhook' &&
        fits(rule.match.event, event) &&
        fits(rule.match.endpoint, endpoint) &&
        fits(rule.match.body, body),
    ).filter((rule) => rule.kind === 'webhook');
  }

  /** The mail rules that act on a mail to this address, while its recipient or after its data is looked at. */
  forMail(step: 'recipient' | 'data', to: string): Extract<ActiveRule, { kind: 'mail' }>[] {
    return this.#take((rule) => {
      if (rule.kind !== 'mail' || !fits(rule.match.to, to)) return false;
      return (rule.effect === 'refuse' || rule.effect === 'defer') === (step === 'recipient');
    }).filter((rule) => rule.kind === 'mail');
  }

  #take(applies: (rule: ActiveRule) => boolean): ActiveRule[] {
    const taken: ActiveRule[] = [];
    for (const rule of this.list()) {
      if (!applies(rule)) continue;
      const seen = (rule.seen ?? 0) + 1;
      const acts =
        seen > rule.skip &&
        (rule.times === undefined || (rule.used ?? 0) < rule.times) &&
        (rule.probability >= 1 || this.#random() < rule.probability);
      const next: ActiveRule = { ...rule, seen, used: (rule.used ?? 0) + (acts ? 1 : 0) };
      this.#store.rules.put(next);
      if (acts) taken.push(next);
    }
    return taken;
  }
}
