import { ApplicationFailure } from '@temporalio/activity';
import type { ChatActivities } from '../../activities/chat.ts';
import type { OperatorActivities } from '../../activities/operator.ts';
import { createRelayActivities } from '../../activities/relay.ts';
import type { ShortWayActivities } from '../../activities/short-way.ts';
import { notYetPosted } from '../../activities/channel-poster.ts';
import { postText, type ChannelPost } from '../../domain/channel-post.ts';
import type { RouteOutcome, VisitorDelivery, VisitorRoute } from '../../domain/delivery.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { ZoomMessage } from '../../zoom/index.ts';

type Input<Name extends keyof ChatActivities> = Parameters<ChatActivities[Name]>[0];

/**
 * The chat activities with Zoom and MongoDB replaced by lists that a test looks at. Typed as the real ones. A worker for chats
 * with the short way has `shortWay` besides `activities`.
 */
export function fakeChatActivities(overrides: Partial<ChatActivities & OperatorActivities> = {}) {
  const seen = {
    begun: [] as Input<'beginChat'>[],
    recorded: [] as TranscriptEntry[],
    states: [] as NonNullable<Input<'recordTranscript'>['state']>[],
    cards: [] as Input<'postInboundCard'>[],
    cardEdits: [] as Input<'updateInboundCard'>[],
    opened: [] as Input<'openChatChannel'>[],
    invited: [] as Input<'inviteAgent'>[],
    removed: [] as Parameters<OperatorActivities['removeAgents']>[0][],
    posts: [] as string[],
    readBacks: 0,
  };
  const keys = new Set<number>();
  /** Keyed, as MongoDB's inserts are. Whether none of them was there. */
  const record = (entries: readonly TranscriptEntry[]): boolean => {
    const fresh = entries.filter(({ seq }) => !keys.has(seq));
    for (const entry of fresh) keys.add(entry.seq);
    seen.recorded.push(...fresh);
    return fresh.length === entries.length;
  };
  const activities: ChatActivities & OperatorActivities = {
    async beginChat(chat) {
      seen.begun.push(chat);
    },
    async recordTranscript({ entries, state }) {
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
    async postToChatChannel({ visitorName, content, as, entries = [], lookFirst = false }) {
      const looks = !record(entries) || lookFirst;
      const left =
        looks && content.kind === 'visitorLines' ? { ...content, text: notThere(visitorName, content) } : content;
      if (left.kind !== 'visitorLines' || left.text !== '') seen.posts.push(postText(visitorName, left));
      return { messageIds: [`post-${seen.posts.length}`], as };
    },
    async readChannelBack() {
      seen.readBacks += 1;
      return [];
    },
    ...overrides,
  };
  /** What of the lines is not among the posts yet, found as the real activity finds it. */
  const notThere = (visitorName: string, lines: Extract<ChannelPost, { kind: 'visitorLines' }>): string => {
    const posts = [...seen.posts];
    const find = (matches: (message: ZoomMessage) => boolean) => {
      const index = posts.findIndex((text) => matches({ text } as ZoomMessage));
      return index === -1 ? undefined : ({ text: posts.splice(index, 1)[0] } as ZoomMessage);
    };
    const said = (text: string) => (message: ZoomMessage) =>
      message.text === postText(visitorName, { kind: 'visitorLines', text, lastSeq: 0 });
    return notYetPosted({ ...lines, ends: lines.ends ?? [lines.text.length] }, { find }, said);
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
  /** What a worker runs within the workflow task. The direct line reaches every instance that has an address. */
  const shortWay: ShortWayActivities = {
    async tell({ routes, standing, ...delivery }) {
      const fresh = record(delivery.entries);
      if (standing) seen.states.push(standing);
      return { routes: pushed(routes, delivery), ...(fresh ? {} : { repeated: true }) };
    },
    async relayNow({ chatId, visitorName, content, as, entries, lastSeq, routes }) {
      if (!record(entries)) return { outcome: 'unknown' };
      seen.posts.push(postText(visitorName, content));
      const messageIds = [`post-${seen.posts.length}`];
      const told = pushed(routes, { chatId, entries, lastSeq, deliveredSeq: lastSeq });
      return { outcome: 'posted', messageIds, as, routes: told };
    },
  };
  const pushed = (routes: readonly VisitorRoute[], delivery: VisitorDelivery): RouteOutcome[] =>
    routes.map(({ url }) => {
      if (url === undefined) return 'unreached';
      deliver(delivery);
      return 'reached';
    });
  return { activities, seen, instance, deliveries, shortWay };
}
