import { parseButtonValue } from '../../domain/commands.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import type { ZoomSignal } from '../../workflows/chat/messages.ts';
import type {
  ButtonPressedEvent,
  ChannelMessageDeletedEvent,
  ChannelMessageEditedEvent,
  ChannelMessageEvent,
  ZoomEvent,
} from '../../zoom/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { SignalOutcome } from '../temporal/call.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'temporal' | 'tryAgain' | 'log' | 'clock'>;

/**
 * What became of an event. `taken`: it was passed on. `dropped`: not one of ours, from the bot itself, or for a chat
 * that is over; nothing of it is kept.
 */
export type EventOutcome = 'taken' | 'dropped';

/**
 * Turns one verified event into one signal, to the one workflow that it concerns.
 * @throws when MongoDB or Temporal did not answer: Zoom then has to send it again.
 */
export async function routeEvent(dependencies: Dependencies, event: ZoomEvent): Promise<EventOutcome> {
  const { store, temporal, clock } = dependencies;
  switch (event.kind) {
    case 'buttonPressed':
      return buttonPressed(dependencies, event);
    case 'channelMessage':
    case 'channelMessageEdited':
    case 'channelMessageDeleted':
      // First of all: what the bot posts for a visitor must not come back to the visitor.
      if (event.fromBot) return 'dropped';
      return signalChatOfChannel(dependencies, event, [messageSignal(event)]);
    case 'memberLeft':
    case 'memberRemoved': {
      const at = event.timestamp ?? clock();
      const left = event.userIds.map((userId) => ({ kind: 'agentLeft' as const, userId, at }));
      return signalChatOfChannel(dependencies, event, left);
    }
    case 'channelDeleted':
    case 'channelArchived':
      return signalChatOfChannel(dependencies, event, [{ kind: 'channelGone' }]);
    case 'channelUnarchived':
    case 'botAddedToChannel':
      return channelRepaired(dependencies, event);
    case 'appDeauthorized': {
      const { userId: zoomUserId, accountId, deauthorizedAt } = event;
      if (!(await store.members.get(zoomUserId))) return 'dropped';
      await temporal.grants.deauthorized({ zoomUserId, accountId }, deauthorizedAt?.getTime());
      return 'taken';
    }
    case 'urlValidation':
    case 'ignored':
      return 'dropped';
  }
}

async function buttonPressed(
  { store, temporal, log }: Dependencies,
  { value, accountId, userId, userName }: ButtonPressedEvent,
): Promise<EventOutcome> {
  const began = Date.now();
  const pressed = parseButtonValue(value);
  if (!pressed) {
    log.warn('a press of an unknown button was dropped');
    return 'dropped';
  }
  const { action, chatId } = pressed;
  const chat = await store.chats.get(chatId);
  // Anybody could have made the value; the account is what Zoom vouches for.
  if (chat?.accountId !== accountId) {
    log.warn({ accountId, known: chat !== null }, 'a button press that fits no chat of its account was dropped');
    return 'dropped';
  }
  const kind = action === 'join' ? 'joinPressed' : 'endPressed';
  return traced('buttonPressed', chatId, began, () =>
    temporal.chats.signalZoom(chatId, { kind, user: { id: userId, name: userName ?? 'Agent' } }),
  );
}

function messageSignal(
  event: ChannelMessageEvent | ChannelMessageEditedEvent | ChannelMessageDeletedEvent,
): ZoomSignal {
  const { messageId, timestamp: at } = event;
  switch (event.kind) {
    case 'channelMessage': {
      const message = { messageId, userId: event.operatorId ?? '', text: event.text ?? '', at };
      const attachments = event.files.map(({ id, name }) => ({ ...(id && { id }), name: name ?? 'file' }));
      return { kind: 'message', ...message, ...(attachments.length > 0 && { attachments }) };
    }
    case 'channelMessageEdited':
      return { kind: 'edited', messageId, text: event.text ?? '', at };
    case 'channelMessageDeleted':
      return { kind: 'deleted', messageId, at };
  }
}

interface ChannelEvent {
  kind: ZoomEvent['kind'];
  channelId: string;
  accountId?: string | undefined;
}

/** Most events here are other people's conversations: what is in none of our channels is dropped without a trace. */
async function signalChatOfChannel(
  dependencies: Dependencies,
  event: ChannelEvent,
  signals: readonly ZoomSignal[],
): Promise<EventOutcome> {
  const began = Date.now();
  const chatId = await chatOfChannel(dependencies, event);
  if (chatId === undefined) return 'dropped';
  return traced(event.kind, chatId, began, async () => {
    let outcome: SignalOutcome = 'ended';
    for (const signal of signals) {
      const { chats } = dependencies.temporal;
      if ((await chats.signalZoom(chatId, { ...signal, channelId: event.channelId })) === 'taken') outcome = 'taken';
    }
    return outcome;
  });
}

/** A channel can be used again: whatever waits for it tries at once. */
async function channelRepaired(dependencies: Dependencies, event: ChannelEvent): Promise<EventOutcome> {
  const { store, temporal, tryAgain } = dependencies;
  const chatId = await chatOfChannel(dependencies, event);
  if (chatId !== undefined) return passedOn(await temporal.chats.tryAgain(chatId));
  const { accountId, channelId } = event;
  if (accountId === undefined) return 'dropped';
  const widgets = await store.widgets.ofAccount(accountId);
  if (!widgets.some(({ inboundChannel }) => inboundChannel?.id === channelId)) return 'dropped';
  tryAgain(accountId);
  return 'taken';
}

/** @returns undefined when it is no chat's channel, or that of another account's chat. */
async function chatOfChannel(
  { store, log }: Dependencies,
  { channelId, accountId }: ChannelEvent,
): Promise<string | undefined> {
  const chat = await store.chatChannels.get(channelId);
  if (!chat) return undefined;
  if (accountId === undefined || accountId === chat.accountId) return chat.chatId;
  log.warn({ chatId: chat.chatId, accountId }, 'an event of another account for a chat channel was dropped');
  return undefined;
}

/** What happened in a chat of ours begins a trace; other people's conversations leave none. */
async function traced(
  kind: ZoomEvent['kind'],
  chatId: string,
  began: number,
  signal: () => Promise<SignalOutcome>,
): Promise<EventOutcome> {
  const attributes = { 'chat.id': chatId };
  return passedOn(await inSpan(`webhook ${kind}`, { kind: 'server', began, attributes }, signal));
}

function passedOn(outcome: SignalOutcome): EventOutcome {
  return outcome === 'taken' ? 'taken' : 'dropped';
}
