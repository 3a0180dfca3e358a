import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Section } from '../bench.ts';
import type { BenchChat } from '../chat.ts';
import { cpuFigures, cpuTimes } from '../cpu.ts';
import { atMost, latencyFigure, shortNumber } from '../figure.ts';
import { summarize } from '../stats.ts';

const chats = 1_000;
/** Chats in which somebody writes at the same moment. */
const atOnce = 4;
/** As many of the first and of the last chats are compared. */
const compared = 100;
const settleMs = 3_000;

/** Open chats in one worker, which keeps each in its memory: none is replayed. */
export const manySection: Section = {
  name: 'many',
  title: `${chats} open chats in one worker`,
  async *run(bench) {
    // What the first chats bring along is no cost of each chat: code that gets compiled, connections that open.
    await sweep(await bench.freshChats(compared / 5), bench);
    const before = await workerMemory(bench);
    const begun = performance.now();
    const open = await bench.freshChats(chats);
    const seconds = (performance.now() - begun) / 1_000;
    yield {
      id: 'many.opened',
      label: `${chats} chats: opened, joined, first words in their channels`,
      value: chats / seconds,
      unit: '/s',
      detail: `all after ${shortNumber(seconds)} s`,
    };
    await delay(settleMs, undefined, { signal: bench.signal });
    const after = await workerMemory(bench);
    if (before !== undefined && after !== undefined) {
      yield {
        id: 'many.memory',
        label: 'worker memory for each',
        value: (after - before) / chats / 1_000,
        unit: 'kB',
        detail: `the worker has ${shortNumber(after / 1_000_000)} MB`,
        numbers: { before, after },
      };
    }
    const cpuBefore = await cpuTimes(bench.stack);
    const cacheBefore = await cacheOf(bench);
    const { toZoom, toVisitor } = await sweep(open, bench);
    const cacheAfter = await cacheOf(bench);
    yield latencyFigure('many.toZoom', 'a message in each, visitor → Zoom (p50)', toZoom);
    yield latencyFigure('many.toVisitor', 'a message in each, Zoom → visitor (p50)', toVisitor);
    yield* await cpuFigures('many.cpu', 'CPU time per message', bench.stack, cpuBefore, 2 * chats);
    if (cacheBefore && cacheAfter) {
      const misses = cacheAfter.misses - cacheBefore.misses;
      yield {
        id: 'many.misses',
        label: 'of these, chats that were replayed',
        value: misses,
        unit: '×',
        detail: `the worker keeps ${cacheAfter.size} workflows`,
        bound: { text: '0', value: misses, held: misses === 0 },
      };
    }
    const first = await sweep(open.slice(0, compared), bench);
    const last = await sweep(open.slice(-compared), bench);
    const p50 = ({ toZoom, toVisitor }: Sweep) => summarize([...toZoom, ...toVisitor]).p50;
    yield {
      id: 'many.last',
      label: `in the last ${compared}, both ways (p50)`,
      value: p50(last),
      unit: 'ms',
      detail: `in the first ${compared}: ${shortNumber(p50(first))}`,
      bound: atMost('≤ 1.5 × first', p50(last), p50(first), 1.5),
    };
  },
};

interface Sweep {
  toZoom: number[];
  toVisitor: number[];
}

/** One message each way in each of the chats, in their order, a few at a time. */
async function sweep(chats: readonly BenchChat[], bench: Bench): Promise<Sweep> {
  const found: Sweep = { toZoom: [], toVisitor: [] };
  const left = [...chats];
  const work = async (): Promise<void> => {
    for (let chat = left.shift(); chat; chat = left.shift()) {
      bench.signal.throwIfAborted();
      found.toZoom.push(await chat.toZoom());
      found.toVisitor.push(await chat.toVisitor());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found;
}

interface Cache {
  /** Workflows in the worker's memory. */
  size: number;
  /** Tasks whose workflow was not there. */
  misses: number;
}

/** The worker's cache, by its own metrics; undefined where it has none. */
async function cacheOf({ stack }: Bench): Promise<Cache | undefined> {
  const answer = await fetch(stack.urls.workerMetrics).catch(() => undefined);
  if (answer === undefined) return undefined;
  const text = await answer.text();
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    );
  return { size: sum('temporal_sticky_cache_size'), misses: sum('temporal_sticky_cache_miss(?:_total)?') };
}

function workerMemory(bench: Bench): Promise<number | undefined> {
  return bench.stack.process('worker').rssBytes();
}
