import { z } from 'zod';
import type { FaultCounts } from './fault-counts.ts';
import { refusedContentRules } from './faults.ts';

const ruleSchema = z.looseObject({ id: z.string(), used: z.number().default(0) });
const rulesSchema = z.looseObject({ rules: z.array(ruleSchema) });
const changedSchema = z.looseObject({ added: z.array(z.string()), cleared: z.array(ruleSchema) });
const lateRuleSchema = z.looseObject({ delay_ms: z.number() });

/** The sandbox's fault rules: sets them, and counts how often they acted. */
export class SandboxRules {
  readonly #url: string;
  readonly #counts: FaultCounts;
  readonly #faultOf = new Map<string, string>();
  readonly #used = new Map<string, number>();
  readonly #earliestEffect = new Map<string, number>();
  #refusesContent = false;

  constructor(sandboxUrl: string, counts: FaultCounts) {
    this.#url = `${sandboxUrl}/_sandbox/faults`;
    this.#counts = counts;
  }

  /**
   * @param fault under which name it counts; undefined for what only helps another fault.
   * @returns the rules' ids
   */
  async add(fault: string | undefined, rules: readonly object[]): Promise<readonly string[]> {
    const begun = Date.now();
    const { added } = await this.#change({ rules });
    added.forEach((id, index) => {
      if (fault === undefined) return;
      this.#faultOf.set(id, fault);
      if (fault === 'late-effect') {
        this.#earliestEffect.set(id, begun + lateRuleSchema.parse(rules[index]).delay_ms);
      }
    });
    return added;
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.count();
    for (const id of ids) await fetch(`${this.#url}/${id}`, { method: 'DELETE' });
  }

  /** From now on, to the end of the run, Zoom refuses to show posts with certain words. */
  async refuseContent(): Promise<void> {
    this.#refusesContent = true;
    await this.add('content-refused', refusedContentRules);
  }

  /** How often a rule has acted, as of the last count. */
  used(id: string): number {
    return this.#used.get(id) ?? 0;
  }

  /** Counts what the rules in force have done. */
  async count(): Promise<void> {
    const response = await fetch(this.#url);
    this.#count(rulesSchema.parse(await response.json()).rules);
  }

  /** Takes all rules away but the one about content: that is what Zoom refuses for good. */
  async clear(): Promise<void> {
    const { cleared } = await this.#change({ clear: true, rules: this.#refusesContent ? refusedContentRules : [] });
    this.#count(cleared);
  }

  /** When Zoom did, at the earliest, what its caller had long given up: each time, ms since 1970. */
  get lateEffects(): number[] {
    return [...this.#earliestEffect].flatMap(([id, earliest]) => (this.used(id) > 0 ? [earliest] : []));
  }

  #count(rules: readonly z.infer<typeof ruleSchema>[]): void {
    for (const { id, used } of rules) {
      const fault = this.#faultOf.get(id);
      if (fault === undefined) continue;
      this.#counts.add(fault, used - this.used(id));
      this.#used.set(id, used);
    }
  }

  async #change(change: object): Promise<z.infer<typeof changedSchema>> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(change),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The sandbox refused a fault: ${text}`);
    return changedSchema.parse(JSON.parse(text));
  }
}
