import { setTimeout as delay } from 'node:timers/promises';
import type { Section } from '../bench.ts';
import { cpuTimes } from '../cpu.ts';
import { atMost, shortNumber, type Figure } from '../figure.ts';
import { Crowd } from '../visitors/crowd.ts';
import { openFilesLimit } from '../visitors/open-files.ts';

const steps = [2_500, 5_000, 10_000] as const;
/** Files that a process has open beside its sockets. */
const otherFiles = 500;
const bytesTarget = 20_000;
const backTarget = 30;
const quietMs = 2_000;

/** Visitors who have the page open and say nothing. */
export const visitorsSection: Section = {
  name: 'visitors',
  title: 'Open visitors who say nothing, in one api process',
  async *run(bench) {
    const { widget } = await bench.site();
    const { api } = bench.stack.processes;
    const figures: Figure[] = [];
    const most = Math.min(steps[steps.length - 1] ?? 0, openFilesLimit() - otherFiles);
    const base = await api.rssBytes();
    const crowd = Crowd.gather({ appUrl: bench.stack.urls.app, widget }, bench.signal);
    try {
      let open = 0;
      let bytesEach = NaN;
      for (const step of steps) {
        const count = Math.min(step, most);
        if (count <= open) break;
        const seconds = await crowd.open(count);
        const opened = count - open;
        open = count;
        // What the handshakes left behind is collected when there is time.
        await delay(quietMs, undefined, { signal: bench.signal });
        const rss = await api.rssBytes();
        bytesEach = rss === undefined || base === undefined ? NaN : (rss - base) / open;
        figures.push({
          id: `visitors.${step}`,
          label: `${open} open: api memory each`,
          value: bytesEach / 1_000,
          unit: 'kB',
          detail: `${shortNumber(opened / seconds)} connections/s`,
        });
      }
      const last = figures.at(-1);
      if (last !== undefined) last.verdict = atMost('≤ 20 kB', bytesEach, 1_000, bytesTarget / 1_000);
      const before = await cpuTimes(bench.stack);
      const { seconds, refused } = await crowd.cutAndReturn();
      const after = await cpuTimes(bench.stack);
      const used = [...after]
        .map(([name, time]) => `${name} ${shortNumber(time - (before.get(name) ?? 0))}`)
        .join(', ');
      figures.push({
        id: 'visitors.back',
        label: `${open} cut off at once: all have their welcome after`,
        value: seconds,
        unit: 's',
        detail: `${refused} further tries; CPU s: ${used}`,
        verdict: atMost(`≤ ${backTarget} s`, seconds, 1, backTarget),
      });
      return figures;
    } finally {
      await crowd.leave();
    }
  },
};
