import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { VisitorConnections } from '../../api/visitor/connections.ts';
import { disconnectSignals } from '../../api/visitor/disconnects.ts';
import { createVisitorServer } from '../../api/visitor/server.ts';
import { Proxy, type Direction } from '../../tools/chaos/proxy.ts';
import { Random } from '../../tools/chaos/random.ts';
import { BrowserStore, HeadlessWidget } from '../support/headless-widget.ts';
import { FakeChats } from './fake-chats.ts';
import { fakeDependencies } from './fakes.ts';

/** As `expect.poll`, which does not work in tests that run side by side. */
const eventually = <T>(get: () => T) => {
  const holds = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 20 });
  return {
    toBe: (value: T) => holds(() => expect(get()).toBe(value)),
    toEqual: (value: T) => holds(() => expect(get()).toEqual(value)),
    toMatchObject: (value: object) => holds(() => expect(get()).toMatchObject(value)),
    toBeGreaterThan: (value: number) => holds(() => expect(get()).toBeGreaterThan(value)),
  };
};

/** The api's sockets, with chats behind them and a network before them that can go bad. */
async function startNetwork(whenDone: (cleanUp: () => Promise<void> | void) => void) {
  const { dependencies, store } = fakeDependencies();
  const chats = new FakeChats(store);
  const temporal = { ...dependencies.temporal, chats: { ...dependencies.temporal.chats, ...chats.client } };

  async function instance(instanceId: string) {
    const signalDisconnected = disconnectSignals(temporal.chats, dependencies.log);
    const connections = new VisitorConnections({ signalDisconnected, graceMs: 200 });
    const visitors = createVisitorServer({
      ...dependencies,
      temporal,
      clock: Date.now,
      instanceId,
      instanceUrl: `http://${instanceId}`,
      connections,
      // It asks its sockets as seldom as in earnest, compared with the widget.
      options: { pingEveryMs: 1_500 },
    });
    chats.instances.set(instanceId, connections);
    const server = createServer();
    server.on('upgrade', visitors.upgrade);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const network = await Proxy.open((server.address() as AddressInfo).port);
    whenDone(async () => {
      await network.close();
      await visitors.close();
      server.close();
    });
    return { visitors, network, url: `ws://127.0.0.1:${network.port}/visitor` };
  }

  function widget(options: { url: () => string; store?: BrowserStore }): HeadlessWidget {
    const created = new HeadlessWidget({ widget: 'widget-1', heartbeatMs: 1_000, ...options });
    whenDone(() => created.leave());
    return created;
  }
  return { chats, store, instance, widget };
}

/** A talk that is under way: one message each way, delivered. */
async function talk(whenDone: Parameters<typeof startNetwork>[0]) {
  const net = await startNetwork(whenDone);
  const here = await net.instance('here');
  const there = await net.instance('there');
  let url = here.url;
  const visitor = net.widget({ url: () => url });
  visitor.app.submit('first');
  await eventually(() => visitor.lines.at(-1)?.status).toBe('delivered');
  net.chats.agentSays('hello');
  await eventually(() => visitor.texts).toEqual(['first', 'hello']);
  const freeze = (direction: Direction) => here.network.freeze(new Random(1), 1, direction);
  const moveThere = () => {
    url = there.url;
  };
  return { ...net, here, there, visitor, freeze, moveThere };
}

/** Everybody has everything, once. */
async function allIsWell({ chats, visitor }: Awaited<ReturnType<typeof talk>>, said: string[], heard: string[]) {
  await eventually(() => visitor.texts.toSorted()).toEqual(['first', 'hello', ...said, ...heard].toSorted());
  await eventually(() =>
    visitor.lines.filter(({ kind }) => kind === 'visitorMessage').map(({ status }) => status),
  ).toEqual(Array.from({ length: said.length + 1 }, () => 'delivered'));
  expect(visitor.texts.filter((text) => said.includes(text))).toEqual(said);
  expect(visitor.texts.filter((text) => heard.includes(text))).toEqual(heard);
  expect(chats.inZoom).toEqual(['first', ...said]);
  expect(chats.begun).toBe(1);
}

describe.concurrent.each(['in', 'out', 'both'] as const)(
  'a connection that is dead in the direction "%s"',
  (direction) => {
    test.for([
      ['the same instance', false],
      ['another instance', true],
    ] as const)(
      'is given up, and what both sides wrote meanwhile comes once, by %s',
      async ([, elsewhere], { onTestFinished }) => {
        const net = await talk(onTestFinished);
        const { chats, visitor, here, there } = net;
        const connects = visitor.connects;
        expect(net.freeze(direction)).toBe(1);
        if (elsewhere) net.moveThere();
        visitor.app.submit('second');
        visitor.app.submit('third');
        expect(visitor.lines.at(-1)?.status).toBe('sending');
        chats.agentSays('are you there?');
        await eventually(() => visitor.connects).toBeGreaterThan(connects);
        await allIsWell(net, ['second', 'third'], ['are you there?']);

        // The api does not know that the old connection is dead, and finds out by itself.
        const [old, current] = elsewhere ? [here, there] : [here, here];
        await eventually(() => old.visitors.size()).toBe(elsewhere ? 0 : 1);
        await eventually(() => current.visitors.size()).toBe(1);
        // After the grace time of the old instance the chat drops its connection, and keeps the new one.
        if (elsewhere) await eventually(() => chats.pushesTo).toEqual(['there']);
        await eventually(() => visitor.isOnline).toBe(true);
        chats.agentSays('good to see you');
        await allIsWell(net, ['second', 'third'], ['are you there?', 'good to see you']);
      },
    );
  },
);

test.concurrent('a visitor who only receives notices, however much the team writes', async ({ onTestFinished }) => {
  const net = await talk(onTestFinished);
  const { chats, visitor } = net;
  const connects = visitor.connects;
  net.freeze('in');
  const heard: string[] = [];
  while (visitor.connects === connects) {
    heard.push(`line ${heard.length + 1}`);
    chats.agentSays(heard.at(-1) ?? '');
    await eventually(() => visitor.texts.includes(heard.at(-1) ?? '') || visitor.connects > connects).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await allIsWell(net, [], heard);
});

test.concurrent(
  'a message whose ✓ was lost on a dead connection is shown as sending, and is still one message',
  async ({ onTestFinished }) => {
    const net = await talk(onTestFinished);
    const { chats, visitor } = net;
    chats.zoomAway = true;
    net.freeze('out');
    visitor.app.submit('second');
    // It is with Temporal, and the visitor cannot know.
    await eventually(() => chats.events.filter(({ kind }) => kind === 'message').length).toBe(2);
    expect(visitor.lines.at(-1)).toMatchObject({ text: 'second', status: 'sending' });
    await eventually(() => visitor.lines.at(-1)).toMatchObject({ text: 'second', status: 'accepted' });
    chats.zoomBack();
    await allIsWell(net, ['second'], []);
  },
);

test.concurrent('the end of a chat arrives over the next connection', async ({ onTestFinished }) => {
  const net = await talk(onTestFinished);
  net.freeze('in');
  net.visitor.app.endChat();
  await eventually(() => net.chats.isEnded).toBe(true);
  await eventually(() => net.visitor.app.getState().status).toBe('ended');
});

describe.concurrent('a first message', () => {
  test('whose ✓ never came begins one chat, on whichever connection it is repeated', async ({ onTestFinished }) => {
    const net = await startNetwork(onTestFinished);
    const here = await net.instance('here');
    const visitor = net.widget({ url: () => here.url });
    visitor.app.dispatch('open');
    await eventually(() => visitor.isOnline).toBe(true);
    here.network.freeze(new Random(1), 1, 'out');
    visitor.app.submit('hello?');
    await eventually(() => net.chats.begun).toBe(1);
    await eventually(() => visitor.lines[0]?.status).toBe('delivered');
    expect(visitor.connects).toBeGreaterThan(1);
    expect(net.chats.begun).toBe(1);
    expect(net.chats.inZoom).toEqual(['hello?']);
  });

  test('that was written but never got through begins one chat after all', async ({ onTestFinished }) => {
    const net = await startNetwork(onTestFinished);
    const here = await net.instance('here');
    const visitor = net.widget({ url: () => here.url });
    visitor.app.dispatch('open');
    await eventually(() => visitor.isOnline).toBe(true);
    here.network.freeze(new Random(1), 1, 'in');
    visitor.app.submit('hello?');
    await eventually(() => visitor.lines[0]?.status).toBe('delivered');
    expect(net.chats.begun).toBe(1);
    expect(net.chats.inZoom).toEqual(['hello?']);
  });

  test('of one tab is the chat of all tabs, though all had connections and lost them', async ({ onTestFinished }) => {
    const net = await startNetwork(onTestFinished);
    const here = await net.instance('here');
    const store = new BrowserStore();
    const tabs = [1, 2, 3].map(() => net.widget({ url: () => here.url, store }));
    for (const tab of tabs) tab.app.dispatch('open');
    await eventually(() => tabs.every((tab) => tab.isOnline)).toBe(true);
    here.network.freeze(new Random(1), 1, 'out');
    tabs[0]?.app.submit('from the first');
    await new Promise((resolve) => setImmediate(resolve));
    tabs[1]?.app.submit('from the second');
    for (const tab of tabs) {
      await eventually(() => tab.lines.map(({ status }) => status)).toEqual(['delivered', 'delivered']);
      expect(tab.texts).toEqual(net.chats.inZoom);
    }
    expect(net.chats.begun).toBe(1);
    expect(net.chats.inZoom.toSorted()).toEqual(['from the first', 'from the second']);
  });
});
