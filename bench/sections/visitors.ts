import { setTimeout as delay } from 'node:timers/promises';
import type { Section } from '../bench.ts';
import { freePort } from '../../embedded/ports.ts';
import { cpuTimes } from '../cpu.ts';
import { atMost, shortNumber } from '../figure.ts';
import { Crowd } from '../visitors/crowd.ts';
import { openFilesLimit } from '../visitors/open-files.ts';

const steps = [2_500, 5_000, 10_000] as const;
/** Files that a process has open beside its sockets. */
const otherFiles = 500;
const kilobytesTarget = 20;
const backTarget = 30;
const quietMs = 2_000;

/** Visitors who have the page open and say nothing. */
export const visitorsSection: Section = {
  name: 'visitors',
  title: 'Open visitors who say nothing, in one api process',
  async *run(bench) {
    const { widget } = await bench.site();
    // A fresh process: its memory holds nothing of earlier sections.
    const port = await freePort();
    const api = await bench.stack.add('api', 'api-of-visitors', { PORT: String(port), TRUST_PROXY: '1' });
    const most = Math.min(steps[steps.length - 1] ?? 0, openFilesLimit() - otherFiles);
    const base = await api.rssBytes();
    const crowd = Crowd.gather({ appUrl: `http://localhost:${port}`, widget }, bench.signal);
    try {
      let open = 0;
      while (open < most) {
        const before = open;
        open = Math.min(most, steps.find((step) => step > before) ?? most);
        const { seconds } = await crowd.open(open);
        // What the handshakes left behind is collected when there is time.
        await delay(quietMs, undefined, { signal: bench.signal });
        const rss = await api.rssBytes();
        const bytesEach = rss === undefined || base === undefined ? NaN : (rss - base) / open;
        yield {
          id: `visitors.${open}`,
          label: `${open} open: api memory each`,
          value: bytesEach / 1_000,
          unit: 'kB',
          detail: `${shortNumber((open - before) / seconds)} connections/s`,
          ...(open === most ? { verdict: atMost(`≤ ${kilobytesTarget} kB`, bytesEach, 1_000, kilobytesTarget) } : {}),
        };
      }
      const before = await cpuTimes(bench.stack, api);
      const { seconds, refused, missing } = await crowd.cutAndReturn();
      const after = await cpuTimes(bench.stack, api);
      const used = [...after]
        .map(([name, time]) => `${name} ${shortNumber(time - (before.get(name) ?? 0))}`)
        .join(', ');
      const within = atMost(`≤ ${backTarget} s`, seconds, 1, backTarget);
      yield {
        id: 'visitors.back',
        label: `${open} cut off at once: all have their welcome after`,
        value: seconds,
        unit: 's',
        detail: `${missing === 0 ? '' : `${missing} NOT BACK, `}${refused} further tries; CPU s: ${used}`,
        numbers: { refused, missing },
        verdict: missing === 0 ? within : { ...within, pass: false },
      };
    } finally {
      await crowd.leave();
      await api.stop();
    }
  },
};
