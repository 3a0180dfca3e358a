import type { Bench, Section } from '../bench.ts';
import type { BenchChat } from '../chat.ts';
import { atMost, shortNumber, type Figure } from '../figure.ts';
import { settled, type HistorySize } from '../settled.ts';
import { countedOps, mongoCounters } from '../mongo-ops.ts';

const exchanges = 8;
const burst = 10;
const burstChats = 3;

/** What Temporal and MongoDB are asked to keep for a message. */
export const historySection: Section = {
  name: 'history',
  title: 'Events in Temporal and writes in MongoDB, per message',
  async *run(bench) {
    const all = await bench.freshChats(3 + 2 * burstChats);
    const [first, second, third, ...forBursts] = all;
    if (first === undefined || second === undefined || third === undefined) throw new Error('No chats were opened.');
    const toZoom = await perMessage(bench, [first], exchanges, async (chat) => {
      for (let n = 0; n < exchanges; n += 1) {
        await chat.toZoom();
        await settled(bench, chat);
      }
    });
    yield historyFigure('history.toZoom', 'events, idle, visitor → Zoom', toZoom, 16);
    const toVisitor = await perMessage(bench, [second], exchanges, async (chat) => {
      for (let n = 0; n < exchanges; n += 1) {
        await chat.toVisitor();
        await settled(bench, chat);
      }
    });
    yield historyFigure('history.toVisitor', 'events, idle, Zoom → visitor', toVisitor, 10);
    const counters = await mongoCounters(bench.stack.urls.mongodb);
    try {
      const before = await counters.read();
      const talk = await perMessage(bench, [third], 2 * exchanges, async (chat) => {
        for (let n = 0; n < exchanges; n += 1) {
          await chat.toZoom();
          await settled(bench, chat);
          await chat.toVisitor();
          await settled(bench, chat);
        }
      });
      yield historyFigure('history.talk', 'events, idle, a talk to and fro', talk);
      yield* countedOps(before, await counters.read(), 2 * exchanges);
    } finally {
      await counters.close();
    }
    const bursts = (send: (chat: BenchChat) => Promise<number>, chats: BenchChat[]) =>
      perMessage(bench, chats, burst, async (chat) => {
        await Promise.all(Array.from({ length: burst }, () => send(chat)));
      });
    const burstToZoom = await bursts((chat) => chat.toZoom(), forBursts.slice(0, burstChats));
    yield historyFigure('history.burstToZoom', `events, ${burst} at once, visitor → Zoom`, burstToZoom, 3);
    const burstToVisitor = await bursts((chat) => chat.toVisitor(), forBursts.slice(burstChats));
    yield historyFigure('history.burstToVisitor', `events, ${burst} at once, Zoom → visitor`, burstToVisitor, 3);
  },
};

async function perMessage(
  bench: Bench,
  chats: readonly BenchChat[],
  messagesEach: number,
  talk: (chat: BenchChat) => Promise<void>,
): Promise<HistorySize> {
  const sum: HistorySize = { events: 0, bytes: 0 };
  for (const chat of chats) {
    const before = await settled(bench, chat);
    await talk(chat);
    const after = await settled(bench, chat);
    sum.events += after.events - before.events;
    sum.bytes += after.bytes - before.bytes;
  }
  const messages = chats.length * messagesEach;
  return { events: sum.events / messages, bytes: sum.bytes / messages };
}

function historyFigure(id: string, label: string, { events, bytes }: HistorySize, limit?: number): Figure {
  return {
    id,
    label,
    value: events,
    unit: 'events',
    detail: `${shortNumber(bytes)} B`,
    numbers: { bytes },
    ...(limit === undefined ? {} : { bound: atMost(`≤ ${limit}`, events, 1, limit) }),
  };
}
