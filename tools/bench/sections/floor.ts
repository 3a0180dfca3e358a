import type { Section } from '../bench.ts';
import { cpuFigure, cpuTimes } from '../cpu.ts';
import { latencyFigure, shortNumber } from '../figure.ts';
import { startFloor } from '../floor/floor.ts';
import { idlePause, sustainedRate } from '../load.ts';

const workflows = 100;
const idleMessages = 50;
/** The idle messages go to so many workflows, one after the other, as they do in the relay's measurement. */
const spread = 10;
const warmUp = 10;

/** What a bare durable relay costs on this machine. */
export const floorSection: Section = {
  name: 'floor',
  title: 'Floor: one signal → one activity, on the same Temporal server',
  async *run(bench) {
    const floor = await startFloor(bench, workflows);
    try {
      for (let index = 0; index < warmUp; index += 1) await floor.signal(index);
      const begin = await floor.settled(0);
      const idle: number[] = [];
      for (let index = 0; index < idleMessages; index += 1) {
        idle.push(await floor.signal(index % spread));
        await floor.settled(index % spread);
        await idlePause(bench.signal);
      }
      const end = await floor.settled(0);
      yield latencyFigure('floor.idle', 'latency, idle (p50)', idle);
      const each = idleMessages / spread;
      yield {
        id: 'floor.events',
        label: 'events, idle',
        value: (end.events - begin.events) / each,
        unit: 'events',
        detail: `${shortNumber((end.bytes - begin.bytes) / each)} B`,
      };
      const before = await cpuTimes(bench.stack);
      let sent = 0;
      const { rate, outcome, saturated } = await sustainedRate(
        { underWay: 64, stepSeconds: bench.seconds / 5 },
        () => floor.signal(sent++),
        bench.signal,
      );
      yield {
        id: 'floor.rate',
        label: `highest sustained rate, ${workflows} workflows`,
        value: rate,
        unit: '/s',
        detail: `saturated ${shortNumber(saturated)}/s`,
        numbers: { saturated },
      };
      yield latencyFigure('floor.atRate', 'latency at that rate (p50)', outcome.latencies, outcome.lost);
      yield* await cpuFigure('floor.cpu', 'CPU time per message, Temporal alone', bench.stack, before, sent, [
        'temporal',
      ]);
    } finally {
      await floor.stop();
    }
  },
};
