import { WorkflowIdReusePolicy, type Client } from '@temporalio/client';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  chatWorkflowType,
  tryAgainSignal,
  visitorSignal,
  zoomSignal,
  type ChatInput,
  type ChatSnapshot,
  type VisitorEvent,
  type ZoomSignal,
} from '../../workflows/chat/messages.ts';
import { signal, startOptions, type SignalOutcome } from './call.ts';

type ChatWorkflow = (input: ChatInput) => Promise<ChatSnapshot>;

/**
 * What the api sends to chats. Every function throws `TemporalUnavailableError` when Temporal did not take the call.
 */
export function createChatsClient(client: Client) {
  const { workflow } = client;
  const chat = (chatId: string) => workflow.getHandle<ChatWorkflow>(workflowIds.chat({ chatId }));
  const signalVisitor = (chatId: string, event: VisitorEvent): Promise<SignalOutcome> =>
    signal(client, () => chat(chatId).signal(visitorSignal, event));

  return {
    /**
     * A visitor's message: starts the chat if it is new. `ended` if the chat is over; it is never started a second
     * time.
     * @param begun whether Temporal is known to have this chat: then the signal needs no start beside it.
     */
    sendMessage(
      input: ChatInput,
      event: Extract<VisitorEvent, { kind: 'message' }>,
      begun = false,
    ): Promise<SignalOutcome> {
      if (begun) return signalVisitor(input.chatId, event);
      return signal(client, () =>
        workflow.signalWithStart<ChatWorkflow, [VisitorEvent]>(chatWorkflowType, {
          ...startOptions(input.accountId, 'waiting'),
          workflowId: workflowIds.chat(input),
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          args: [input],
          signal: visitorSignal,
          signalArgs: [event],
          staticSummary: `Chat ${input.chatId} of widget ${input.widgetId}`,
        }),
      );
    },

    /** What a visitor did in a chat that exists. */
    signalVisitor,

    /** What happened in Zoom to a chat that exists. */
    signalZoom(chatId: string, event: ZoomSignal): Promise<SignalOutcome> {
      return signal(client, () => chat(chatId).signal(zoomSignal, event));
    },

    /** Something was repaired: the chat tries at once what waits for Zoom. */
    tryAgain(chatId: string): Promise<SignalOutcome> {
      return signal(client, () => chat(chatId).signal(tryAgainSignal));
    },
  };
}
export type ChatsClient = ReturnType<typeof createChatsClient>;
