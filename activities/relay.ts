import type { VisitorDelivery } from '../domain/delivery.ts';
import type { ChatActivities } from './chat.ts';

type Post = ChatActivities['postToChatChannel'];

/**
 * What an api instance relays for the visitors whose sockets it holds: the same post that a worker would make, and ✓✓ to
 * the sockets in the same breath.
 * @param connections the sockets on this instance: a delivery answers how many of the chat's there were.
 */
export function createRelayActivities(
  chat: Pick<ChatActivities, 'postToChatChannel'>,
  connections: { deliver(delivery: VisitorDelivery): number },
) {
  return {
    async relayToZoom(input: Parameters<Post>[0]): Promise<Awaited<ReturnType<Post>> & { sockets: number }> {
      const result = await chat.postToChatChannel(input);
      const { chatId, content, entries = [] } = input;
      const lastSeq = content.kind === 'visitorLines' ? content.lastSeq : 0;
      return { ...result, sockets: connections.deliver({ chatId, entries, lastSeq, deliveredSeq: lastSeq }) };
    },
  };
}
export type RelayActivities = ReturnType<typeof createRelayActivities>;
