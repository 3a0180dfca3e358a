import { log } from '@temporalio/activity';
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { workflowIds } from '../domain/workflow-ids.ts';
import type { Store } from '../store/index.ts';
import type { EraseInput } from '../workflows/retention/messages.ts';
import { requireAccount } from './acting-user.ts';

/** What the retention activities work with. */
export interface RetentionActivityDependencies {
  store: Store;
  client: Client;
  /** The time now, ms since 1970. */
  clock: () => number;
}

const dayMs = 86_400_000;
/** Chats that one activity erases. */
const chatsAtOnce = 50;
/** Accounts that one activity names. */
const accountsAtOnce = 100;
/** Open chats that began less than so long ago, ms, are not looked at: hardly any has been abandoned. */
const abandonedAfterMs = dayMs;
/** Most open chats that one run looks at. */
const mostAbandoned = 1_000;
/** An OAuth state expires within minutes: one that is so old, ms, is refused by its own expiry. */
const stateAgeMs = dayMs;
/** An api instance that was not seen for so long, ms, has ended. */
const instanceAgeMs = dayMs;
/** An administrator who has not acted for so long, ms, is asked again. */
const noticeAgeMs = 30 * dayMs;

const notFound = 5;

/** The activities of retention and of erasing: what is deleted is gone from MongoDB and from Temporal. */
export function createRetentionActivities({ store, client, clock }: RetentionActivityDependencies) {
  const ago = (ms: number) => new Date(clock() - ms);

  /** When the chat's workflow ended; undefined while it runs, null when Temporal does not know it any more. */
  async function endOfWorkflow(chatId: string): Promise<Date | undefined | null> {
    try {
      return (await client.workflow.getHandle(workflowIds.chat({ chatId })).describe()).closeTime;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  /**
   * Delete every run of these chats' workflows. The last run is named by the id alone: visibility may not list it yet.
   */
  async function deleteWorkflows(chatIds: readonly string[]): Promise<void> {
    const ids = chatIds.map((chatId) => workflowIds.chat({ chatId }));
    for (const workflowId of ids) await deleteRun({ workflowId });
    const query = `WorkflowId IN (${ids.map((id) => `"${id}"`).join(', ')})`;
    for await (const { workflowId, runId } of client.workflow.list({ query })) await deleteRun({ workflowId, runId });
  }

  async function deleteRun(workflowExecution: { workflowId: string; runId?: string }): Promise<void> {
    const { namespace } = client.options;
    try {
      await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
    } catch (error) {
      if (!(isGrpcServiceError(error) && (error.code as number) === notFound)) throw error;
    }
  }

  /** The record goes last: by it the chat is found again should this stop half-way. */
  async function eraseAll(chatIds: readonly string[]): Promise<void> {
    if (chatIds.length === 0) return;
    await deleteWorkflows(chatIds);
    await store.transcript.deleteOf(chatIds);
    await store.chatChannels.deleteOf(chatIds);
    await store.chats.delete(chatIds);
  }

  return {
    /**
     * A chat whose workflow was terminated, or is forgotten, ends no more by itself: its record is closed here, so that
     * it is not counted as open and is erased in time.
     */
    async closeAbandonedChats(): Promise<void> {
      for (const { _id, createdAt } of await store.chats.openSince(ago(abandonedAfterMs), mostAbandoned)) {
        const ended = await endOfWorkflow(_id);
        if (ended !== undefined) {
          await store.chats.set(_id, { status: 'ended', endedAt: ended ?? createdAt, waitsFor: null });
          log.warn('A chat without a running workflow was closed.', { chatId: _id });
        }
      }
    },

    async forgetOldRecords(): Promise<void> {
      await store.usedStates.forgetBefore(ago(stateAgeMs));
      await store.instances.forgetUnseenSince(ago(instanceAgeMs));
      await store.notices.forgetBefore(ago(noticeAgeMs));
    },

    /** Ids of accounts that follow this one, so many; empty after the last one. */
    async nextAccounts({ afterAccountId }: { afterAccountId: string }): Promise<string[]> {
      return store.accounts.idsAfter(afterAccountId, accountsAtOnce);
    },

    /** Erase some of the account's chats that ended too long ago; `more` when there may be others. */
    async eraseExpired({ accountId }: { accountId: string }): Promise<{ erased: number; more: boolean }> {
      const { retentionDays } = await requireAccount(store, accountId);
      const chatIds = await store.chats.endedBefore(accountId, ago(retentionDays * dayMs), chatsAtOnce);
      await eraseAll(chatIds);
      return { erased: chatIds.length, more: chatIds.length === chatsAtOnce };
    },

    /** The chats that an operator means, and which of them are still open. */
    async findChats(input: EraseInput): Promise<{ chatIds: string[]; open: string[] }> {
      const found =
        'chatId' in input
          ? [await store.chats.get(input.chatId)]
          : await store.chats.ofVisitor(input.accountId, input.email);
      const chatIds = found.flatMap((chat) => (chat ? [chat._id] : []));
      const open: string[] = [];
      for (const chatId of chatIds) if ((await endOfWorkflow(chatId)) === undefined) open.push(chatId);
      return { chatIds, open };
    },

    async eraseChats({ chatIds }: { chatIds: string[] }): Promise<void> {
      await eraseAll(chatIds);
    },
  };
}
export type RetentionActivities = ReturnType<typeof createRetentionActivities>;
