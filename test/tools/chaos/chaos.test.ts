import { describe, expect, test } from 'vitest';
import { builtWebAssets } from '../../../tools/embedded/test-servers.ts';
import { defaultOptions, type FaultKind } from '../../../tools/chaos/options.ts';
import { kept, report } from '../../../tools/chaos/report.ts';
import { run } from '../../../tools/chaos/run.ts';

/** Those that need no long wait: a lost webhook is caught up only after a minute, a hanging call after ten seconds. */
const faults: FaultKind[] = [
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

describe('the promise', () => {
  test('is kept while worker, api and Temporal are killed and everything goes wrong that can', async ({ signal }) => {
    await builtWebAssets();
    const lines: string[] = [];
    const result = await run(
      {
        ...defaultOptions,
        seconds: 16,
        chats: 6,
        pace: 0.7,
        seed: 11,
        kill: ['worker', 'api', 'temporal'],
        faults,
        verbose: true,
      },
      { signal, report: (line) => lines.push(line), skipBuild: true },
    );
    expect(kept(result), `${lines.join('\n')}\n\n${report(result)}`).toBe(true);
    // A run in which nothing happened would prove nothing.
    expect(result.kills.map(({ target }) => target).sort()).toEqual(['api', 'temporal', 'worker']);
    for (const { name, expected } of result.checks) expect(expected, name).toBeGreaterThan(0);
    for (const [name, times] of result.faults) expect(times, name).toBeGreaterThan(0);
    for (const fault of faults) expect([...result.faults.keys()].join(), fault).toContain(fault);
    expect(result.reconnects).toBeGreaterThan(0);
  }, 300_000);
});
