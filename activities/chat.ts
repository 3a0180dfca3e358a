import type { PushOutcome, PushTarget, PushToVisitor, VisitorPush } from '../domain/push.ts';
import type { ChatStanding } from '../domain/transcript.ts';
import type { ChatChanges, Store } from '../store/index.ts';

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
    /** The chat's record, so that webhooks, the dashboard and a reconnecting visitor find it. */
    async recordChat(input: {
      chatId: string;
      accountId: string;
      widgetId: string;
      visitor: { name: string; email?: string };
      page?: { url: string; title?: string };
      /** ms */
      startedAt: number;
    }): Promise<void> {
      const { chatId, startedAt, ...chat } = input;
      await store.chats.begin({
        _id: chatId,
        ...chat,
        status: 'waiting',
        agents: [],
        createdAt: new Date(startedAt),
        deliveredSeq: 0,
      });
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

function recordedStanding({ endedAt, reopenUntil, ...standing }: ChatStanding, deliveredSeq: number): ChatChanges {
  const dateOf = (at: number | undefined) => (at === undefined ? undefined : new Date(at));
  // Undefined, or a chat that goes on again would still have ended.
  return { ...standing, deliveredSeq, endedAt: dateOf(endedAt), reopenUntil: dateOf(reopenUntil) };
}
