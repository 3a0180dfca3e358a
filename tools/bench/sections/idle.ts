import type { Section } from '../bench.ts';
import { atMost, latencyFigure, type Figure } from '../figure.ts';
import { startFloor } from '../floor/floor.ts';
import { idlePause } from '../load.ts';
import { settled } from '../settled.ts';

const chats = 10;
const messages = 50;

/**
 * One message at a time: the next one leaves when the last one has arrived and nothing is under way behind it. The
 * floor is measured again in between, one for one: within minutes the machine itself gets faster and slower by more
 * than is to be seen.
 */
export const idleSection: Section = {
  name: 'idle',
  title: 'Relay, idle: one message at a time',
  async *run(bench) {
    const open = await bench.chats(chats);
    const floor = await startFloor(bench, chats);
    try {
      for (const [index, chat] of open.entries()) {
        await settled(bench, chat);
        await floor.signal(index);
      }
      const bare: number[] = [];
      const toZoom: number[] = [];
      const toVisitor: number[] = [];
      for (let index = 0; index < messages; index += 1) {
        const chat = open[index % open.length];
        if (chat === undefined) break;
        bare.push(await floor.signal(index));
        await floor.settled(index);
        await idlePause(bench.signal);
        toZoom.push(await chat.toZoom());
        await settled(bench, chat);
        await idlePause(bench.signal);
        toVisitor.push(await chat.toVisitor());
        await settled(bench, chat);
        await idlePause(bench.signal);
      }
      const floorFigure = latencyFigure('idle.floor', 'the floor meanwhile (p50)', bare);
      const against = (figure: Figure): Figure => ({
        ...figure,
        bound: atMost('≤ 1.5 × floor', figure.value, floorFigure.value, 1.5),
      });
      yield floorFigure;
      yield against(latencyFigure('idle.toZoom', 'visitor → Zoom (p50)', toZoom));
      yield against(latencyFigure('idle.toVisitor', 'Zoom → visitor (p50)', toVisitor));
    } finally {
      await floor.stop();
    }
  },
};
