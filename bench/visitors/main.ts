import { Guest } from './guest.ts';
import { orderSchema, type Answer } from './protocol.ts';

/** Handshakes under way at once while the crowd gathers; after a cut all come at once. */
const openingAtOnce = 128;

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

async function cut(): Promise<void> {
  const back = guests.map((guest) => guest.cut());
  await Promise.all(back);
}

process.on('message', (message) => {
  const order = orderSchema.parse(message);
  const begun = performance.now();
  const before = Guest.refused;
  const work = order.order === 'open' ? open(order.count) : cut();
  void work.then(() => {
    const answer: Answer = { seconds: (performance.now() - begun) / 1_000, refused: Guest.refused - before };
    process.send?.(answer);
  });
});
// The benchmark is gone, however it ended; a Ctrl-C is its matter.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => undefined);
