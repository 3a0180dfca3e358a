import { describe, expect, test } from 'vitest';
import { builtOnce } from '../../../tools/embedded/test-servers.ts';
import {
  commandOf,
  defaultOptions,
  newSeed,
  worldFaultKinds,
  type ChaosOptions,
  type FaultKind,
} from '../../../tools/chaos/options.ts';
import { Random } from '../../../tools/chaos/random.ts';
import { kept, report } from '../../../tools/chaos/report.ts';
import { run } from '../../../tools/chaos/run.ts';

/** Those that need no long wait: a lost webhook is caught up only after a minute, a hanging call after ten seconds. */
const always: FaultKind[] = [
  'cut',
  'half-open',
  'rate-limited',
  'error-before',
  'error-after',
  'reset-after',
  'duplicate-webhook',
  'late-webhook',
  'reordered-webhook',
  'expired-tokens',
  'regrant',
  'reroute',
];
/** So many of the world's changes are in each run, others each time. */
const changes = 5;

/** Another run each time: what one does not find another may. */
function newRun(): ChaosOptions {
  const seed = newSeed();
  const chosen = new Random(seed).shuffled(worldFaultKinds).slice(0, changes);
  return {
    ...defaultOptions,
    seed,
    seconds: 16,
    chats: 6,
    pace: 0.7,
    kill: ['worker', 'api', 'temporal'],
    faults: [...always, ...worldFaultKinds.filter((kind) => chosen.includes(kind))],
    verbose: true,
  };
}

describe('the promise', () => {
  test('is kept while worker, api and Temporal are killed and everything goes wrong that can', async ({ signal }) => {
    await builtOnce();
    const options = newRun();
    console.log(`This run is new each time. Repeat: ${commandOf(options)}`);
    const lines: string[] = [];
    const result = await run(options, { signal, report: (line) => lines.push(line), skipBuild: true });
    expect(kept(result), `${lines.join('\n')}\n\n${report(result)}`).toBe(true);
    // A run in which nothing happened would prove nothing.
    expect(result.kills.map(({ target }) => target).sort()).toEqual(['api', 'temporal', 'worker']);
    const ofSome = ['closing notes', 'after a lost channel'];
    for (const { name, expected } of result.checks)
      if (!ofSome.includes(name)) expect(expected, name).toBeGreaterThan(0);
    for (const [name, times] of result.faults) expect(times, name).toBeGreaterThan(0);
    for (const fault of options.faults) expect([...result.faults.keys()].join(), fault).toContain(fault);
    expect(result.reconnects).toBeGreaterThan(0);
    expect(result.replayed).toBeGreaterThan(options.chats);
  }, 400_000);
});
