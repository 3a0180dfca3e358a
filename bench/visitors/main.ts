import { setTimeout as delay } from 'node:timers/promises';
import { Guest } from './guest.ts';
import { orderSchema, type Answer } from './protocol.ts';

/** Handshakes under way at once while the crowd gathers; after a cut all come at once. */
const openingAtOnce = 128;
const longestReturnMs = 60_000;

const [appUrl = '', widget = ''] = process.argv.slice(2);
const guests: Guest[] = [];

async function open(count: number): Promise<void> {
  const opening = async (): Promise<void> => {
    while (guests.length < count) {
      const guest = new Guest(appUrl, widget, guests.length);
      guests.push(guest);
      await guest.arrive();
    }
  };
  await Promise.all(Array.from({ length: openingAtOnce }, opening));
}

/** Resolves when all are back, or when it has taken too long. */
async function cut(): Promise<void> {
  const back = Promise.all(guests.map((guest) => guest.cut()));
  await Promise.race([back, delay(longestReturnMs, undefined, { ref: false })]);
}

process.on('message', (message) => {
  const order = orderSchema.parse(message);
  const begun = performance.now();
  const refusedBefore = Guest.refused;
  void (order.order === 'open' ? open(order.count) : cut()).then(() => {
    const answer: Answer = {
      seconds: (performance.now() - begun) / 1_000,
      refused: Guest.refused - refusedBefore,
      missing: guests.filter((guest) => !guest.isWelcome).length,
    };
    process.send?.(answer);
  });
});
// The benchmark is gone, however it ended; a Ctrl-C is its matter.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => undefined);
