import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Section } from '../bench.ts';
import type { BenchChat } from '../chat.ts';
import { atMost, shortNumber, type Figure } from '../figure.ts';
import { offer } from '../load.ts';
import { settled } from '../settled.ts';
import { summarize } from '../stats.ts';
import { within } from '../waiting.ts';

const limitSeconds = 5;
/** Chats of the killed worker, how many messages each had before, each way, and how often somebody writes there. */
const busyChats = 40;
const messagesBefore = 12;
const messageEverySeconds = 2;
/** The load goes on for this long before the kill, and in all, s. */
const loadBeforeKill = 3;
const loadSeconds = 20;
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

/** Its chats are replayed before they go on, all at once, while everybody goes on writing. */
async function killedWorker(bench: Bench): Promise<Figure> {
  const chats = await bench.freshChats(busyChats);
  await Promise.all(chats.map(talk));
  const { worker } = bench.stack.processes;
  /** When the first message of each chat arrived after the start, `performance.now()`. */
  const again = { toZoom: new Map<BenchChat, number>(), toVisitor: new Map<BenchChat, number>() };
  let begun = Infinity;
  const send = (way: keyof typeof again) => async (index: number) => {
    const chat = chats[index % chats.length] as BenchChat;
    const ms = await chat[way]();
    const at = performance.now();
    if (at > begun && !again[way].has(chat)) again[way].set(chat, at);
    return ms;
  };
  const rate = busyChats / messageEverySeconds;
  const load = Promise.all([
    offer(rate, loadSeconds, send('toZoom'), bench.signal),
    offer(rate, loadSeconds, send('toVisitor'), bench.signal),
  ]);
  await delay(loadBeforeKill * 1_000, undefined, { signal: bench.signal });
  await worker.kill('SIGKILL');
  begun = performance.now();
  await worker.start();
  const ready = performance.now();
  const outcomes = await load;
  const seconds = (way: keyof typeof again) => [...again[way].values()].map((at) => (at - begun) / 1_000);
  const ways = [seconds('toZoom'), seconds('toVisitor')];
  const first = Math.max(...ways.map((one) => Math.min(...one)));
  const half = Math.max(...ways.map((one) => summarize(one).p50));
  const all = ways.every(({ length }) => length === busyChats) ? Math.max(...ways.flat()) : NaN;
  const lost = outcomes.reduce((sum, one) => sum + one.lost, 0);
  const bound = atMost(`≤ ${limitSeconds} s`, first, 1, limitSeconds);
  return {
    id: 'recovery.worker',
    label: `worker with ${busyChats} busy chats: relaying both ways after its start`,
    value: first,
    unit: 's',
    detail: `half of the chats ${shortNumber(half)}, all ${shortNumber(all)}; reported ready after ${shortNumber((ready - begun) / 1_000)} s; ${lost} messages later than 15 s`,
    numbers: { ready: (ready - begun) / 1_000, half, all, lost },
    bound: { ...bound, held: bound.held === true && lost === 0 },
  };
}

/** Both sides of a chat write, one after the other. */
async function talk(chat: BenchChat): Promise<void> {
  for (let n = 0; n < messagesBefore; n += 1) {
    await chat.toZoom();
    await chat.toVisitor();
  }
}

/** The visitor comes back as the widget does; then both sides write. */
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
  const seconds = ((await within(relayed, reconnectMs, 'relaying again')) - begun) / 1_000;
  return {
    id: 'recovery.api',
    label: 'api: relaying both ways after its start',
    value: seconds,
    unit: 's',
    detail: `reported ready after ${shortNumber((ready - begun) / 1_000)} s`,
    numbers: { ready: (ready - begun) / 1_000 },
    bound: atMost(`≤ ${limitSeconds} s`, seconds, 1, limitSeconds),
  };
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
