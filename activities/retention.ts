import { log } from '@temporalio/activity';
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { searchAttributes } from '../domain/search-attributes.ts';
import { workflowIds } from '../domain/workflow-ids.ts';
import type { Account, Store } from '../store/index.ts';
import type { EraseInput } from '../workflows/retention/messages.ts';

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
/** An account is kept so long after its last user has removed the app, ms: whoever returns finds it as it was. */
const removedAccountAgeMs = 30 * dayMs;
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
    await deleteRuns(query);
  }

  async function deleteRuns(query: string): Promise<void> {
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
    await store.mails.deleteOf(chatIds);
    await store.chatChannels.deleteOf(chatIds);
    await store.chats.delete(chatIds);
  }

  /** Whether nobody of the account has had the app for so long that nothing of it is kept. */
  async function isOver({ _id, createdAt }: Account): Promise<boolean> {
    const removals = (await store.members.ofAccount(_id)).map(({ removedAt }) => removedAt);
    return [createdAt, ...removals].every((at) => at !== undefined && at < ago(removedAccountAgeMs));
  }

  /** The account's record goes last: by it the rest is found again should this stop half-way. */
  async function eraseAccount(accountId: string): Promise<void> {
    await deleteRuns(`${searchAttributes.account.name} = "${accountId}"`);
    for (const { _id } of await store.members.ofAccount(accountId)) {
      await store.sessions.endOf(_id);
      await store.tokenSets.forgetBefore(_id, new Date(clock()));
    }
    await store.widgets.deleteOfAccount(accountId);
    await store.notices.deleteOfAccount(accountId);
    await store.members.deleteOfAccount(accountId);
    await store.accounts.delete(accountId);
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

    /**
     * Erase some of the account's chats that ended too long ago; `more` when there may be others. An account that
     * nobody has had the app in for a month goes as a whole, once no chat is left.
     */
    async eraseExpired({ accountId }: { accountId: string }): Promise<{ erased: number; more: boolean }> {
      const account = await store.accounts.get(accountId);
      if (!account) return { erased: 0, more: false };
      const over = await isOver(account);
      const before = over ? new Date(clock()) : ago(account.retentionDays * dayMs);
      const chatIds = await store.chats.endedBefore(accountId, before, chatsAtOnce);
      await eraseAll(chatIds);
      const more = chatIds.length === chatsAtOnce;
      if (over && !more && (await store.chats.recent(accountId, 1)).length === 0) {
        await eraseAccount(accountId);
        log.info('An account that nobody has the app in any more was erased.', { accountId });
      }
      return { erased: chatIds.length, more };
    },

    /** The chats that an operator means, and which of them are still open. */
    async findChats(input: EraseInput): Promise<{ chatIds: string[]; open: string[] }> {
      const found =
        'chatId' in input
          ? [await store.chats.get(input.chatId)]
          : await store.chats.ofVisitor(input.accountId, input.email);
      const chatIds = found.flatMap((chat) => (chat ? [chat._id] : []));
      const open: string[] = [];
      for (const chat of found) {
        // One that has ended may still be reopened: erasing it ends that as well.
        const isOpen = chat && chat.status !== 'ended' && (await endOfWorkflow(chat._id)) === undefined;
        if (isOpen) open.push(chat._id);
      }
      return { chatIds, open };
    },

    async eraseChats({ chatIds }: { chatIds: string[] }): Promise<void> {
      await eraseAll(chatIds);
    },
  };
}
export type RetentionActivities = ReturnType<typeof createRetentionActivities>;
