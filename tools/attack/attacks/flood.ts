import { setTimeout as delay } from 'node:timers/promises';
import type { Attack, Seen } from '../attack.ts';
import type { Guest } from '../guest.ts';
import type { Target } from '../target.ts';

/** Of one network within five minutes, as the product has it; two processes that look at once let in as many more. */
const mostOfNetwork = 10;
/** A visitor from elsewhere sees their card within this, whatever goes on, ms. */
const cardWithinMs = 5_000;

/** Chats of one flood: so many, each from one of the addresses, within so many ms. */
interface Flood {
  chats: number;
  ms: number;
  /** `X-Forwarded-For` as the attacker's own proxy has it. */
  address: () => string;
}

/** Begins chats without end, half of them at each api. @returns how many began. */
async function flood(target: Target, { chats, ms, address }: Flood): Promise<number> {
  const begun: Promise<boolean>[] = [];
  for (let n = 0; n < chats; n += 1) {
    const guest = target.guest({ url: target.apis[n % 2] as string, address: address() });
    begun.push(begins(guest, target.inputs.word()));
    await delay(ms / chats, undefined, { signal: target.signal });
  }
  return (await Promise.all(begun)).filter((began) => began).length;
}

async function begins(guest: Guest, words: string): Promise<boolean> {
  try {
    if (!(await guest.open())) return false;
    if ((await guest.hello()).type !== 'welcome') return false;
    return (await guest.say(words))?.type === 'accepted';
  } finally {
    guest.leave();
  }
}

/** Somebody else comes and writes while it goes on. @returns until their card was there, ms. */
async function cardMs(target: Target): Promise<number> {
  const guest = target.guest();
  await guest.come();
  const begun = performance.now();
  await guest.tell(`Where is my order? ${target.inputs.word()}`);
  await target.card(guest.chatId);
  return performance.now() - begun;
}

async function floodBeside(target: Target, seen: Seen, what: string, given: Flood): Promise<void> {
  const flooding = flood(target, given);
  await delay(given.ms / 2, undefined, { signal: target.signal });
  const [began, tookMs] = await Promise.all([flooding, cardMs(target)]);
  const card = `the card of a visitor beside them after ${(tookMs / 1_000).toFixed(1)} s`;
  seen.note(`${given.chats} chats ${what}: ${began} began; ${card}`);
  seen.expect(began <= mostOfNetwork, `${began} of ${given.chats} chats ${what} began`);
  seen.expect(tookMs <= cardWithinMs, card);
}

export const floodOfOneAddress: Attack = {
  name: 'flood-address',
  title: 'begin chats without end from one address, so that nobody sees real visitors',
  async run(target, seen) {
    const address = target.inputs.ipv4();
    // What clients write into the header themselves counts for nothing.
    const forged = () => (target.inputs.chance(0.5) ? address : `${target.inputs.ipv4()}, ${address}`);
    await floodBeside(target, seen, 'of one address, half with forged senders', {
      chats: 150,
      ms: 2_000,
      address: forged,
    });
  },
};

export const floodOfOneNetwork: Attack = {
  name: 'flood-ipv6',
  title: 'the same from a new IPv6 address for each chat',
  async run(target, seen) {
    const network = target.inputs.ipv6Network();
    await floodBeside(target, seen, 'of one /64', { chats: 70, ms: 1_000, address: () => target.inputs.ipv6(network) });
  },
};

/** Sockets of one network that one api holds at once. */
const mostSockets = 100;

export const socketsOfOneNetwork: Attack = {
  name: 'sockets-ipv6',
  title: 'hold more sockets than one network may, by a new IPv6 address for each',
  async run(target, seen) {
    const network = target.inputs.ipv6Network();
    const guests = Array.from({ length: mostSockets + 40 }, () =>
      target.guest({ address: target.inputs.ipv6(network) }),
    );
    const open = (await Promise.all(guests.map((guest) => guest.open()))).filter((opened) => opened).length;
    const refused = new Set(guests.flatMap(({ status }) => status ?? []));
    const neighbour = target.guest({ address: target.inputs.ipv6(target.inputs.ipv6Network()) });
    const isLetIn = await neighbour.open();
    for (const guest of guests) guest.leave();
    await Promise.all(guests.filter(({ status }) => status === undefined).map((guest) => guest.closes()));
    seen.note(
      `${open} of ${guests.length} sockets of one /64 were let in, the others refused by ${[...refused].join()}`,
    );
    seen.expect(open <= mostSockets, `${open} sockets of one /64 were open at once`);
    seen.expect(isLetIn, 'a visitor of another network was not let in');
  },
};

export const unanswered: Attack = {
  name: 'unanswered',
  title: 'write without end into a chat that nobody joins, until it breaks',
  async run(target, seen) {
    const guest = target.guest();
    await guest.come();
    const longest = target.inputs.pick(['€', 'x', '漢', 'é']).repeat(4_000);
    let taken = 0;
    for (;;) {
      const answer = await guest.say(longest);
      if (answer?.type === 'accepted') {
        taken += 1;
        if (taken > 40) break;
      } else if (answer?.code === 'rate_limited') {
        await delay(answer.retryAfterMs ?? 500, undefined, { signal: target.signal });
      } else {
        seen.note(
          `after ${taken} messages of 4,000 characters: ${answer?.code ?? 'closed'}, “${answer?.message ?? ''}”`,
        );
        seen.expect(answer?.code === 'too_much_waiting' && answer.message !== '', `the answer was ${answer?.code}`);
        return;
      }
    }
    seen.expect(false, `${taken} messages of 4,000 characters were taken, and more would be`);
  },
};

/** Hellos of one chat within a minute that are answered by a replay. */
const mostReplays = 60;

export const replays: Attack = {
  name: 'replays',
  title: 'have a chat read anew again and again, which costs the visitor nothing and the server much',
  async run(target, seen) {
    const begun = target.guest();
    await begun.come();
    await begun.tell(`Please keep this: ${target.inputs.word()}`);
    const { token = '' } = begun;
    let replayed = 0;
    let refused = 0;
    for (let n = 0; n < mostReplays + 40; n += 1) {
      const again = target.guest({ token, address: target.inputs.ipv4() });
      await again.open();
      const answer = await again.hello({ lastSeq: 0 });
      if (answer.type === 'welcome') replayed += 1;
      else if (answer.code === 'rate_limited') refused += 1;
      again.leave();
    }
    seen.note(`${replayed} replays of one chat from as many addresses, then ${refused} refusals`);
    seen.expect(replayed <= mostReplays && refused > 0, `${replayed} replays of one chat, ${refused} refusals`);
  },
};
