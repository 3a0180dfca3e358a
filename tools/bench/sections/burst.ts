import { setTimeout as delay } from 'node:timers/promises';
import type { Section } from '../bench.ts';
import type { BenchChat } from '../chat.ts';
import { shortNumber, type Figure } from '../figure.ts';
import { median } from '../stats.ts';

/** What the server takes of one visitor at once. */
const burst = 10;
const repeats = 5;
/** Since the first words of a chat, so that the api's limit on one visitor lets all of a burst through, ms. */
const pauseMs = 1_100;

/** Several messages at once within one chat, one chat at a time. */
export const burstSection: Section = {
  name: 'burst',
  title: `Relay, bursts: ${burst} messages at once in one chat`,
  async *run(bench) {
    const chats = await bench.freshChats(2 * repeats);
    await delay(pauseMs, undefined, { signal: bench.signal });
    const bursts = async (send: (chat: BenchChat) => Promise<number>, those: readonly BenchChat[]) => {
      const took: number[] = [];
      for (const chat of those) {
        const each = await Promise.all(Array.from({ length: burst }, () => send(chat)));
        took.push(Math.max(...each));
      }
      return took;
    };
    const figure = (id: string, label: string, took: readonly number[]): Figure => ({
      id,
      label,
      value: median(took),
      unit: 'ms',
      detail: `${shortNumber((burst * 1_000) / median(took))} messages/s, median of ${repeats} bursts`,
    });
    const last = 'until the last one is there';
    const toZoom = await bursts((chat) => chat.toZoom(), chats.slice(0, repeats));
    yield figure('burst.toZoom', `visitor → Zoom, ${last}`, toZoom);
    const toVisitor = await bursts((chat) => chat.toVisitor(), chats.slice(repeats));
    yield figure('burst.toVisitor', `Zoom → visitor, ${last}`, toVisitor);
  },
};
