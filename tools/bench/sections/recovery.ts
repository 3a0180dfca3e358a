import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Section } from '../bench.ts';
import type { BenchChat } from '../chat.ts';
import { atMost, shortNumber, type Figure } from '../figure.ts';
import { settled } from '../settled.ts';
import { within } from '../waiting.ts';

const targetSeconds = 5;
const reconnectEveryMs = 50;
const reconnectMs = 60_000;

/** From the moment a killed process is started again until messages pass both ways. */
export const recoverySection: Section = {
  name: 'recovery',
  title: 'Relaying again after SIGKILL',
  async *run(bench) {
    yield await killedWorker(bench);
    yield await killedApi(bench);
  },
};

/** A chat that the worker knew: what is written while it is away waits in Temporal. */
async function killedWorker(bench: Bench): Promise<Figure> {
  const [first, second] = await bench.freshChats(2);
  if (first === undefined || second === undefined) throw new Error('No chats were opened.');
  await Promise.all([settled(bench, first), settled(bench, second)]);
  const { worker } = bench.stack.processes;
  await worker.kill('SIGKILL');
  const messages = [first.toZoom(), second.toVisitor()];
  const begun = performance.now();
  const arrived = Promise.all(messages).then(() => performance.now());
  await worker.start();
  const ready = performance.now();
  return recovered('recovery.worker', 'worker', begun, ready, await within(arrived, reconnectMs, 'relaying again'));
}

/** The visitor comes back by himself, as the widget does; then both sides write. */
async function killedApi(bench: Bench): Promise<Figure> {
  const [chat] = await bench.freshChats(1);
  if (chat === undefined) throw new Error('No chat was opened.');
  await settled(bench, chat);
  const { api } = bench.stack.processes;
  await api.kill('SIGKILL');
  const begun = performance.now();
  const relayed = comeBack(bench, chat).then(async () => {
    await Promise.all([chat.toZoom(), chat.toVisitor()]);
    return performance.now();
  });
  await api.start();
  const ready = performance.now();
  return recovered('recovery.api', 'api', begun, ready, await within(relayed, reconnectMs, 'relaying again'));
}

async function comeBack(bench: Bench, chat: BenchChat): Promise<void> {
  for (;;) {
    try {
      await chat.visitor.connect();
      return;
    } catch {
      await delay(reconnectEveryMs, undefined, { signal: bench.signal });
    }
  }
}

function recovered(id: string, name: string, begun: number, ready: number, relaying: number): Figure {
  const seconds = (relaying - begun) / 1_000;
  const start = (ready - begun) / 1_000;
  const behind = relaying > ready ? `${shortNumber((relaying - ready) / 1_000)} s after it` : 'before that';
  return {
    id,
    label: `${name}: relaying both ways after its start`,
    value: seconds,
    unit: 's',
    detail: `reported ready after ${shortNumber(start)} s, relaying ${behind}`,
    numbers: { ready: start },
    verdict: atMost(`≤ ${targetSeconds} s`, seconds, 1, targetSeconds),
  };
}
