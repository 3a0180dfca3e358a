import { workflowIds } from '../../domain/workflow-ids.ts';

/** The lists that an operator looks at, as queries of Temporal's visibility. */
export const operatorLists = {
  waiting: 'WorkflowType = "chat" AND ExecutionStatus = "Running" AND LiveChatStatus = "waiting"',
  missed: 'WorkflowType = "chat" AND ExecutionStatus = "Running" AND LiveChatStatus = "missed"',
  active: 'WorkflowType = "chat" AND ExecutionStatus = "Running" AND LiveChatStatus IN ("joining", "active")',
  waitingForZoom: 'WorkflowType = "chat" AND ExecutionStatus = "Running" AND LiveChatWaitsFor IS NOT NULL',
  failedChats: 'WorkflowType = "chat" AND ExecutionStatus IN ("Failed", "TimedOut", "Terminated")',
  openInstalls: 'WorkflowType = "install" AND ExecutionStatus = "Running" AND LiveChatStatus IN ("running", "ready")',
  failedInstalls: 'WorkflowType = "install" AND LiveChatStatus = "failed"',
  lostGrants: 'WorkflowType = "grant" AND LiveChatStatus = "needsReconnect"',
} as const;
export type OperatorList = keyof typeof operatorLists;
export const operatorListNames = Object.keys(operatorLists) as OperatorList[];

/** Everything of one account, one agent's chats, one person's workflows. Values come quoted. */
export const queries = {
  account: (accountId: string) => `LiveChatAccount = ${quoted(accountId)}`,
  accountList: (list: OperatorList, accountId: string) =>
    `${operatorLists[list]} AND LiveChatAccount = ${quoted(accountId)}`,
  agent: (zoomUserId: string) => `WorkflowType = "chat" AND LiveChatAgents = ${quoted(zoomUserId)}`,
};

/** A value in a query: nothing in it can end the quotes. */
function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** Where operators reach Temporal UI, through the api. */
export const temporalUiPath = '/temporal';

/** Addresses of Temporal UI. */
export function temporalUi({ namespace }: { namespace: string }) {
  const base = `${temporalUiPath}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  const workflow = (id: string) => `${base}/${encodeURIComponent(id)}`;
  return {
    home: base,
    list: (query: string) => `${base}?query=${encodeURIComponent(query)}`,
    chat: (chatId: string) => workflow(workflowIds.chat({ chatId })),
    install: (zoomUserId: string) => workflow(workflowIds.install({ zoomUserId })),
    grant: (zoomUserId: string) => workflow(workflowIds.grant({ zoomUserId })),
  };
}
export type TemporalUi = ReturnType<typeof temporalUi>;
