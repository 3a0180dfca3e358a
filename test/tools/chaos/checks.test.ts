import { describe, expect, test } from 'vitest';
import { visitorEntry as shown } from '../../../api/visitor/entries.ts';
import { check } from '../../../tools/chaos/checks.ts';
import { holds } from '../../../tools/chaos/compare.ts';
import type { Facts } from '../../../tools/chaos/facts.ts';
import type { GrantFacts } from '../../../tools/chaos/grant-log.ts';
import { words } from '../../../tools/chaos/words.ts';
import type { LostChannel } from '../../../tools/chaos/world.ts';
import type { TranscriptEntry } from '../../../domain/transcript.ts';
import type { VisitorEntry } from '../../../domain/visitor-protocol.ts';
import type { SandboxChannel, SandboxMessage } from '../../support/driver.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };

const agent = { id: 'jill', name: 'Jill Chill' };
const inbound = 'inbound';

/** A visitor's words as the bot posts them; the id is the time, too. */
const post = (id: string, text: string, head = 'Visitor'): SandboxMessage & { timestamp: number } => ({
  id,
  from: 'Live Chat',
  bot: true,
  text: '',
  content: {
    head: { text: head },
    body: [{ type: 'section', sections: [{ type: 'message', text }] }],
  },
  timestamp: Number(id),
});
const card = (id: string, number: number, text: string) => post(id, text, words.visitorName(number));
const answer = (id: string, text: string) => ({
  ...post(id, ''),
  from: agent.name,
  bot: false,
  text,
  content: undefined,
});

const visitorEntry = (seq: number, clientId: string, text: string): TranscriptEntry => ({
  seq,
  at: seq,
  kind: 'visitorMessage',
  clientId,
  text,
});
const agentEntry = (seq: number, messageId: string, text: string): TranscriptEntry => ({
  seq,
  at: seq,
  kind: 'agentMessage',
  messageId,
  agent,
  text,
});
/** One chat of two, everything as it should be; the second ended before anybody joined. */
function world() {
  const said = [
    { id: words.visitor(1, 1), text: words.visitor(1, 1) },
    { id: words.visitor(1, 2), text: words.visitorAgain(1) },
    { id: words.visitor(1, 3), text: words.visitorLong(1, 3, 60) },
    { id: words.visitor(1, 4), text: words.visitorAgain(1) },
  ] as const;
  const transcript: TranscriptEntry[] = [
    visitorEntry(1, said[0].id, said[0].text),
    { seq: 2, at: 2, kind: 'agentJoined', agent },
    agentEntry(3, '101', 'a-01-0001'),
    visitorEntry(4, said[1].id, said[1].text),
    visitorEntry(5, said[2].id, said[2].text),
    agentEntry(6, '103', 'a-01-same'),
    agentEntry(7, '106', 'a-01-same'),
    visitorEntry(8, said[3].id, said[3].text),
  ];
  const long = said[2].text.split(' ');
  const messages = [
    answer('101', 'a-01-0001'),
    post('102', `${said[0].text}\n${said[1].text}`),
    answer('103', 'a-01-same'),
    post('104', long.slice(0, 2).join(' ')),
    post('105', long.slice(2).join(' ')),
    answer('106', 'a-01-same'),
    post('107', said[3].text),
  ];
  const early: TranscriptEntry[] = [
    visitorEntry(1, words.visitor(2, 1), words.visitor(2, 1)),
    { seq: 2, at: 2, kind: 'ended', by: 'visitor' },
  ];
  const record = (id: string, number: number, channel?: string) => ({
    _id: id,
    visitor: { name: words.visitorName(number) },
    ...(channel === undefined ? {} : { channel: { id: channel } }),
  });
  const workflow = (id: string, status: 'RUNNING' | 'COMPLETED') => ({
    id,
    status: status as string,
    pending: 0,
    tries: 0,
    stuckTask: false,
    events: 10,
    chat: { waitingForZoom: 0, publishedSeq: 8, lastSeq: 8, waits: [] as object[] },
  });
  return {
    said: [...said],
    accepted: new Set<string>(said.map(({ id }) => id)),
    transcript,
    screen: transcript.map(shown),
    messages: messages as SandboxMessage[],
    cards: [card('100', 1, words.visitor(1, 1)), card('110', 2, words.visitor(2, 1))] as SandboxMessage[],
    early,
    chats: [record('one', 1, 'channel-1'), record('two', 2)],
    workflows: [workflow('chat/one', 'RUNNING'), workflow('chat/two', 'COMPLETED')],
    channels: [channel('other', 'General', [])],
    deleted: [] as SandboxChannel[],
    lost: [] as LostChannel[],
    chatOfChannel: new Map([['channel-1', 1]]),
    ended: false,
    deliveries: new Map([
      ['101', { firstTriedAt: 1, takenAt: 2 }],
      ['103', { firstTriedAt: 3, takenAt: 4 }],
      ['106', { firstTriedAt: 5, takenAt: 6 }],
    ]),
    deliveredSeq: 8,
    lateEffects: [] as number[],
    faults: [] as string[],
    grants: {
      given: [{ at: 5_000, added: false }],
      lostAnswers: 0,
      asks: [] as { at: number; userId: string }[],
      failedCallbacks: [],
      ended: [],
      kills: [],
    } as Mutable<GrantFacts>,
  };
}

function channel(id: string, name: string, messages: SandboxMessage[]): SandboxChannel {
  return { id, name, type: 1, members: [], messages };
}

type World = ReturnType<typeof world>;

function checked(change: (world: World) => void = () => undefined) {
  const it = world();
  change(it);
  return check({
    visitors: [
      {
        number: 1,
        said: it.said,
        accepted: it.accepted,
        entries: it.screen,
        deliveredSeq: it.deliveredSeq,
        faults: it.faults,
        ended: it.ended,
        endsEarly: false,
      },
      {
        number: 2,
        said: [{ id: words.visitor(2, 1), text: words.visitor(2, 1) }],
        accepted: new Set([words.visitor(2, 1)]),
        entries: it.early.map(shown),
        deliveredSeq: 1,
        faults: [],
        ended: true,
        endsEarly: true,
      },
    ],
    evidence: {
      zoom: {
        channels: [
          ...it.channels,
          channel(inbound, 'Live Chat Inbound', it.cards),
          channel('channel-1', 'Visitor 01 · x', it.messages),
        ].filter(({ id }) => !it.deleted.some((gone) => gone.id === id)),
      },
      chats: it.chats,
      transcripts: new Map([
        ['one', it.transcript],
        ['two', it.early],
      ]),
      workflows: it.workflows,
    },
    deliveries: it.deliveries,
    ownChannels: new Set(['other', inbound]),
    lateEffects: it.lateEffects,
    inbound: new Set([inbound]),
    deleted: it.deleted,
    lost: it.lost,
    chatOfChannel: it.chatOfChannel,
    grants: it.grants,
  } as unknown as Facts);
}

/** What is found in one check after the change. */
function found(name: string, change: (world: World) => void) {
  return checked(change).find((one) => one.name === name);
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`The list has no item ${index}.`);
  return item;
}

function swap(list: unknown[], a: number, b: number): void {
  [list[a], list[b]] = [list[b], list[a]];
}

describe('the checks of a run', () => {
  test('find nothing where all is well', () => {
    const checks = checked();
    expect(checks.filter((one) => !holds(one))).toEqual([]);
    const ofSome = ['closing notes', 'after a lost channel'];
    for (const { name, expected } of checks) if (!ofSome.includes(name)) expect(expected, name).toBeGreaterThan(0);
  });

  test.each<[string, string, (world: World) => void, string]>([
    ['a post that is not there', 'visitor → Zoom', (it) => it.messages.splice(6, 1), 'v-01-same#2 is lost'],
    [
      'a part of a long message that is not there',
      'visitor → Zoom',
      (it) => it.messages.splice(4, 1),
      '0003.002 is lost',
    ],
    ['a post made twice', 'visitor → Zoom', (it) => it.messages.push(post('108', 'v-01-0001')), '0001 is there twice'],
    ['the same words once too often', 'visitor → Zoom', (it) => it.messages.push(post('108', 'v-01-same')), 'same#3'],
    ['two posts swapped', 'visitor → Zoom', (it) => swap(it.messages, 3, 4), 'v-01-0003 comes after v-01-0003.002'],
    [
      'words of another chat',
      'visitor → Zoom',
      (it) => it.messages.push(post('108', 'v-02-0001')),
      'v-02-0001 was not',
    ],
    [
      'a changed post',
      'visitor → Zoom',
      (it) => it.messages.push(post('108', 'x v-01-0009')),
      'more than the visitor’s',
    ],
    ['a message that is not recorded', 'visitor → transcript', (it) => it.transcript.splice(3, 1), 'v-01-0002 is lost'],
    [
      'a message recorded twice',
      'visitor → transcript',
      (it) => it.transcript.push(visitorEntry(9, 'v-01-0004', 'v-01-same')),
      'v-01-0004 is there twice',
    ],
    [
      'other words recorded',
      'visitor → transcript',
      (it) => (it.transcript[3] = visitorEntry(4, 'v-01-0002', 'v-01-samo')),
      'v-01-0002 with other words',
    ],
    ['an answer not shown', 'agent → visitor', (it) => it.screen.splice(5, 1), 'a-01-same (103) is lost'],
    [
      'an answer shown twice',
      'agent → visitor',
      (it) => it.screen.push({ ...at(it.screen, 6), seq: 9 }),
      '(106) is there twice',
    ],
    ['answers in another order', 'agent → visitor', (it) => swap(it.screen, 2, 5), '(101) comes after'],
    ['an answer not recorded', 'agent → transcript', (it) => it.transcript.splice(6, 1), '(106) is lost'],
    [
      'an answer recorded in another order',
      'agent → transcript',
      (it) => swap(it.transcript, 2, 5),
      '(101) comes after',
    ],
    [
      'a join not shown',
      'transcript = visitor’s screen',
      (it) => it.screen.splice(1, 1),
      'agentJoined Jill Chill is lost',
    ],
    [
      'a break of the protocol',
      'transcript = visitor’s screen',
      (it) => it.faults.push('entry 3 after 1'),
      'entry 3 after 1',
    ],
    ['a message that shows no ✓✓', '✓✓ for all in Zoom', (it) => (it.deliveredSeq = 5), '✓✓ up to 8 is lost'],
    ['a gap', 'transcript 1..n', (it) => (it.transcript[7] = visitorEntry(9, 'v-01-0004', 'v-01-same')), '8 is lost'],
    [
      'a note that the chat has ended, though it has not',
      'closing notes',
      (it) => it.messages.push({ ...post('108', ''), text: 'Chat ended' }),
      'the note was not expected',
    ],
    [
      'an entry without a name',
      'transcript = visitor’s screen',
      (it) => (it.screen[2] = { ...at(it.screen, 2), name: '' } as VisitorEntry),
      'entry 3 is nobody’s',
    ],
    [
      'the words of another bot',
      'agent → visitor',
      (it) => it.screen.push(shown(agentEntry(9, '108', 'b-01-0001'))),
      'b-01-0001 (108) was not expected',
    ],
    [
      'a command that reaches the visitor',
      'agent → transcript',
      (it) => {
        it.messages.push(answer('108', '!note a-01-0002'));
        it.transcript.push(agentEntry(9, '108', '!note a-01-0002'));
      },
      '!note a-01-0002 (108) was not expected',
    ],
    ['a chat without a card', 'inbound cards', (it) => it.cards.splice(0, 1), 'v-01-0001 is lost'],
    [
      'a second card',
      'inbound cards',
      (it) => it.cards.push(card('109', 1, 'v-01-0001')),
      'v-01-0001 is there 2 times',
    ],
    [
      'a chat that waits though all is repaired',
      'workflows',
      (it) => at(it.workflows, 0).chat.waits.push({ what: 'a post', why: { type: 'ScopeMissing', message: 'm' } }),
      'waits for a post: ScopeMissing',
    ],
    ['a workflow that failed', 'workflows', (it) => (at(it.workflows, 0).status = 'FAILED'), 'chat/one is FAILED'],
    ['a chat that ended alone', 'workflows', (it) => (at(it.workflows, 0).status = 'COMPLETED'), 'is over, unknown'],
    ['a chat that does not end', 'workflows', (it) => (at(it.workflows, 1).status = 'RUNNING'), 'still runs'],
    ['a workflow that is not there', 'workflows', (it) => it.workflows.splice(0, 1), 'chat/one is lost'],
    ['a stuck task', 'workflows', (it) => (at(it.workflows, 0).stuckTask = true), 'cannot go on'],
    ['an activity under way', 'workflows', (it) => (at(it.workflows, 0).pending = 1), '1 activities under way'],
    ['a message that waits', 'workflows', (it) => (at(it.workflows, 0).chat.waitingForZoom = 1), 'waiting for Zoom'],
    ['an unpublished entry', 'workflows', (it) => (at(it.workflows, 0).chat.publishedSeq = 7), 'published 7 of 8'],
    [
      'a channel that belongs to no chat',
      'chat channels',
      (it) => it.channels.push(channel('x', 'Visitor 01 · y', [])),
      'Visitor 01 · y (no chat holds it)',
    ],
    [
      'a grant lost for nothing',
      'grants kept',
      (it) => it.grants.asks.push({ at: 5_500, userId: 'alex' }),
      'though no tokens were lost',
    ],
    ['a chat without a channel', 'chat channels', (it) => delete at(it.chats, 0).channel, 'Visitor 01 is lost'],
  ])('find %s', (_what, name, change, named) => {
    const wrong = checked(change).filter((one) => !holds(one));
    expect(wrong.map((one) => one.name)).toContain(name);
    expect(wrong.find((one) => one.name === name)?.examples.join('\n')).toContain(named);
  });

  const refuse = (it: World, notice: SandboxMessage | undefined): void => {
    const text = words.visitorRefused(1, 8001);
    it.said.push({ id: words.visitor(1, 8001), text });
    it.accepted.add(words.visitor(1, 8001));
    const entry = visitorEntry(9, words.visitor(1, 8001), text);
    it.transcript.push(entry);
    it.screen.push(shown(entry));
    it.deliveredSeq = 9;
    if (notice) it.messages.push(notice);
  };
  const notice = 'The visitor wrote something that Zoom refuses to show here.';

  test('count words that Zoom refuses as kept where the channel got the notice of them', () => {
    const byBot = (range: string) => ({
      ...post('108', notice),
      content: {
        head: { text: 'Message not shown', sub_head: { text: range } },
        body: [{ type: 'message', text: notice }],
      },
    });
    const toZoom = (message?: SandboxMessage) => found('visitor → Zoom', (it) => refuse(it, message));
    expect(toZoom(byBot('#9 not shown'))).toMatchObject({ lost: 0, wrong: 0, duplicated: 0 });
    expect(toZoom(byBot('#7–9 not shown'))).toMatchObject({ lost: 0 });
    expect(toZoom(answer('108', notice))).toMatchObject({ lost: 0 });
    expect(toZoom(byBot('#7–8 not shown'))).toMatchObject({ lost: 1 });
    expect(toZoom()).toMatchObject({ lost: 1 });
  });

  test('know words that are posted in a user’s name by their quote marks, and take nothing off besides', () => {
    const inUsersName = (...lines: string[]) =>
      found('visitor → Zoom', (it) => {
        it.messages.splice(1, 1, answer('102', ['Visitor · 01 · #1–4 · abcdef', ...lines].join('\n')));
      });
    const [first, second] = [words.visitor(1, 1), words.visitorAgain(1)];
    expect(inUsersName(`│ ${first}`, `│ ${second}`)).toMatchObject({ lost: 0, wrong: 0, duplicated: 0 });
    expect(inUsersName(`│ ${first}`, `│ │ ${second}`)).toMatchObject({ wrong: 1 });
    expect(inUsersName(`│ ${first}`)).toMatchObject({ lost: 1 });
  });

  test('find words that stand where the app’s own do', () => {
    const outside = found('visitor → Zoom', (it) => {
      it.messages.splice(1, 1, {
        ...post('102', ''),
        content: { body: [{ type: 'message', text: 'v-01-0001 v-01-same' }] },
      });
    });
    expect(outside?.lost).toBe(2);
  });

  test('take a notice only for what Zoom refuses', () => {
    const check = found('visitor → Zoom', (it) => {
      it.messages.splice(6, 1, {
        ...post('108', notice),
        content: { body: [{ type: 'message', text: '#8 not shown' }] },
      });
    });
    expect(check).toMatchObject({ lost: 1 });
  });

  describe('of a chat whose channel was lost', () => {
    const lose = (it: World, how: 'deleted' | 'archived', mustGoOn = false): void => {
      it.lost.push({ number: 1, channelId: 'channel-1', how, at: 200, mustGoOn });
      if (how === 'deleted') it.deleted.push(channel('channel-1', 'Visitor 01 · x', it.messages));
    };
    const end = (it: World): void => {
      const entry: TranscriptEntry = { seq: 9, at: 201, kind: 'ended', by: 'agent' };
      it.transcript.push(entry);
      it.screen.push(shown(entry));
      it.ended = true;
      Object.assign(at(it.workflows, 0), { status: 'COMPLETED' });
    };
    const goOn = (it: World): void => {
      it.chatOfChannel.set('channel-2', 1);
      it.channels.push(channel('channel-2', 'Visitor 01 · x (2)', []));
      at(it.chats, 0).channel = { id: 'channel-2' };
    };

    test.each(['deleted', 'archived'] as const)('find nothing when it ends by that: %s', (how) => {
      const wrong = checked((it) => {
        lose(it, how);
        end(it);
      }).filter((one) => !holds(one));
      expect(wrong).toEqual([]);
    });

    test('find nothing when it asks for an agent again, with a new card and a new channel', () => {
      const wrong = checked((it) => {
        lose(it, 'deleted', true);
        goOn(it);
        it.cards.push(card('201', 1, 'v-01-same'));
      }).filter((one) => !holds(one));
      expect(wrong).toEqual([]);
    });

    test('find a chat that does neither', () => {
      expect(found('after a lost channel', (it) => lose(it, 'deleted'))).toMatchObject({ lost: 1 });
    });

    test('find a chat that ends with something waiting', () => {
      const ended = found('after a lost channel', (it) => {
        lose(it, 'deleted', true);
        end(it);
      });
      expect(ended).toMatchObject({ lost: 1 });
    });

    test('find words that are neither in a channel nor on the last card', () => {
      const crossed = (onCard: boolean) =>
        found('visitor → Zoom', (it) => {
          lose(it, 'deleted');
          end(it);
          it.messages.splice(6, 1);
          if (onCard) it.cards.push(card('202', 1, 'v-01-same'));
        });
      expect(crossed(true)).toMatchObject({ lost: 0 });
      expect(crossed(false)).toMatchObject({ lost: 1 });
    });

    test('let the last post before the loss be in the next channel again, and nothing else', () => {
      const again = (texts: readonly string[]) =>
        found('visitor → Zoom', (it) => {
          lose(it, 'archived', true);
          goOn(it);
          at(it.channels, it.channels.length - 1).messages.push(...texts.map((text, n) => post(String(210 + n), text)));
        });
      expect(again(['v-01-same'])).toMatchObject({ unavoidable: 1, duplicated: 0, lost: 0 });
      expect(again(['v-01-0001'])).toMatchObject({ unavoidable: 0, duplicated: 1 });
      expect(again(['v-01-0003.004', 'v-01-same'])).toMatchObject({ unavoidable: 0 });
    });

    test('let it go on in a channel that is not archived any more', () => {
      const wrong = checked((it) => {
        lose(it, 'archived', true);
        at(it.chats, 0).channel = { id: 'channel-1' };
      }).filter((one) => !holds(one));
      expect(wrong).toEqual([]);
    });

    test('ask for an answer in a deleted channel only where a webhook had brought it before', () => {
      const unread = (how: 'deleted' | 'archived', takenAt: number) =>
        found('agent → visitor', (it) => {
          lose(it, how);
          it.screen.splice(6, 1);
          it.deliveries.set('106', { firstTriedAt: 5, takenAt });
        });
      expect(unread('deleted', 300)).toMatchObject({ lost: 0 });
      expect(unread('deleted', 7)).toMatchObject({ lost: 1 });
      expect(unread('archived', 300)).toMatchObject({ lost: 1 });
    });
  });

  test('let no word of somebody outside of the account reach the visitor', () => {
    const outsider = (isShown: boolean) =>
      found('agent → visitor', (it) => {
        it.messages.push(answer('108', 'o-01-0001'));
        if (isShown) it.screen.push(shown(agentEntry(9, '108', 'o-01-0001')));
      });
    expect(outsider(false)).toMatchObject({ lost: 0, wrong: 0 });
    expect(outsider(true)).toMatchObject({ wrong: 1 });
  });

  test('let a card say that Zoom does not show the words, only where the visitor wrote such', () => {
    const unshown = (mayBe: boolean) =>
      found('inbound cards', (it) => {
        it.cards[0] = card('100', 1, 'Zoom refuses to show here what the visitor wrote.');
        if (mayBe) it.said.push({ id: 'more', text: words.visitorRefused(1, 9) });
      });
    expect(unshown(false)).toMatchObject({ lost: 1 });
    expect(unshown(true)).toMatchObject({ lost: 0 });
  });

  test('let a card that went with its inbound channel be there again', () => {
    const cards = found('inbound cards', (it) => {
      it.deleted.push(channel('inbound-1', 'Live Chat Inbound', it.cards.splice(0, 1)));
      it.cards.push(card('120', 1, 'v-01-0001'));
    });
    expect(cards).toMatchObject({ lost: 0, duplicated: 0 });
  });

  test('let a chat be without a card that its visitor ended before anybody had joined, and no other', () => {
    const without = (number: 1 | 2) => (it: Parameters<Parameters<typeof found>[1]>[0]) =>
      it.cards.splice(number - 1, 1);
    expect(found('inbound cards', without(2))).toMatchObject({ lost: 0, unavoidable: 1 });
    expect(found('visitor → Zoom', without(2))).toMatchObject({ lost: 0 });
    expect(found('inbound cards', without(1))).toMatchObject({ lost: 1 });
  });

  test('let an answer come late only if Zoom’s webhook of the later one came first', () => {
    const late = (takenAt: number) =>
      checked((it) => {
        swap(it.screen, 5, 6);
        it.deliveries.set('103', { firstTriedAt: 3, takenAt });
      }).find(({ name }) => name === 'agent → visitor');
    expect(late(Infinity)).toMatchObject({ reordered: 1, outOfOrder: 0 });
    expect(late(5.5)).toMatchObject({ reordered: 1, outOfOrder: 0 });
    expect(late(4)).toMatchObject({ reordered: 0, outOfOrder: 1 });
  });

  test('let two answers without a webhook come in their own order only', () => {
    const both = checked((it) => {
      swap(it.screen, 5, 6);
      it.deliveries.delete('103');
      it.deliveries.delete('106');
    });
    expect(both.find(({ name }) => name === 'agent → visitor')).toMatchObject({ reordered: 0, outOfOrder: 1 });
  });

  test('ask nobody for what agents wrote after the end', () => {
    const after = checked((it) => {
      const end: TranscriptEntry = { seq: 9, at: 107, kind: 'ended', by: 'visitor' };
      it.transcript.push(end);
      it.screen.push(shown(end));
      it.messages.push(answer('108', 'a-01-0009'));
    });
    expect(after.filter((one) => !holds(one))).toEqual([]);
  });

  test('count a lost grant as unavoidable only when Zoom lost its tokens, somebody ended it, or a kill fell into its renewal', () => {
    const asked = (change: (grants: Mutable<GrantFacts>) => void) =>
      checked((it) => {
        it.grants.asks.push({ at: 9_000, userId: 'alex' });
        change(it.grants);
      }).find(({ name }) => name === 'grants kept');
    const kill = (target: 'worker' | 'temporal' | 'mongo', killedAt: number) => ({
      target,
      killedAt,
      readyAt: killedAt + 1_500,
    });
    const unavoidable = { unavoidable: 1, wrong: 0 };
    const wrong = { unavoidable: 0, wrong: 1 };
    expect(asked((grants) => grants.kills.push(kill('worker', 5_100)))).toMatchObject(unavoidable);
    expect(asked((grants) => grants.kills.push(kill('worker', 4_900)))).toMatchObject(wrong);
    expect(asked((grants) => grants.kills.push(kill('worker', 7_500)))).toMatchObject(wrong);
    expect(asked((grants) => grants.kills.push(kill('temporal', 5_100)))).toMatchObject(wrong);
    // Nothing can be stored meanwhile.
    expect(asked((grants) => grants.kills.push(kill('mongo', 4_500), kill('worker', 7_500)))).toMatchObject(
      unavoidable,
    );
    expect(asked((grants) => grants.failedCallbacks.push([4_800, 5_900]))).toMatchObject(unavoidable);
    expect(asked((grants) => grants.failedCallbacks.push([5_200, 5_900]))).toMatchObject(wrong);
    expect(asked((grants) => (grants.lostAnswers = 1))).toMatchObject(unavoidable);
    expect(asked((grants) => grants.ended.push({ from: 8_000, to: 8_500 }))).toMatchObject(unavoidable);
    expect(asked((grants) => grants.ended.push({ from: 9_500, to: 9_800 }))).toMatchObject(wrong);
    const twice = (addedAt: number) =>
      asked((grants) => {
        grants.lostAnswers = 1;
        grants.given.push({ at: addedAt, added: true });
        grants.asks.push({ at: 9_500, userId: 'alex' });
      });
    expect(twice(9_800)).toMatchObject({ unavoidable: 2, wrong: 0 });
    expect(twice(9_200)).toMatchObject({ unavoidable: 1, wrong: 1 });
    expect(
      asked((grants) => {
        grants.kills.push(kill('worker', 5_100));
        grants.asks.unshift({ at: 4_000, userId: 'alex' });
      }),
    ).toMatchObject({ unavoidable: 1, wrong: 1 });
  });

  test('count a repeat as unavoidable only once for each late call, and not before it', () => {
    const repeated = (lateEffects: number[]) =>
      checked((it) => {
        it.messages.push(post('108', 'v-01-0001'));
        it.lateEffects.push(...lateEffects);
      }).find(({ name }) => name === 'visitor → Zoom');
    expect(repeated([108])).toMatchObject({ unavoidable: 1, duplicated: 0 });
    expect(repeated([109])).toMatchObject({ unavoidable: 0, duplicated: 1 });
    expect(repeated([])).toMatchObject({ unavoidable: 0, duplicated: 1 });
  });
});
