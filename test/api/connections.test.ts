import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { VisitorConnections, type Presence, type PushReceiver } from '../../api/visitor/connections.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const graceMs = 20_000;

function setUp() {
  const disconnected: Presence[] = [];
  const connections = new VisitorConnections({
    graceMs,
    signalDisconnected: async (presence) => void disconnected.push(presence),
  });
  /** A socket opens, whose chat knows of it or comes to know. */
  const open = (chatId = 'chat-1', announced = true) => {
    const socket: PushReceiver = { receive: () => undefined };
    const presence = connections.add(chatId, socket);
    presence.announced ||= announced;
    return { presence, close: () => connections.remove(presence, socket) };
  };
  return { connections, disconnected, open };
}

const push = { chatId: 'chat-1', entries: [], lastSeq: 1, deliveredSeq: 1 };

describe('for a chat, its visitor', () => {
  test('is one connection, however many tabs there are', () => {
    const { connections, disconnected, open } = setUp();
    const first = open();
    const second = open();
    expect(second.presence).toBe(first.presence);
    expect(connections.push(push)).toBe(2);
    first.close();
    first.close();
    expect(connections.push(push)).toBe(1);
    vi.advanceTimersByTime(graceMs);
    expect(disconnected).toEqual([]);
    expect(open('chat-2').presence).not.toBe(first.presence);
  });

  test('stays the same connection through a reload, of which the chat hears nothing', () => {
    const { disconnected, open } = setUp();
    const before = open();
    before.close();
    vi.advanceTimersByTime(graceMs - 1);
    expect(open().presence).toBe(before.presence);
    vi.advanceTimersByTime(graceMs);
    expect(disconnected).toEqual([]);
  });

  test('is gone after the grace time, which the chat is signalled once', () => {
    const { disconnected, open } = setUp();
    const { presence, close } = open();
    close();
    vi.advanceTimersByTime(graceMs);
    expect(disconnected).toEqual([presence]);
    expect(open().presence.connectionId).not.toBe(presence.connectionId);
  });

  test('is gone at once when a push has found nobody: the next socket is another connection', () => {
    const { connections, disconnected, open } = setUp();
    const before = open();
    before.close();
    expect(connections.push(push)).toBe(0);
    const { presence } = open('chat-1', false);
    expect(presence.connectionId).not.toBe(before.presence.connectionId);
    expect(presence.announced).toBe(false);
    vi.advanceTimersByTime(graceMs);
    expect(disconnected).toEqual([]);
  });

  test('goes without a signal when the chat never knew', () => {
    const { disconnected, open } = setUp();
    open('chat-1', false).close();
    vi.advanceTimersByTime(graceMs);
    expect(disconnected).toEqual([]);
  });

  test('goes with a signal when the chat came to know while the last socket was closing', () => {
    const { disconnected, open } = setUp();
    const { presence, close } = open('chat-1', false);
    close();
    presence.announced = true;
    vi.advanceTimersByTime(graceMs);
    expect(disconnected).toEqual([presence]);
  });
});

test('at the end of the process all chats that know of it are signalled, once', async () => {
  const { connections, disconnected, open } = setUp();
  open('chat-1');
  open('chat-2').close();
  open('chat-3', false);
  await connections.close();
  expect(disconnected.map(({ chatId }) => chatId)).toEqual(['chat-1', 'chat-2']);
  vi.advanceTimersByTime(graceMs);
  expect(disconnected).toHaveLength(2);
});
