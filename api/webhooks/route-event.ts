import { parseButtonValue, parseCheckButtonValue, type PressedButton } from '../../domain/commands.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import type { ZoomSignal } from '../../workflows/chat/messages.ts';
import type {
  AppDeauthorizedEvent,
  ButtonPressedEvent,
  ChannelMessageDeletedEvent,
  ChannelMessageEditedEvent,
  ChannelMessageEvent,
  ZoomEvent,
} from '../../zoom/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { SignalOutcome } from '../temporal/call.ts';
import { messageForCheck, pressForCheck } from './connection-check.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'temporal' | 'tryAgain' | 'log' | 'clock' | 'config'>;

/** How far Zoom's clock may be ahead of ours, ms. */
const clockSkewMs = 5 * 60_000;

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
  switch (event.kind) {
    case 'buttonPressed':
      return buttonPressed(dependencies, event);
    case 'channelMessage': {
      const outcome = event.fromBot
        ? 'dropped'
        : await signalChatOfChannel(dependencies, event, [messageSignal(event)]);
      // An inbound channel is no chat's: there a connection check may wait for a word, or for the echo of its card.
      return outcome === 'dropped' ? passedOn(await messageForCheck(dependencies, event)) : outcome;
    }
    case 'channelMessageEdited':
    case 'channelMessageDeleted':
      // What the bot posts for a visitor must not come back to the visitor, and other apps do not speak for the team.
      if (event.fromBot) return 'dropped';
      return signalChatOfChannel(dependencies, event, [messageSignal(event)]);
    case 'memberLeft':
    case 'memberRemoved': {
      const at = event.timestamp ?? dependencies.clock();
      const left = event.userIds.map((userId) => ({ kind: 'agentLeft' as const, userId, at }));
      return signalChatOfChannel(dependencies, event, left);
    }
    case 'channelDeleted':
    case 'channelArchived':
      return signalChatOfChannel(dependencies, event, [{ kind: 'channelGone' }]);
    case 'channelUnarchived':
    case 'botAddedToChannel':
      return channelRepaired(dependencies, event);
    case 'appDeauthorized':
      return appRemoved(dependencies, event);
    case 'urlValidation':
    case 'ignored':
      return 'dropped';
  }
}

async function buttonPressed(dependencies: Dependencies, event: ButtonPressedEvent): Promise<EventOutcome> {
  const { store, temporal, log } = dependencies;
  const { value, accountId, userId, userName, at } = event;
  const began = Date.now();
  const checkId = parseCheckButtonValue(value);
  if (checkId !== undefined) return passedOn(await pressForCheck(dependencies, checkId, event));
  const pressed = parseButtonValue(value);
  if (!pressed) {
    log.warn('a press of an unknown button was dropped');
    return 'dropped';
  }
  const { chatId } = pressed;
  const chat = await store.chats.get(chatId);
  // Anybody could have made the value; the account is what Zoom vouches for.
  if (chat?.accountId !== accountId) {
    log.warn({ accountId, known: chat !== null }, 'a button press that fits no chat of its account was dropped');
    return 'dropped';
  }
  return traced('buttonPressed', chatId, began, () =>
    temporal.chats.signalZoom(chatId, {
      ...whatIsPressed(pressed),
      user: { id: userId, name: userName ?? 'Agent' },
      ...(at === undefined ? {} : { at }),
    }),
  );
}

function whatIsPressed({ action, noteNumber = 0 }: PressedButton) {
  switch (action) {
    case 'join':
      return { kind: 'joinPressed' } as const;
    case 'end':
      return { kind: 'endPressed' } as const;
    case 'reopen':
      return { kind: 'reopenPressed' } as const;
    case 'send':
      return { kind: 'sendPressed', noteNumber } as const;
  }
}

/**
 * A user has removed the app. What is about another app, about a user of another account or of a time to come is not
 * obeyed: it would forget a grant that works.
 */
async function appRemoved(
  { store, temporal, config, clock, log }: Dependencies,
  { userId: zoomUserId, accountId, clientId, deauthorizedAt }: AppDeauthorizedEvent,
): Promise<EventOutcome> {
  const member = await store.members.get(zoomUserId);
  if (!member) return 'dropped';
  const now = clock();
  const at = deauthorizedAt?.getTime();
  const isThisApp = clientId === config.zoom.clientId;
  const isThisAccount = accountId === member.accountId;
  const isPast = at === undefined || at <= now + clockSkewMs;
  if (!isThisApp || !isThisAccount || !isPast) {
    log.warn({ zoomUserId, isThisApp, isThisAccount, isPast }, 'a removal that is not of this app was dropped');
    return 'dropped';
  }
  await temporal.grants.deauthorized({ zoomUserId, accountId }, at === undefined ? undefined : Math.min(at, now));
  return 'taken';
}

function messageSignal(
  event: ChannelMessageEvent | ChannelMessageEditedEvent | ChannelMessageDeletedEvent,
): ZoomSignal {
  const { messageId, timestamp: at } = event;
  switch (event.kind) {
    case 'channelMessage': {
      const attachments = event.files.map(({ id, name }) => ({ ...(id && { id }), name: name ?? 'file' }));
      return {
        kind: 'message',
        messageId,
        ...writerOf(event),
        text: event.text ?? '',
        at,
        ...(attachments.length > 0 && { attachments }),
        ...(event.isReply && { isReply: true }),
      };
    }
    case 'channelMessageEdited':
      return { kind: 'edited', messageId, ...writerOf(event), text: event.text ?? '', at };
    case 'channelMessageDeleted':
      return { kind: 'deleted', messageId, at, ...(event.accountId === undefined && { by: writerOf(event) }) };
  }
}

/** Who wrote: by their user id, or by their id as a member of channels when they are not of the account. */
function writerOf({
  operatorId = '',
  operatorMemberId,
  byOutsider,
}: Pick<ChannelMessageEvent, 'operatorId' | 'operatorMemberId' | 'byOutsider'>) {
  const userId = byOutsider ? '' : operatorId;
  return { userId, ...(userId === '' && operatorMemberId !== undefined && { memberId: operatorMemberId }) };
}

interface ChannelEvent {
  kind: ZoomEvent['kind'];
  channelId: string;
  accountId?: string | undefined;
  operatorId?: string | undefined;
}

/** What changes a chat whoever did it: without an account it has to be somebody known. */
const changesChat: ReadonlySet<ZoomEvent['kind']> = new Set([
  'channelDeleted',
  'channelArchived',
  'memberLeft',
  'memberRemoved',
] as const);

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

/**
 * @returns undefined when it is no chat's channel, when the event is of another account, or when it is of none and
 *   nobody known has caused it. Who may write is for the chat to say.
 */
async function chatOfChannel(
  { store, log }: Dependencies,
  { kind, channelId, accountId, operatorId }: ChannelEvent,
): Promise<string | undefined> {
  const chat = await store.chatChannels.get(channelId);
  if (!chat) return undefined;
  if (accountId === chat.accountId) return chat.chatId;
  if (accountId === undefined) {
    if (!changesChat.has(kind)) return chat.chatId;
    const member = operatorId === undefined ? null : await store.members.get(operatorId);
    if (member?.accountId === chat.accountId) return chat.chatId;
  }
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
