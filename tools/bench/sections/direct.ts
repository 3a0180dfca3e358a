import type { Section } from '../bench.ts';
import { DirectRelay } from '../direct/relay.ts';
import { latencyFigure, shortNumber, type Figure } from '../figure.ts';
import { sustainedRate } from '../load.ts';

const messages = 50;

/** What the relay would cost if nothing were kept: a socket, a POST, a webhook. */
export const directSection: Section = {
  name: 'direct',
  title: 'Price tag: the same relay in memory, nothing durable',
  async *run(bench) {
    const relay = await DirectRelay.start(bench);
    try {
      const toZoom: number[] = [];
      const toVisitor: number[] = [];
      for (let index = 0; index < messages; index += 1) {
        toZoom.push(await relay.toZoom());
        toVisitor.push(await relay.toVisitor());
      }
      const withPrice = (figure: Figure, ours: number | undefined): Figure => {
        const price = ours === undefined ? '' : `; ours takes ${shortNumber(ours / figure.value)} times that`;
        return { ...figure, detail: `${figure.detail ?? ''}${price}` };
      };
      yield withPrice(latencyFigure('direct.toZoom', 'visitor → Zoom (p50)', toZoom), bench.known('idle.toZoom'));
      yield withPrice(
        latencyFigure('direct.toVisitor', 'Zoom → visitor (p50)', toVisitor),
        bench.known('idle.toVisitor'),
      );
      const { rate, saturated } = await sustainedRate(
        { underWay: 32, stepSeconds: bench.seconds / 10 },
        (index) => (index % 2 === 0 ? relay.toZoom() : relay.toVisitor()),
        bench.signal,
      );
      yield {
        id: 'direct.rate',
        label: 'highest sustained rate, both ways together',
        value: rate,
        unit: '/s',
        detail: `saturated ${shortNumber(saturated)}/s`,
      };
    } finally {
      await relay.stop();
    }
  },
};
