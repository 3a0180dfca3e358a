import type { Bench, Section } from '../bench.ts';
import type { BenchChat } from '../chat.ts';
import { cpuFigures, cpuTimes } from '../cpu.ts';
import { latencyFigure, shortNumber, type Bound, type Figure } from '../figure.ts';
import { offer, type Send } from '../load.ts';
import { percentile } from '../stats.ts';

const sizes = [20, 200] as const;
/** Of one side of one chat. */
const messageEverySeconds = 10;
const paceLimit = 10;
/** Fewer chats than these say nothing about how fast chats open. */
const fewest = 50;

/** Many people who type: in every chat one message in ten seconds each way. */
export const paceSection: Section = {
  name: 'pace',
  title: 'Relay at human pace: in each chat one message in 10 s each way',
  async *run(bench) {
    for (const size of sizes) {
      const missing = Math.max(0, size - bench.openChats);
      const begun = performance.now();
      const chats = await bench.chats(size);
      const seconds = (performance.now() - begun) / 1_000;
      if (missing >= fewest) {
        yield {
          id: `pace${size}.open`,
          label: `${missing} chats: opened, joined, first words in their channels`,
          value: missing / seconds,
          unit: '/s',
          detail: `all after ${shortNumber(seconds)} s`,
        };
      }
      yield* await atPace(bench, chats);
    }
  },
};

async function atPace(bench: Bench, chats: readonly BenchChat[]): Promise<Figure[]> {
  const rate = chats.length / messageEverySeconds;
  const roundRobin =
    (send: (chat: BenchChat) => Promise<number>): Send =>
    (index) =>
      send(chats[index % chats.length] as BenchChat);
  const before = await cpuTimes(bench.stack);
  const [toZoom, toVisitor] = await Promise.all([
    offer(
      rate,
      bench.seconds,
      roundRobin((chat) => chat.toZoom()),
      bench.signal,
    ),
    offer(
      rate,
      bench.seconds,
      roundRobin((chat) => chat.toVisitor()),
      bench.signal,
    ),
  ]);
  const messages = toZoom.latencies.length + toVisitor.latencies.length;
  const cpu = await cpuFigures(
    `pace${chats.length}.cpu`,
    `${chats.length} chats: CPU time per message`,
    bench.stack,
    before,
    messages,
  );
  const figure = (way: 'toZoom' | 'toVisitor', words: string): Figure => {
    const { latencies, lost } = way === 'toZoom' ? toZoom : toVisitor;
    const made = latencyFigure(`pace${chats.length}.${way}`, `${chats.length} chats: ${words} (p50)`, latencies, lost);
    return chats.length === sizes[1] ? { ...made, bound: tailBound(bench, way, latencies, lost) } : made;
  };
  return [figure('toZoom', 'visitor → Zoom'), figure('toVisitor', 'Zoom → visitor'), ...cpu];
}

function tailBound(bench: Bench, way: string, latencies: readonly number[], lost: number): Bound {
  const text = `p99 < ${paceLimit} × idle p50`;
  const idle = bench.known(`idle.${way}`);
  if (idle === undefined) return { text, value: undefined, held: undefined };
  const ratio =
    percentile(
      [...latencies].sort((a, b) => a - b),
      0.99,
    ) / idle;
  return { text, value: ratio, held: ratio < paceLimit && lost === 0 };
}
