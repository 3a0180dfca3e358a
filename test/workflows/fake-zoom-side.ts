import { ApplicationFailure } from '@temporalio/activity';
import type { CardSlotActivities } from '../../activities/card-slot.ts';
import type { ChatActivities } from '../../activities/chat.ts';
import type { ChatZoomActivities } from '../../activities/chat-zoom.ts';
import type { MailActivities } from '../../activities/mail.ts';
import { postText } from '../../domain/channel-post.ts';
import type { PushOutcome, PushTarget, VisitorPush } from '../../domain/push.ts';
import type { ChatStanding, TranscriptEntry } from '../../domain/transcript.ts';

type Activities = CardSlotActivities & ChatActivities & ChatZoomActivities & MailActivities;
type Input<Name extends keyof Activities> = Parameters<Activities[Name]>[0];

/**
 * The chat's activities with Zoom, MongoDB and the api replaced by lists that a test looks at. Typed as the real
 * ones.
 */
export function fakeChatActivities(overrides: Partial<Activities> = {}) {
  const seen = {
    begun: [] as Input<'recordChat'>[],
    recorded: [] as TranscriptEntry[],
    standings: [] as ChatStanding[],
    pushes: [] as VisitorPush[],
    cards: [] as Input<'postInboundCard'>[],
    slotsAsked: [] as Input<'askForCardSlot'>[],
    queueCards: [] as number[],
    cardEdits: [] as Input<'updateInboundCard'>[],
    channels: [] as Input<'createChatChannel'>[],
    invited: [] as Input<'inviteAgent'>[],
    removed: [] as Input<'removeAgent'>[],
    posts: [] as Input<'postToChannel'>[],
    mails: [] as Input<'sendAnswers'>[],
    readBacks: 0,
    reminders: [] as Input<'askForReminder'>[],
    heads: [] as Input<'updateChannelHead'>[],
    archived: [] as string[],
    slowJoins: [] as Input<'tellSlowJoin'>[],
  };
  /** Outcome of a push to an instance; tests replace it. */
  const instances = { outcome: (_target: PushTarget): PushOutcome => 'pushed' };
  const pushTo = (targets: readonly PushTarget[], push: VisitorPush): PushOutcome[] => {
    const outcomes = targets.map((target) => instances.outcome(target));
    if (outcomes.includes('pushed')) seen.pushes.push(push);
    return outcomes;
  };
  const activities: Activities = {
    async recordChat(chat) {
      seen.begun.push(chat);
      return {};
    },
    async publish({ targets, standing, ...push }) {
      // Keyed, as MongoDB's inserts are.
      const known = new Set(seen.recorded.map(({ seq }) => seq));
      seen.recorded.push(...push.entries.filter(({ seq }) => !known.has(seq)));
      if (standing) seen.standings.push(standing);
      return { outcomes: pushTo(targets, push) };
    },
    async readVisitorTexts({ seqs }) {
      return seen.recorded.flatMap((entry) =>
        entry.kind === 'visitorMessage' && seqs.includes(entry.seq) ? [{ seq: entry.seq, text: entry.text }] : [],
      );
    },
    /** At once, as while no limits are kept. */
    async askForCardSlot(input) {
      seen.slotsAsked.push(input);
      return { channelId: 'inbound', isGranted: true };
    },
    async askForReminder(input) {
      seen.reminders.push(input);
    },
    async postReminder() {
      return { count: 1 };
    },
    async postQueueCard({ count }) {
      seen.queueCards.push(count);
      return { messageId: `queue-card-${seen.queueCards.length}`, channelId: 'inbound', channelJid: 'inbound@zoom' };
    },
    async updateQueueCard({ count }) {
      seen.queueCards.push(count);
    },
    async postInboundCard(input) {
      seen.cards.push(input);
      const card = { messageId: `card-${seen.cards.length}`, channelId: 'inbound', channelJid: 'inbound@zoom' };
      const { chatId, deliveredSeq, targets } = input;
      return { card, outcomes: pushTo(targets, { chatId, entries: [], lastSeq: 0, deliveredSeq }) };
    },
    async updateInboundCard(input) {
      seen.cardEdits.push(input);
      const { chatId, deliveredSeq, targets } = input;
      return { outcomes: pushTo(targets, { chatId, entries: [], lastSeq: 0, deliveredSeq }) };
    },
    async findAgent({ userId }) {
      if (userId === 'nobody') throw ApplicationFailure.nonRetryable('gone', 'UserGone');
      const id = userId.split('@')[0] ?? userId;
      return { id, name: `Agent ${id}`, email: `${id}@example.com` };
    },
    async findWriter({ userId }) {
      const isStranger = userId === '' || userId === 'nobody';
      if (isStranger) return { agent: { id: '', name: 'Gus Guest' }, speaks: false };
      return { agent: { id: userId, name: `Agent ${userId}` }, speaks: true };
    },
    async createChatChannel(input) {
      seen.channels.push(input);
      const id = `channel-${seen.channels.length}`;
      return {
        channel: { id, jid: `${id}@zoom`, name: id, url: `https://zoom.us/${id}` },
        ownerUserId: 'owner',
        isNew: true,
      };
    },
    async inviteAgent(input) {
      seen.invited.push(input);
    },
    async removeAgent(input) {
      seen.removed.push(input);
      return { outcome: input.agentId === input.ownerUserId ? 'owner' : 'removed' };
    },
    async postToChannel(input) {
      seen.posts.push(input);
      const { chatId, deliveredSeq, targets, as } = input;
      const outcomes = pushTo(targets, { chatId, entries: [], lastSeq: 0, deliveredSeq });
      return { messageId: `post-${seen.posts.length}`, as, outcomes };
    },
    async updateChannelHead(input) {
      seen.heads.push(input);
    },
    async archiveChannel({ channelId }) {
      seen.archived.push(channelId);
    },
    async tellSlowJoin(input) {
      seen.slowJoins.push(input);
    },
    async sendAnswers(input) {
      seen.mails.push(input);
      return { outcome: 'sent' };
    },
    async readChannel() {
      seen.readBacks += 1;
      return [];
    },
    ...overrides,
  };
  return {
    activities,
    seen,
    instances,
    /** The posts into chat channels as they read in a user's name. */
    posts: () => seen.posts.map(({ chatId, visitorName, post }) => postText(chatId, visitorName, post)),
    /** What of the visitor's is in the chat channels, message by message. */
    visitorLines: () => seen.posts.flatMap(({ post }) => (post.kind === 'visitorLines' ? post.text.split('\n') : [])),
  };
}
export type FakeChatActivities = ReturnType<typeof fakeChatActivities>;
