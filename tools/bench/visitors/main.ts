import { setTimeout as delay } from 'node:timers/promises';
import { Guest } from './guest.ts';
import { numberedOrderSchema, type Answer, type Order } from './protocol.ts';

/** Handshakes, and chats, begun at once while the crowd gathers; after a cut all come at once. */
const openingAtOnce = 128;
const chattingAtOnce = 24;
const longestReturnMs = 60_000;

const [appUrl = '', widget = ''] = process.argv.slice(2);
const guests: Guest[] = [];

/** Does `work` for all items, some of them at a time. */
async function forAll<T>(items: readonly T[], atOnce: number, work: (item: T, index: number) => Promise<void>) {
  const left = [...items.entries()].reverse();
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function open(count: number): Promise<Guest[]> {
  const fresh = Array.from({ length: count - guests.length }, (_, n) => new Guest(appUrl, widget, guests.length + n));
  guests.push(...fresh);
  await forAll(fresh, openingAtOnce, (guest) => guest.arrive());
  return fresh;
}

async function chat(words: readonly string[]): Promise<Guest[]> {
  const chosen = guests.slice(0, words.length);
  await forAll(chosen, chattingAtOnce, async (guest, n) => {
    guest.onMessage((text) => process.send?.({ heard: text }));
    guest.say(words[n] ?? '');
    await guest.delivered();
  });
  return chosen;
}

/** Resolves when these have lost their connections and are back, or when it has taken too long. */
async function comeBack(chosen: readonly Guest[]): Promise<void> {
  const back = chosen.map((guest) => guest.lost().then(() => guest.back()));
  await Promise.race([Promise.all(back), delay(longestReturnMs, undefined, { ref: false })]);
}

/** @returns the visitors meant */
async function follow(order: Order): Promise<Guest[]> {
  switch (order.order) {
    case 'open':
      return open(order.count);
    case 'chat':
      return chat(order.words);
    case 'joined': {
      const chosen = guests.slice(0, order.count);
      await Promise.all(chosen.map((guest) => guest.joined()));
      return chosen;
    }
    case 'cut': {
      const chosen = guests.slice(0, order.count);
      const back = comeBack(chosen);
      for (const guest of chosen) guest.cut();
      await back;
      return chosen;
    }
    case 'comeBack':
      await comeBack(guests);
      return guests;
    case 'say':
      for (const [n, text] of order.texts.entries()) guests[n]?.say(text);
      return guests.slice(0, order.texts.length);
    case 'thin':
      for (const guest of guests.splice(order.count)) guest.leave();
      return guests;
  }
}

process.on('message', (message) => {
  const order = numberedOrderSchema.parse(message);
  const begun = performance.now();
  const connects = (): number => guests.reduce((sum, guest) => sum + guest.connects, 0);
  const before = connects();
  void follow(order).then((meant) => {
    const answer: Answer = {
      id: order.id,
      seconds: (performance.now() - begun) / 1_000,
      furtherTries: Math.max(0, connects() - before - meant.length),
      missing: meant.filter((guest) => !guest.isWelcome).length,
      ...(order.order === 'chat' ? { chats: meant.map(({ name, chatId }) => ({ name, chatId })) } : {}),
    };
    process.send?.(answer);
  });
});
// The benchmark is gone, however it ended; a Ctrl-C is its matter.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => undefined);
