import { describe, expect, test } from 'vitest';
import { newChatLimits, type ChatToBegin } from '../../api/visitor/new-chats.ts';
import { fakeDependencies } from './fakes.ts';

const limits = {
  network: { requests: 5, seconds: 300 },
  widget: { requests: 8, seconds: 60 },
  account: { requests: 12, seconds: 60 },
};

function setUp() {
  const { dependencies, store, clock } = fakeDependencies();
  const { config } = dependencies;
  const process = () => newChatLimits({ store, config, clock: clock.read, limits });
  let chats = 0;
  const chat = (changes: Partial<ChatToBegin> = {}): ChatToBegin => ({
    chatId: `chat-${(chats += 1)}`,
    accountId: 'account-1',
    widgetId: 'widget-1',
    network: '192.0.2.1',
    ...changes,
  });
  return { store, clock, process, chat };
}

describe('new chats', () => {
  test('of one network begin five at once, and then one as each grows old enough', async () => {
    const { clock, process, chat } = setUp();
    const admit = process();
    const begin = async (count: number) => {
      const waits = await Promise.all(Array.from({ length: count }, () => admit(chat())));
      return waits.filter((wait) => wait === undefined).length;
    };
    expect(await begin(150)).toBe(5);
    expect(await admit(chat())).toBe(300_000);
    expect(await admit(chat({ network: '192.0.2.2' }))).toBeUndefined();
    clock.pass(299_999);
    expect(await begin(10)).toBe(0);
    clock.pass(1);
    expect(await begin(10)).toBe(5);
  });

  test('are limited over all processes', async () => {
    const { process, chat } = setUp();
    const processes = [process(), process(), process()];
    const taken: unknown[] = [];
    for (let n = 0; n < 15; n += 1) taken.push(await processes[n % 3]?.(chat()));
    expect(taken.filter((wait) => wait === undefined)).toHaveLength(5);
  });

  test('of many networks are limited by widget and by account', async () => {
    const { process, chat } = setUp();
    const admit = process();
    const begun = { one: 0, two: 0 };
    for (let n = 0; n < 20; n += 1) {
      if ((await admit(chat({ network: `a${n}` }))) === undefined) begun.one += 1;
    }
    for (let n = 0; n < 20; n += 1) {
      if ((await admit(chat({ network: `b${n}`, widgetId: 'widget-2' }))) === undefined) begun.two += 1;
    }
    expect(begun).toEqual({ one: 8, two: 4 });
    expect(await admit(chat({ network: 'c', widgetId: 'widget-3', accountId: 'account-2' }))).toBeUndefined();
  });

  test('that are refused take nothing from others’ limits, and ask MongoDB nothing', async () => {
    const { store, process, chat } = setUp();
    const admit = process();
    for (let n = 0; n < 6; n += 1) await admit(chat());
    store.broken = true;
    expect(await admit(chat())).toBeGreaterThan(0);
    store.broken = false;
    expect(store.newChatsBegun).toHaveLength(5);
    for (let n = 0; n < 3; n += 1) expect(await admit(chat({ network: `other-${n}` }))).toBeUndefined();
  });

  test('whose first message is sent again count once', async () => {
    const { process, chat } = setUp();
    const same = chat();
    const [one, other] = [process(), process()];
    for (const admit of [one, other, one, other, one, other, one]) expect(await admit(same)).toBeUndefined();
  });

  test('leave no address behind', async () => {
    const { store, process, chat } = setUp();
    await process()(chat({ network: '198.51.100.7' }));
    expect(JSON.stringify(store.newChatsBegun)).not.toContain('198.51.100.7');
  });
});
