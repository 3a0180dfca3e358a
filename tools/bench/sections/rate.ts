import type { Section } from '../bench.ts';
import type { BenchChat } from '../chat.ts';
import { cpuFigures, cpuTimes } from '../cpu.ts';
import { atLeast, latencyFigure, shortNumber } from '../figure.ts';
import { sustainedRate } from '../load.ts';

/**
 * So many that no chat meets the pace that Zoom's limits set for one channel, nor the limit on one visitor's
 * messages.
 */
const chats = 200;

/** The most that passes through, both ways together. */
export const rateSection: Section = {
  name: 'rate',
  title: 'Relay, highest sustained rate: both ways together',
  async *run(bench) {
    const open = await bench.chats(chats);
    const before = await cpuTimes(bench.stack);
    let sent = 0;
    const { rate, outcome, saturated } = await sustainedRate(
      { underWay: 64, stepSeconds: bench.seconds / 5 },
      () => {
        const chat = open[sent % open.length] as BenchChat;
        const round = Math.floor(sent / open.length);
        sent += 1;
        // Every chat speaks both ways, one after the other.
        return (sent + round) % 2 === 0 ? chat.toZoom() : chat.toVisitor();
      },
      bench.signal,
    );
    yield {
      id: 'rate.sustained',
      label: `highest sustained rate, ${chats} chats`,
      value: rate,
      unit: '/s',
      detail: `saturated ${shortNumber(saturated)}/s`,
      numbers: { saturated },
      bound: atLeast('≥ 0.45 × floor', rate, bench.known('floor.rate'), 0.45),
    };
    yield latencyFigure('rate.latency', 'latency at that rate (p50)', outcome.latencies, outcome.lost);
    yield* await cpuFigures('rate.cpu', 'CPU time per message, over all steps', bench.stack, before, sent);
  },
};
