import { z } from 'zod';
import type { Store } from './state.ts';
import { newId } from './ids.ts';

const headersInput = z.record(z.string(), z.string());

const common = {
  /** Which requests or events the rule is about. All of it must fit; `*` stands for any text. */
  match: z
    .strictObject({
      method: z.string().optional(),
      /** Path as requested, such as `/v2/im/chat/messages`. */
      path: z.string().optional(),
      /** Event name, for webhook rules. */
      event: z.string().optional(),
      endpoint: z.string().optional(),
      /** The body of the request or the event as JSON text, such as `*"message":"Hello*`. */
      body: z.string().optional(),
    })
    .default({}),
  /** How often the rule acts before it is used up; without it, for ever. */
  times: z.number().int().positive().optional(),
  /** How many matching requests pass untouched first. */
  skip: z.number().int().min(0).default(0),
  /** Chance that the rule acts on a match, drawn from the seeded generator. */
  probability: z.number().min(0).max(1).default(1),
};
const when = z.enum(['before', 'after']);

/** One fault to inject. `before` faults leave no effect; `after` faults spoil the answer of a call that worked. */
export const faultRule = z.discriminatedUnion('kind', [
  /** Answers with a status of choice. `code` and `message` make Zoom's error body; `body` replaces it. */
  z.strictObject({
    kind: z.literal('status'),
    ...common,
    status: z.number().int().min(200).max(599),
    code: z.number().int().optional(),
    message: z.string().optional(),
    body: z.unknown().optional(),
    headers: headersInput.default({}),
    when: when.default('before'),
  }),
  /** Waits before or after the effect, then goes on normally. */
  z.strictObject({
    kind: z.literal('delay'),
    ...common,
    delay_ms: z.number().int().min(0).max(600_000),
    when: when.default('before'),
  }),
  /** Cuts the connection instead of answering; by default after the effect. */
  z.strictObject({ kind: z.literal('reset'), ...common, when: when.default('after') }),
  /** Never answers, so that the caller times out; by default after the effect. */
  z.strictObject({ kind: z.literal('hang'), ...common, when: when.default('after') }),
  /** Answers with the right status and a body that is cut off in the middle. */
  z.strictObject({ kind: z.literal('malformed_json'), ...common }),
  /** Spoils a webhook on its way. */
  z.strictObject({
    kind: z.literal('webhook'),
    ...common,
    effect: z.enum(['duplicate', 'drop', 'delay', 'reorder', 'wrong_signature', 'no_signature', 'stale_timestamp']),
    /** For `delay` and `reorder`: how long the event is delayed. */
    delay_ms: z.number().int().min(0).max(600_000).default(1_500),
    /** For `duplicate`: how many copies arrive in all. */
    copies: z.number().int().min(2).max(10).default(2),
    /** For `duplicate`: whether copies carry the same x-zm-request-id. */
    same_request_id: z.boolean().default(true),
  }),
  /** Answers a refresh with a connection cut after the pair was rotated: the new pair is lost. */
  z.strictObject({ kind: z.literal('token_answer_lost'), ...common }),
]);

export type FaultRule = z.infer<typeof faultRule>;

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
      if (rule.kind === 'webhook') return false;
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
