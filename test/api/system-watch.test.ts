import { expect, test, vi } from 'vitest';
import { watchSystem } from '../../api/system-watch.ts';
import { chat, fakeDependencies, member, start } from './fakes.ts';

test('shows how many chats are in which state, since when one waits, and what is there', async () => {
  const { dependencies, store, temporal, metrics } = fakeDependencies();
  const chats = [
    chat({ _id: 'a', status: 'waiting', createdAt: new Date(start - 5_000) }),
    chat({ _id: 'b', status: 'waiting', accountId: 'account-2', createdAt: new Date(start - 45_000) }),
    chat({ _id: 'c', status: 'active', createdAt: new Date(start - 90_000) }),
    chat({ _id: 'd', status: 'ended' }),
  ];
  for (const each of chats) store.chatsById.set(each._id, each);
  store.membersById.set('lost', member({ _id: 'lost', grantStatus: 'needsReconnect' }));
  temporal.count = (query) => (query.includes('"install"') ? 3 : query.includes('"chat"') ? 2 : null);
  const end = watchSystem(dependencies);
  await vi.waitFor(() => expect(metrics.values.size).toBe(11));
  end();
  expect(Object.fromEntries(metrics.values)).toEqual({
    'live_chat_chats{status="waiting"}': 2,
    'live_chat_chats{status="missed"}': 0,
    'live_chat_chats{status="joining"}': 0,
    'live_chat_chats{status="active"}': 1,
    live_chat_oldest_waiting_seconds: 45,
    live_chat_chats_closed_badly: 2,
    live_chat_grants_to_reconnect: 1,
    live_chat_installs_failed: 3,
    'live_chat_dependency_up{dependency="temporal"}': 1,
    'live_chat_dependency_up{dependency="worker"}': 1,
    'live_chat_dependency_up{dependency="mongodb"}': 1,
  });
});

test('says that it does not know, and no old number, while Temporal and MongoDB are away', async () => {
  const { dependencies, store, temporal, mongo, metrics } = fakeDependencies();
  temporal.away = true;
  store.broken = true;
  mongo.answers = false;
  const end = watchSystem(dependencies);
  await vi.waitFor(() => expect(metrics.values.size).toBe(11));
  end();
  const known = Object.fromEntries([...metrics.values].filter(([, value]) => !Number.isNaN(value)));
  expect(known).toEqual({
    'live_chat_dependency_up{dependency="temporal"}': 0,
    'live_chat_dependency_up{dependency="mongodb"}': 0,
  });
});
