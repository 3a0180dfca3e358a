import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { VisitorConnections, type DeliverySink } from '../../api/visitor/connections.ts';
import type { VisitorDelivery } from '../../domain/delivery.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const graceMs = 20_000;

function setUp() {
  const farewells: [chatId: string, connectionId: string][] = [];
  const connections = new VisitorConnections({
    graceMs,
    farewell: async (...farewell) => void farewells.push(farewell),
  });
  const socket = (): DeliverySink & { got: VisitorDelivery[] } => {
    const got: VisitorDelivery[] = [];
    return { got, deliver: (delivery) => void got.push(delivery) };
  };
  /** A socket of a chat that has been told of it. */
  const come = (chatId = 'chat-1') => {
    const place = connections.add(chatId, socket());
    place.presence.known = true;
    return place;
  };
  return { connections, farewells, socket, come };
}

const delivery = { chatId: 'chat-1', entries: [], lastSeq: 1, deliveredSeq: 1 };

describe('for a chat, its visitor', () => {
  test('is one connection, however many tabs there are', () => {
    const { connections, farewells, come } = setUp();
    const first = come();
    const second = come();
    expect(second.presence).toBe(first.presence);
    expect(connections.deliver(delivery)).toBe(2);
    first.leave();
    first.leave();
    expect(connections.deliver(delivery)).toBe(1);
    vi.advanceTimersByTime(graceMs);
    expect(farewells).toEqual([]);
    expect(come('chat-2').presence).not.toBe(first.presence);
  });

  test('stays the same connection through a reload, of which the chat hears nothing', () => {
    const { farewells, come } = setUp();
    const before = come();
    before.leave();
    vi.advanceTimersByTime(graceMs - 1);
    const after = come();
    expect(after.presence).toBe(before.presence);
    vi.advanceTimersByTime(graceMs);
    expect(farewells).toEqual([]);
  });

  test('is gone after the grace time, which the chat is told once', () => {
    const { farewells, come } = setUp();
    const { presence, leave } = come();
    leave();
    vi.advanceTimersByTime(graceMs);
    expect(farewells).toEqual([['chat-1', presence.connectionId]]);
    expect(come().presence.connectionId).not.toBe(presence.connectionId);
  });

  test('is gone at once when a delivery has found nobody: the next socket is another connection', () => {
    const { connections, farewells, come } = setUp();
    const before = come();
    before.leave();
    expect(connections.deliver(delivery)).toBe(0);
    const { presence } = connections.add('chat-1', { deliver: () => undefined });
    expect(presence.connectionId).not.toBe(before.presence.connectionId);
    expect(presence.known).toBe(false);
    vi.advanceTimersByTime(graceMs);
    expect(farewells).toEqual([]);
  });

  test('is not bid farewell to when the chat never knew', () => {
    const { connections, farewells, socket } = setUp();
    connections.add('chat-1', socket()).leave();
    vi.advanceTimersByTime(graceMs);
    expect(farewells).toEqual([]);
  });

  test('is bid farewell to when the chat came to know while the last socket was closing', () => {
    const { connections, farewells, socket } = setUp();
    const { presence, leave } = connections.add('chat-1', socket());
    leave();
    presence.known = true;
    vi.advanceTimersByTime(graceMs);
    expect(farewells).toHaveLength(1);
  });
});

test('at the end of the process all chats are told at once', async () => {
  const { connections, farewells, come, socket } = setUp();
  come('chat-1');
  come('chat-2').leave();
  connections.add('chat-3', socket());
  await connections.close();
  expect(farewells.map(([chatId]) => chatId)).toEqual(['chat-1', 'chat-2']);
  vi.advanceTimersByTime(graceMs);
  expect(farewells).toHaveLength(2);
});
