import type { Section } from '../bench.ts';
import { atMost, latencyFigure, type Figure } from '../figure.ts';
import { idlePause } from '../load.ts';
import { settled } from '../settled.ts';

const chats = 10;
const messages = 50;

/** One message at a time: the next one leaves when the last one has arrived and nothing is under way behind it. */
export const idleSection: Section = {
  name: 'idle',
  title: 'Relay, idle: one message at a time',
  async *run(bench) {
    const open = await bench.chats(chats);
    for (const chat of open) await settled(bench, chat);
    const toZoom: number[] = [];
    const toVisitor: number[] = [];
    for (let index = 0; index < messages; index += 1) {
      const chat = open[index % open.length];
      if (chat === undefined) break;
      toZoom.push(await chat.toZoom());
      await settled(bench, chat);
      await idlePause(bench.signal);
      toVisitor.push(await chat.toVisitor());
      await settled(bench, chat);
      await idlePause(bench.signal);
    }
    const against = (figure: Figure): Figure => ({
      ...figure,
      verdict: atMost('≤ 1.5 × floor', figure.value, bench.known('floor.idle'), 1.5),
    });
    yield against(latencyFigure('idle.toZoom', 'visitor → Zoom (p50)', toZoom));
    yield against(latencyFigure('idle.toVisitor', 'Zoom → visitor (p50)', toVisitor));
  },
};
