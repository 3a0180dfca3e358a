import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../../../domain/visitor-protocol.ts';
import { Admin, ZoomSide } from '../../../test/support/driver.ts';
import { startStack } from '../../embedded/supervisor.ts';
import type { Bench, Section } from '../bench.ts';
import { atMost, refusedFigure, type Figure } from '../figure.ts';
import { HappeningCount } from '../happening-count.ts';
import { SandboxFeed } from '../sandbox-feed.ts';
import { summarize } from '../stats.ts';
import { BenchVisitor } from '../visitor.ts';
import { newMark, sentence, TooLateError, within } from '../waiting.ts';

/** The product's own limits, whatever development takes. */
const productLimits = { NEW_CHATS_PER_ADDRESS: '5', NEW_CHATS_PER_WIDGET: '30', NEW_CHATS_PER_ACCOUNT: '60' };

/** From one address: chats at once, and again and again. */
const burst = { chats: 150, ms: 2_000 };
const wave = { chats: 70, everyMs: 50_000, ms: 2_000 };
/** The waves go on for so many times the measurement's length: four minutes by default. */
const wavesLast = 12;
/** Real visitors come one after the other while the flood goes on, ms apart. */
const visitorEveryMs = 4_000;
/** After a burst they go on coming for so long, ms. */
const afterBurstMs = 60_000;
/** A card that is not there after this is lost, ms. */
const lostAfterMs = 120_000;
const limitMs = 5_000;
const attacker = '203.0.113.66';

/** One address begins chats without end; visitors from elsewhere must still be seen. On a stack with all limits on. */
export const floodSection: Section = {
  name: 'flood',
  title: 'Flood: one address begins chats without end, and visitors from others are seen',
  async *run(bench) {
    const dataDir = await mkdtemp(join(tmpdir(), 'live-chat-bench-flood-'));
    const stack = await startStack({
      dataDir,
      skipBuild: true,
      autoRestart: false,
      temporalUi: false,
      logLevel: 'warn',
      programEnv: { api: { TRUST_PROXY: '1', ...productLimits }, worker: { ZOOM_PLAN: 'business' } },
      signal: bench.signal,
    });
    const ended = new AbortController();
    let feed: SandboxFeed | undefined;
    try {
      const zoom = new ZoomSide(stack.urls.sandbox ?? '');
      await zoom.faults({ switches: { rateLimits: true, channelBurst: true } });
      feed = await SandboxFeed.open(zoom.url);
      const counted = new HappeningCount(zoom.url, AbortSignal.any([ended.signal, bench.signal]));
      const admin = new Admin(stack.urls);
      await admin.install(await bench.idOf('alex'));
      const { widget } = await admin.dashboard();
      const site = { bench, feed, appUrl: stack.urls.app, widget: widget.id };

      const quiet = await visitorsCome(site, 'before', visitorEveryMs * 5);
      yield cardFigure('flood.before', 'before the flood: first message → card (p95)', quiet);

      const inBurst = visitorsCome(site, 'in the burst', afterBurstMs);
      const taken = await floodOf(site, burst.chats, burst.ms);
      yield cardFigure('flood.burst', `${burst.chats} chats of one address in 2 s, then a minute (p95)`, await inBurst);
      yield takenFigure('flood.burstTaken', 'chats of that address that began', taken, burst.chats);

      const wavesMs = wavesLast * bench.seconds * 1_000;
      const inWaves = visitorsCome(site, 'in the waves', wavesMs);
      const waves = Math.max(1, Math.ceil(wavesMs / wave.everyMs));
      let takenInWaves = 0;
      for (let n = 0; n < waves; n += 1) {
        const begun = performance.now();
        takenInWaves += await floodOf(site, wave.chats, wave.ms);
        const left = wave.everyMs - (performance.now() - begun);
        if (n < waves - 1) await delay(left, undefined, { signal: bench.signal });
      }
      const seconds = Math.round(wavesMs / 1_000);
      yield cardFigure('flood.waves', `${wave.chats} chats every 50 s, for ${seconds} s (p95)`, await inWaves);
      yield takenFigure('flood.wavesTaken', 'chats of that address that began', takenInWaves, waves * wave.chats);

      const { refused } = await counted.now();
      yield refusedFigure('flood.refused', 'calls that Zoom refused (429)', refused);
    } finally {
      ended.abort();
      feed?.close();
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

interface Site {
  bench: Bench;
  feed: SandboxFeed;
  appUrl: string;
  widget: string;
}

/** How long visitors' cards took, ms; `lost`: messages with their ✓ that never were on a card. */
interface Seen {
  latencies: number[];
  lost: number;
  refused: number;
}

let addresses = 0;

/** For so long visitors come, each from an address of their own, and write their first message. */
async function visitorsCome(site: Site, when: string, ms: number): Promise<Seen> {
  const { bench, feed, appUrl, widget } = site;
  const seen: Seen = { latencies: [], lost: 0, refused: 0 };
  const underWay: Promise<void>[] = [];
  const begun = performance.now();
  const come = async (): Promise<void> => {
    addresses += 1;
    const name = `Real ${addresses} ${when}`;
    const visitor = new BenchVisitor({ appUrl, widget, name, address: `198.51.100.${addresses % 256}` });
    bench.whenDone(() => visitor.close());
    await within(visitor.connect(), lostAfterMs, `${name}: the welcome`, bench.signal);
    const mark = newMark();
    const card = feed.message(mark);
    const sent = performance.now();
    visitor.say(sentence(mark));
    try {
      const { at } = await within(card, lostAfterMs, `${name}: the card`, bench.signal);
      seen.latencies.push(at - sent);
    } catch (error) {
      if (!(error instanceof TooLateError)) throw error;
      if (visitor.accepted > 0) seen.lost += 1;
      else seen.refused += 1;
    }
  };
  while (performance.now() - begun < ms) {
    underWay.push(come());
    await delay(visitorEveryMs, undefined, { signal: bench.signal });
  }
  await Promise.all(underWay);
  return seen;
}

/**
 * One address begins so many chats within a time, and leaves each as soon as it has its answer.
 * @returns how many began
 */
async function floodOf({ bench, appUrl, widget }: Site, chats: number, ms: number): Promise<number> {
  const url = `${appUrl.replace(/^http/, 'ws')}/visitor`;
  const begun: Promise<boolean>[] = [];
  for (let n = 0; n < chats; n += 1) {
    begun.push(beginChat(url, widget, n));
    await delay(ms / chats, undefined, { signal: bench.signal });
  }
  return (await Promise.all(begun)).filter((began) => began).length;
}

/** @returns whether the message had its ✓. */
function beginChat(url: string, widget: string, number: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers: { 'x-forwarded-for': attacker } });
    let began = false;
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(began));
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', v: 1, widget })));
    socket.on('message', (data: Buffer) => {
      const { type } = JSON.parse(data.toString('utf8')) as ServerFrame;
      if (type === 'welcome') {
        socket.send(JSON.stringify({ type: 'message', id: randomUUID(), text: `Flood ${number}` }));
      } else {
        began ||= type === 'accepted';
        socket.close();
      }
    });
  });
}

function cardFigure(id: string, label: string, { latencies, lost, refused }: Seen): Figure {
  const { p50, p95, p99, count } = summarize(latencies);
  const missing = `${lost === 0 ? '' : `, ${lost} LOST`}${refused === 0 ? '' : `, ${refused} REFUSED`}`;
  const bound = atMost(`≤ ${limitMs} ms, none lost`, p95, 1, limitMs);
  return {
    id,
    label,
    value: p95,
    unit: 'ms',
    detail: `p50 ${p50.toFixed(0)}, slowest ${Math.max(...latencies).toFixed(0)}, n ${count}${missing}`,
    numbers: { p50, p95, p99, count, lost, refused },
    bound: lost + refused === 0 && count > 0 ? bound : { ...bound, held: false },
  };
}

function takenFigure(id: string, label: string, taken: number, tried: number): Figure {
  return { id, label, value: taken, unit: 'chats', detail: `of ${tried} that it tried` };
}
