import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Section } from '../bench.ts';
import { anyNumberOfChats } from '../../embedded/stack-env.ts';
import { freePort } from '../../embedded/ports.ts';
import type { StackProcess } from '../../embedded/supervisor.ts';
import { press } from '../chat.ts';
import { cpuTimes } from '../cpu.ts';
import { atMost, shortNumber, type Figure } from '../figure.ts';
import { summarize } from '../stats.ts';
import { newMark, sentence, within } from '../waiting.ts';
import { Crowd } from '../visitors/crowd.ts';
import { openFilesLimit } from '../visitors/open-files.ts';
import type { Answer } from '../visitors/protocol.ts';

const steps = [2_500, 5_000, 10_000] as const;
/** Visitors who have begun a chat, and those of them whom an agent has joined. */
const chatting = 400;
const talking = 20;
/** Files that a process has open beside its sockets. */
const otherFiles = 500;
const kilobytesLimit = 20;
const backLimit = 30;
const againLimit = 5;
const quietMs = 2_000;
const longestMs = 60_000;

/** Visitors with the chat window open, first without a word, then with chats; cut off, and with their api killed. */
export const visitorsSection: Section = {
  name: 'visitors',
  title: 'Open visitors, in one api process',
  async *run(bench) {
    const { widget } = await bench.site();
    // A fresh process: its memory holds nothing of earlier sections.
    const port = await freePort();
    const api = await bench.stack.add('api', 'api-of-visitors', {
      PORT: String(port),
      TRUST_PROXY: '1',
      ...anyNumberOfChats,
    });
    const most = Math.min(steps[steps.length - 1] ?? 0, openFilesLimit() - otherFiles);
    const crowd = Crowd.gather({ appUrl: `http://localhost:${port}`, widget }, bench.signal);
    try {
      yield* gather(bench, api, crowd, most);
      yield await storm(
        bench,
        api,
        crowd,
        'visitors.back',
        `${most} cut off at once: all have their welcome after`,
        most,
      );
      const channels = yield* openChats(bench, crowd);
      const label = `${chatting} of them with chats cut off at once: all are up to date after`;
      yield await storm(bench, api, crowd, 'visitors.chatsBack', label, chatting);
      yield* killedApi(bench, api, crowd, channels);
    } finally {
      await crowd.leave();
      await api.stop();
    }
  },
};

async function* gather(bench: Bench, api: StackProcess, crowd: Crowd, most: number): AsyncGenerator<Figure> {
  const base = await api.rssBytes();
  let open = 0;
  while (open < most) {
    const before = open;
    open = Math.min(most, steps.find((step) => step > before) ?? most);
    const { seconds } = await crowd.order({ order: 'open', count: open });
    // What the handshakes left behind is collected when there is time.
    await delay(quietMs, undefined, { signal: bench.signal });
    const rss = await api.rssBytes();
    const bytesEach = rss === undefined || base === undefined ? NaN : (rss - base) / open;
    yield {
      id: `visitors.${open}`,
      label: `${open} open: api memory each`,
      value: bytesEach / 1_000,
      unit: 'kB',
      detail: `${shortNumber((open - before) / seconds)} connections/s`,
      ...(open === most ? { bound: atMost(`≤ ${kilobytesLimit} kB`, bytesEach, 1_000, kilobytesLimit) } : {}),
    };
  }
}

/** The first of the visitors are cut off, and come back as the widget does. */
async function storm(
  bench: Bench,
  api: StackProcess,
  crowd: Crowd,
  id: string,
  label: string,
  count: number,
): Promise<Figure> {
  const before = await cpuTimes(bench.stack, api);
  const answer = await crowd.order({ order: 'cut', count });
  const after = await cpuTimes(bench.stack, api);
  const used = [...after].map(([name, time]) => `${name} ${shortNumber(time - (before.get(name) ?? 0))}`).join(', ');
  return comeBackFigure(id, label, answer, `CPU s: ${used}`);
}

function comeBackFigure(id: string, label: string, { seconds, furtherTries, missing }: Answer, more: string): Figure {
  const within = atMost(`≤ ${backLimit} s`, seconds, 1, backLimit);
  return {
    id,
    label,
    value: seconds,
    unit: 's',
    detail: `${missing === 0 ? '' : `${missing} NOT BACK, `}${furtherTries} further tries; ${more}`,
    numbers: { furtherTries, missing },
    bound: missing === 0 ? within : { ...within, held: false },
  };
}

/**
 * Some begin chats, and an agent joins a few of them.
 * @returns the channels of those few
 */
async function* openChats(bench: Bench, crowd: Crowd): AsyncGenerator<Figure, string[]> {
  const { feed } = await bench.site();
  const agent = await bench.idOf('jill');
  const side = { feed, zoom: bench.zoom, agent, signal: bench.signal };
  const marks = Array.from({ length: chatting }, newMark);
  const cards = marks.map((mark) => feed.message(mark));
  const { seconds, chats = [] } = await crowd.order({ order: 'chat', words: marks.map(sentence) });
  yield {
    id: 'visitors.chats',
    label: `${chatting} of them begin a chat: all have ✓✓ after`,
    value: seconds,
    unit: 's',
    detail: `${shortNumber(chatting / seconds)} /s`,
  };
  const joined = crowd.order({ order: 'joined', count: talking });
  const channels = chats.slice(0, talking).map(async ({ name, chatId }, n) => {
    const channel = feed.channel(name);
    const card = await cards[n];
    await press(side, card?.messageId ?? '', `join:${chatId}`);
    return channel;
  });
  const channelIds = await within(Promise.all(channels), longestMs, 'the chat channels', bench.signal);
  await joined;
  return channelIds;
}

/** Both sides of the joined chats write while the api is away; only visitors with chats are left. */
async function* killedApi(
  bench: Bench,
  api: StackProcess,
  crowd: Crowd,
  channels: readonly string[],
): AsyncGenerator<Figure> {
  const { feed } = await bench.site();
  const agent = await bench.idOf('jill');
  await crowd.order({ order: 'thin', count: chatting });
  await delay(quietMs, undefined, { signal: bench.signal });
  const back = crowd.order({ order: 'comeBack' });
  await api.kill('SIGKILL');
  const begun = performance.now();
  const said = channels.map(newMark);
  const inZoom = Promise.all(said.map((mark) => feed.message(mark).then(({ at }) => (at - begun) / 1_000)));
  const heard = channels.map(async (channel) => {
    const mark = newMark();
    const arrival = crowd.heard(mark);
    await bench.zoom.write(agent, channel, sentence(mark));
    return ((await arrival) - begun) / 1_000;
  });
  await crowd.order({ order: 'say', texts: said.map(sentence) });
  await api.start();
  const ready = (performance.now() - begun) / 1_000;
  const waited = `reported ready after ${shortNumber(ready)} s`;
  yield comeBackFigure('visitors.restart', `api killed: all ${chatting} with chats are back after`, await back, waited);
  const to = await within(inZoom, longestMs, 'what was said while the api was away', bench.signal);
  yield againFigure('visitors.restartToZoom', `what ${to.length} wrote meanwhile: the first is in Zoom after`, to);
  const from = await within(Promise.all(heard), longestMs, 'what agents wrote while the api was away', bench.signal);
  yield againFigure('visitors.restartToVisitor', `what agents wrote to them: the first is shown after`, from);
}

function againFigure(id: string, label: string, seconds: number[]): Figure {
  const first = Math.min(...seconds);
  const last = Math.max(...seconds);
  const { p50 } = summarize(seconds);
  return {
    id,
    label,
    value: first,
    unit: 's',
    detail: `half of them ${shortNumber(p50)}, all ${shortNumber(last)}`,
    numbers: { p50, last },
    bound: atMost(`≤ ${againLimit} s`, first, 1, againLimit),
  };
}
