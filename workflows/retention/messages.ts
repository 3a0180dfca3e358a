/** Name of the workflow type, for the schedule that starts it without its code. */
export const retentionWorkflowType = 'retention';

/** How far a run has come; the next run goes on from there. */
export interface RetentionProgress {
  /** The last account that is done. */
  afterAccountId: string;
  /** Chats erased so far. */
  erased: number;
}

/** Which chats an operator has erased: one, or all of a visitor within an account. */
export type EraseInput = { chatId: string } | { accountId: string; email: string };
