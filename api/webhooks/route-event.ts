import type { ZoomEvent as ChatZoomEvent } from '../../workflows/chat/messages.ts';
import type {
  ButtonPressedEvent,
  ChannelMessageDeletedEvent,
  ChannelMessageEditedEvent,
  ChannelMessageEvent,
  ZoomEvent,
} from '../../zoom/index.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import type { ApiDependencies } from '../dependencies.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'temporal' | 'log' | 'clock'>;

/**
 * What became of an event. `taken`: Temporal has it. `dropped`: not one of ours, from the bot itself, or for a chat that is over;
 * nothing of it is kept.
 */
export type EventOutcome = 'taken' | 'dropped';

const buttonValue = /^(join|end):([A-Za-z0-9_-]{8,40})$/;

/**
 * Turns one verified event into one signal, to the one workflow that it concerns.
 * @throws when MongoDB or Temporal did not answer: Zoom then has to send it again.
 */
export async function routeEvent(dependencies: Dependencies, event: ZoomEvent): Promise<EventOutcome> {
  const { temporal, clock } = dependencies;
  switch (event.kind) {
    case 'buttonPressed':
      return buttonPressed(dependencies, event);
    case 'channelMessage':
    case 'channelMessageEdited':
    case 'channelMessageDeleted':
      // First of all: what the bot posts for a visitor must not come back to the visitor.
      if (event.fromBot) return 'dropped';
      return toChatOfChannel(dependencies, event, [messageSignal(event)]);
    case 'memberLeft':
    case 'memberRemoved': {
      const at = event.timestamp ?? clock();
      const signals = event.members.flatMap(({ id }): ChatZoomEvent[] =>
        id === undefined ? [] : [{ kind: 'agentLeft', userId: id, at }],
      );
      return toChatOfChannel(dependencies, event, signals);
    }
    case 'channelDeleted':
    case 'channelArchived':
      return toChatOfChannel(dependencies, event, [{ kind: 'channelGone' }]);
    case 'appDeauthorized':
      if (!(await dependencies.store.members.get(event.userId))) return 'dropped';
      await temporal.deauthorized(
        { zoomUserId: event.userId, accountId: event.accountId },
        event.deauthorizedAt?.getTime(),
      );
      return 'taken';
    case 'urlValidation':
    case 'botAddedToChannel':
    case 'botInstalled':
    case 'botCommand':
    case 'ignored':
      return 'dropped';
  }
}

/** What happened in a chat of ours begins a trace; other people's conversations leave none. */
function traced<T>(kind: ZoomEvent['kind'], chatId: string, began: number, work: () => Promise<T>): Promise<T> {
  return inSpan(`webhook ${kind}`, { kind: 'server', began, attributes: { 'chat.id': chatId } }, work);
}

async function buttonPressed(
  { store, temporal, log }: Dependencies,
  { value, accountId, userId, userName }: ButtonPressedEvent,
): Promise<EventOutcome> {
  const began = Date.now();
  const [, action, chatId] = buttonValue.exec(value) ?? [];
  if (chatId === undefined) {
    log.warn('a press of an unknown button was dropped');
    return 'dropped';
  }
  const chat = await store.chats.get(chatId);
  // The value is only a claim; the account is what Zoom vouches for.
  if (chat?.accountId !== accountId) {
    log.warn({ accountId, known: chat !== null }, 'a button press that fits no chat of its account was dropped');
    return 'dropped';
  }
  const kind = action === 'join' ? 'joinPressed' : 'endPressed';
  const outcome = await traced('buttonPressed', chatId, began, () =>
    temporal.signalZoom(chatId, { kind, user: { id: userId, name: userName ?? 'Agent' } }),
  );
  return outcome === 'taken' ? 'taken' : 'dropped';
}

function messageSignal(
  event: ChannelMessageEvent | ChannelMessageEditedEvent | ChannelMessageDeletedEvent,
): ChatZoomEvent {
  const { messageId, timestamp: at } = event;
  switch (event.kind) {
    case 'channelMessage': {
      const files = event.files.map((file) => file.name ?? 'file');
      const message = { messageId, userId: event.operatorId ?? '', text: event.text ?? '', at };
      return { kind: 'message', ...message, ...(files.length > 0 ? { files } : {}) };
    }
    case 'channelMessageEdited':
      return { kind: 'edited', messageId, text: event.text ?? '', at };
    case 'channelMessageDeleted':
      return { kind: 'deleted', messageId, at };
  }
}

/** Most events here are other people's conversations: what is in none of our channels is dropped without a trace. */
async function toChatOfChannel(
  { store, temporal, log }: Dependencies,
  event: { kind: ZoomEvent['kind']; channelId: string; accountId?: string | undefined },
  signals: readonly ChatZoomEvent[],
): Promise<EventOutcome> {
  const began = Date.now();
  const { channelId, accountId } = event;
  const chat = await store.chatChannels.get(channelId);
  if (!chat) return 'dropped';
  if (accountId !== undefined && accountId !== chat.accountId) {
    log.warn({ chatId: chat.chatId, accountId }, 'an event of another account for a chat channel was dropped');
    return 'dropped';
  }
  return traced(event.kind, chat.chatId, began, async () => {
    let outcome: EventOutcome = 'dropped';
    for (const signal of signals) {
      if ((await temporal.signalZoom(chat.chatId, { ...signal, channelId })) === 'taken') outcome = 'taken';
    }
    return outcome;
  });
}
