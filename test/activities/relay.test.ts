import { expect, test } from 'vitest';
import { createRelayActivities } from '../../activities/relay.ts';
import type { VisitorDelivery } from '../../domain/delivery.ts';

const post = {
  chatId: 'chat-1',
  accountId: 'account-1',
  channel: { id: 'c', jid: 'c@x', name: 'c', url: 'https://zoom.us/c' },
  ownerUserId: 'owner',
  visitorName: 'Jane',
  content: { kind: 'visitorLines' as const, text: 'Hello', lastSeq: 3 },
  as: 'bot' as const,
  knownIds: [],
  entries: [{ kind: 'visitorMessage' as const, seq: 3, at: 1, clientId: 'c3', text: 'Hello' }],
};

test('a relay tells the sockets of this instance once Zoom has taken the post, and how many there were', async () => {
  const deliveries: VisitorDelivery[] = [];
  const { relayToZoom } = createRelayActivities(
    {
      async postToChatChannel() {
        expect(deliveries).toEqual([]);
        return { messageIds: ['m1'], as: 'bot' };
      },
    },
    {
      deliver(delivery) {
        deliveries.push(delivery);
        return 2;
      },
    },
  );
  expect(await relayToZoom(post)).toEqual({ messageIds: ['m1'], as: 'bot', sockets: 2 });
  expect(deliveries).toEqual([{ chatId: 'chat-1', entries: post.entries, lastSeq: 3, deliveredSeq: 3 }]);
});

test('a relay that Zoom refuses tells nobody', async () => {
  const deliver = (): number => {
    throw new Error('told');
  };
  const { relayToZoom } = createRelayActivities(
    { postToChatChannel: () => Promise.reject(new Error('refused')) },
    { deliver },
  );
  await expect(relayToZoom(post)).rejects.toThrow('refused');
});
