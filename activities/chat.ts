import type { PushOutcome, PushTarget, PushToVisitor, VisitorPush } from '../domain/push.ts';
import type { ChatStanding } from '../domain/transcript.ts';
import { mostEarlierChats, type EarlierChats, type Page, type Visitor } from '../domain/visitor.ts';
import { channelUrlOf, type Store } from '../store/index.ts';

export interface ChatActivityDependencies {
  store: Pick<Store, 'chats' | 'transcript'>;
  push: PushToVisitor;
}

/**
 * What a chat needs of MongoDB and of the api instances, not of Zoom. Every write is keyed, so repeating one is
 * harmless.
 */
export function createChatActivities({ store, push }: ChatActivityDependencies) {
  return {
    /**
     * The chat's record, so that webhooks, the dashboard and a reconnecting visitor find it.
     * @returns the chats that the same visitor had before.
     */
    async recordChat(input: {
      chatId: string;
      accountId: string;
      widgetId: string;
      visitor: Visitor;
      page?: Page;
      /** ms */
      startedAt: number;
    }): Promise<{ earlier?: EarlierChats }> {
      const { chatId, accountId, widgetId, visitor, page, startedAt } = input;
      const { name, id, email } = visitor;
      const createdAt = new Date(startedAt);
      const known = { ...(id === undefined ? {} : { id }), ...(email === undefined ? {} : { email }) };
      const [earlier] = await Promise.all([
        store.chats.earlierOf({ accountId, chatId, ...known }, createdAt, mostEarlierChats),
        store.chats.begin({
          _id: chatId,
          accountId,
          widgetId,
          visitor: { name, ...known },
          ...(page === undefined ? {} : { page }),
          status: 'waiting',
          agents: [],
          answeredBy: [],
          createdAt,
          waitingSince: createdAt,
          deliveredSeq: 0,
        }),
      ]);
      const [last] = earlier;
      if (!last) return {};
      const channelUrl = channelUrlOf(last);
      return {
        earlier: {
          count: earlier.length,
          last: {
            at: last.createdAt.getTime(),
            agents: last.answeredBy.map((agent) => agent.name),
            ...(channelUrl === undefined ? {} : { channelUrl }),
            isSameBrowser: id !== undefined && last.visitor.id === id,
          },
        },
      };
    },

    /**
     * Record entries, and where the chat stands if that has changed; then push them to the visitor.
     * @returns what became of the push, in the order of the targets.
     */
    async publish(
      input: VisitorPush & { targets: PushTarget[]; standing?: ChatStanding },
    ): Promise<{ outcomes: PushOutcome[] }> {
      const { targets, standing, ...news } = input;
      // Recorded first: what a visitor has seen must still be there when they come back.
      await Promise.all([
        store.transcript.append(news.chatId, news.entries),
        standing ? store.chats.set(news.chatId, recordedStanding(standing, news.deliveredSeq)) : undefined,
      ]);
      return { outcomes: targets.length === 0 ? [] : await push(targets, news) };
    },

    /** Texts of visitor messages, from the transcript. A `seq` that is none of a visitor's message is left out. */
    async readVisitorTexts(input: { chatId: string; seqs: number[] }): Promise<{ seq: number; text: string }[]> {
      const { chatId, seqs } = input;
      const first = Math.min(...seqs);
      const last = Math.max(...seqs);
      if (seqs.length === 0) return [];
      const entries = await store.transcript.after(chatId, first - 1, last - first + 1);
      return entries.flatMap((entry) =>
        entry.kind === 'visitorMessage' && seqs.includes(entry.seq) ? [{ seq: entry.seq, text: entry.text }] : [],
      );
    },
  };
}
export type ChatActivities = ReturnType<typeof createChatActivities>;

function recordedStanding({ waitingSince, endedAt, reopenUntil, ...standing }: ChatStanding, deliveredSeq: number) {
  const date = (ms: number | null) => (ms === null ? null : new Date(ms));
  return {
    ...standing,
    deliveredSeq,
    waitingSince: date(waitingSince),
    endedAt: date(endedAt),
    reopenUntil: date(reopenUntil),
  };
}
