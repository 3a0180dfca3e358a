import { ApplicationFailure } from '@temporalio/activity';
import type { ChatActivities } from '../../activities/chat.ts';
import type { OperatorActivities } from '../../activities/operator.ts';
import { createRelayActivities } from '../../activities/relay.ts';
import { postText } from '../../domain/channel-post.ts';
import type { VisitorDelivery } from '../../domain/delivery.ts';
import type { TimelineEntry } from '../../domain/timeline.ts';

type Input<Name extends keyof ChatActivities> = Parameters<ChatActivities[Name]>[0];

/** The chat activities with Zoom and MongoDB replaced by lists that a test looks at. Typed as the real ones. */
export function fakeChatActivities(overrides: Partial<ChatActivities & OperatorActivities> = {}) {
  const seen = {
    begun: [] as Input<'beginChat'>[],
    recorded: [] as TimelineEntry[],
    states: [] as NonNullable<Input<'recordTimeline'>['state']>[],
    cards: [] as Input<'postInboundCard'>[],
    cardEdits: [] as Input<'updateInboundCard'>[],
    opened: [] as Input<'openChatChannel'>[],
    invited: [] as Input<'inviteAgent'>[],
    removed: [] as Parameters<OperatorActivities['removeAgents']>[0][],
    posts: [] as string[],
    readBacks: 0,
  };
  const record = (entries: readonly TimelineEntry[]) => {
    for (const entry of entries) if (!seen.recorded.some((known) => known.seq === entry.seq)) seen.recorded.push(entry);
  };
  const activities: ChatActivities & OperatorActivities = {
    async beginChat(chat) {
      seen.begun.push(chat);
    },
    async recordTimeline({ entries, state }) {
      record(entries);
      if (state) seen.states.push(state);
    },
    async postInboundCard(view) {
      seen.cards.push(view);
      return {
        messageId: `card-${seen.cards.length}`,
        channelId: 'inbound',
        channelJid: 'inbound@conference.xmpp.zoom.us',
      };
    },
    async updateInboundCard(input) {
      seen.cardEdits.push(input);
    },
    async findAgent({ user }) {
      if (user.id === 'nobody') throw ApplicationFailure.nonRetryable('gone', 'UserGone');
      return { id: user.id, name: `Agent ${user.id}`, email: `${user.id}@example.com` };
    },
    async openChatChannel(input) {
      seen.opened.push(input);
      const id = `channel-${seen.opened.length}`;
      return {
        channel: { id, jid: `${id}@conference.xmpp.zoom.us`, name: id, url: `https://zoom.us/${id}` },
        ownerUserId: 'owner',
      };
    },
    async inviteAgent(input) {
      seen.invited.push(input);
    },
    async removeAgents(input) {
      seen.removed.push(input);
      const stayed = input.agents.filter(({ id }) => id === input.ownerUserId);
      return { stayed: stayed.map((agent) => ({ agent, why: 'owner' as const })) };
    },
    async postToChatChannel({ visitorName, content, as, entries = [] }) {
      record(entries);
      seen.posts.push(postText(visitorName, content));
      return { messageIds: [`post-${seen.posts.length}`], as };
    },
    async readChannelBack() {
      seen.readBacks += 1;
      return [];
    },
    ...overrides,
  };
  const deliveries: VisitorDelivery[] = [];
  const deliver = (input: VisitorDelivery) => {
    deliveries.push(input);
    record(input.entries);
    return 1;
  };
  /** What an api instance runs for the visitor whose socket it holds. */
  const instance = {
    async deliverToVisitor(input: VisitorDelivery) {
      return { sockets: deliver(input) };
    },
    ...createRelayActivities(activities, { deliver }),
  };
  return { activities, seen, instance, deliveries };
}
