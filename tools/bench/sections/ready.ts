import { gzipSync } from 'node:zlib';
import type { Section } from '../bench.ts';
import { processNames } from '../cpu.ts';
import { shortNumber } from '../figure.ts';

const megabyte = 1_000_000;

/** What a stack costs before anybody uses it. */
export const readySection: Section = {
  name: 'ready',
  title: 'Start, size and memory',
  async *run(bench) {
    const { stack } = bench;
    const rss = new Map<string, number>();
    for (const name of processNames) {
      const bytes = await stack.process(name).rssBytes();
      if (bytes !== undefined) rss.set(name, bytes / megabyte);
    }
    const widget = await fetch(`${stack.urls.app}/widget.js`);
    if (!widget.ok) throw new Error(`The widget answers ${widget.status}.`);
    const code = Buffer.from(await widget.arrayBuffer());
    yield {
      id: 'ready.seconds',
      label: 'stack ready after (build of the browser files included)',
      value: bench.readyAfter,
      unit: 's',
    };
    yield {
      id: 'ready.widget',
      label: 'widget, gzip',
      value: gzipSync(code, { level: 9 }).length / 1_000,
      unit: 'kB',
      detail: `plain ${shortNumber(code.length / 1_000)} kB`,
    };
    if (rss.size === 0) return;
    yield {
      id: 'ready.rss',
      label: 'resident memory, idle, all processes',
      value: [...rss.values()].reduce((sum, one) => sum + one, 0),
      unit: 'MB',
      detail: [...rss].map(([name, one]) => `${name} ${shortNumber(one)}`).join(', '),
      numbers: Object.fromEntries(rss),
    };
  },
};
