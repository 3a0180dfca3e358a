import { ActivityFailure, condition, log, upsertSearchAttributes } from '@temporalio/workflow';
import type { ChannelPost } from '../../domain/channel-post.ts';
import { failureTypes } from '../../domain/failures.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import type { Agent } from '../../domain/transcript.ts';
import { failureMessage, failureType, noAnswer, nothingDone, tryAgainInMs } from '../failures.ts';
import * as zoom from './activities.ts';
import type { JoinRequest } from './agents.ts';
import type { UnreadChannel } from './channel.ts';
import type { Chat } from './chat.ts';
import { firstAgentJoined } from './metrics.ts';
import { aboutVisitor, cardContent, channelHead, headOf, shownHead } from './views.ts';
import type { ZoomLoop } from './waits.ts';

/** Retry windows in which somebody may repair what keeps the card from being edited: a minute or two. */
const triesToEditCard = 6;
/** Retry windows for what was written last in a channel: some minutes, and then the chat goes on without it. */
const triesForLastWords = 8;

/** The card in the inbound channel says where the chat stands. */
export async function showCard(chat: Chat): Promise<void> {
  const { chatId, accountId, widgetId } = chat.input;
  const content = cardContent(chat);
  const { route } = chat.presence;
  const { ref, state } = chat.card;
  const deliveredSeq = Math.max(chat.outbox.state.deliveredSeq, state.coversSeq);
  const input = { chatId, accountId, content, deliveredSeq, targets: route.targets };
  await orWait(
    chat,
    'card',
    'the card in the inbound channel',
    async () => {
      let outcomes;
      if (ref) {
        ({ outcomes } = await zoom.updateInboundCard({ ...input, widgetId, card: ref }));
        chat.card.shows(content, ref);
      } else {
        const posted = await once(chat, `card ${content.number}`, (tried) =>
          zoom.postInboundCard({ ...input, widgetId, ...tried }),
        ).catch((error: unknown) => {
          // The channel takes no more now: the chat queues again, or all who were refused would come back at once.
          if (nothingDone(error) && failureType(error) === failureTypes.zoomUnavailable) chat.card.slotLost();
          throw error;
        });
        ({ outcomes } = posted);
        chat.card.shows(content, posted.card);
      }
      chat.outbox.deliveredUpTo(deliveredSeq);
      chat.presence.pushed(route, outcomes, Date.now());
    },
    (type) => {
      if (!ref) return false;
      // Without its card nobody could join, or read what has been written since: a new one. A chat that is joined goes
      // on without it.
      const hasUnseenWords = deliveredSeq > chat.outbox.state.deliveredSeq;
      if (type === failureTypes.messageGone && (chat.isWaitingForAgent || hasUnseenWords)) chat.card.renew(state.words);
      else if (hasUnseenWords || mayBeRepaired(chat, type)) return false;
      else chat.card.leaveAsIs(content);
      return true;
    },
  );
}

/** The card before this one says that there is a newer one; if that cannot be done, it stays as it is. */
export async function showFormerCard(chat: Chat): Promise<void> {
  const { former } = chat.card.state;
  if (!former) return;
  const { chatId, accountId, widgetId } = chat.input;
  const { deliveredSeq } = chat.outbox.state;
  await orWait(
    chat,
    'card',
    'the card before this one',
    async () => {
      const { ref: card, content } = former;
      await zoom.updateInboundCard({ chatId, accountId, widgetId, card, content, deliveredSeq, targets: [] });
      chat.card.formerShown();
    },
    (type) => {
      if (mayBeRepaired(chat, type)) return false;
      chat.card.formerShown();
      return true;
    },
  );
}

/** Whether an edit of the card is worth waiting for. */
function mayBeRepaired(chat: Chat, type: string): boolean {
  if (type === failureTypes.messageGone) return false;
  const { isEnded } = chat.lifecycle;
  const passes = type === failureTypes.zoomUnavailable || type === noAnswer || type === failureTypes.channelGone;
  return (passes && !isEnded) || (chat.waits.state.waits.card?.tries ?? 0) < triesToEditCard;
}

/** The next thing in the chat channel. */
export async function workInChannel(chat: Chat, draining: () => boolean): Promise<void> {
  switch (chat.channelWork) {
    case 'admit':
      await admit(chat);
      break;
    case 'takeOut':
      await takeOut(chat);
      break;
    case 'postLines':
      await postVisitorLines(chat, draining);
      break;
    case 'readFormer':
      await readFormer(chat);
      break;
    case 'close':
      await close(chat);
      break;
    case 'postNote':
      await postNote(chat);
      break;
    case 'showHead':
      await showHead(chat);
      break;
    case 'archive':
      await archive(chat);
      break;
    case undefined:
      break;
  }
}

/** An agent pressed Join Chat: the first one has the chat channel created, the next ones are invited into it. */
async function admit(chat: Chat): Promise<void> {
  const request = chat.agents.nextRequest;
  if (!request) return;
  const isFurther = chat.channel.ref !== undefined && chat.agents.joined.length > 0;
  await orWait(
    chat,
    'channel',
    `letting the Zoom user ${request.user.id} in`,
    () => letIn(chat, request, isFurther),
    (type) => {
      // For one more agent the conversation does not stop: they can press again. Whom a colleague named may not exist.
      const isUnknown = type === failureTypes.userGone || (request.isNamed && type === failureTypes.zoomRefused);
      if (!isUnknown && !isFurther) return false;
      log.warn('Somebody pressed Join Chat and could not be let in.', { userId: request.user.id, type });
      chat.joinRefused(request.user.id);
      return true;
    },
  );
}

/**
 * Have the chat channel made. One that an earlier try has made may have words of its owner in it already, and so may a
 * new one where the owner is the agent: webhooks of the time before it is known are lost. They come before what
 * webhooks bring of it now.
 */
async function openChannel(chat: Chat, agentId: string): Promise<void> {
  const { chatId, accountId, visitor } = chat.input;
  const channelsLost = chat.channel.state.lost;
  chat.catchUp();
  try {
    const { channel, ownerUserId, isNew } = await once(chat, 'channel', (tried) =>
      zoom.createChatChannel({ chatId, accountId, visitorName: visitor.name, channelsLost, ...tried }),
    );
    chat.channelOpened(channel, ownerUserId);
    upsertSearchAttributes([{ key: searchAttributes.channel, value: channel.id }]);
    if (!isNew || ownerUserId === agentId) await readBack(chat);
  } finally {
    chat.caughtUp(Date.now());
  }
}

async function letIn(chat: Chat, { user, replaces }: JoinRequest, isFurther: boolean): Promise<void> {
  const { accountId } = chat.input;
  const find = isFurther ? zoom.findFurtherAgent : zoom.findAgent;
  const invite = isFurther ? zoom.inviteFurtherAgent : zoom.inviteAgent;
  const agent = await find({ accountId, userId: user.id });
  chat.agentFound(agent, Date.now());
  if (!chat.channel.ref) await openChannel(chat, agent.id);
  const { ref, state } = chat.channel;
  if (!ref || state.ownerUserId === undefined) return;
  await invite({ accountId, channelId: ref.id, ownerUserId: state.ownerUserId, agent });
  if (!state.greeted) {
    const greeting = { kind: 'greeting', agentName: agent.name, about: aboutVisitor(chat) } as const;
    const sent = await post(chat, greeting);
    if (!sent) return;
    const shown = shownHead(chat, { agents: [agent.name] });
    chat.channel.greeted(sent.as === 'bot' ? { messageId: sent.messageId, agentName: agent.name, shown } : undefined);
  }
  if (state.lost === 0 && !isFurther) firstAgentJoined(Date.now() - chat.lifecycle.state.startedAt);
  chat.agentJoined({ id: agent.id, name: agent.name }, Date.now());
  // An operator may have named them by their e-mail address.
  chat.agents.settle(user.id);
  if (replaces === 'others') await removeOthers(chat, agent.id);
  else if (replaces && replaces.id !== agent.id) {
    const { id } = replaces;
    const before = chat.agents.joined.find((one) => one.id === id);
    if (before) chat.agents.wantsToLeave(before);
  }
}

/** An operator gave the chat to one agent alone. */
async function removeOthers(chat: Chat, keepId: string): Promise<void> {
  for (const agent of chat.agents.joined.filter(({ id }) => id !== keepId)) {
    const outcome = await remove(chat, agent);
    chat.agents.takenOff({ ...agent, ...(outcome === 'removed' ? {} : { still: stillWords[outcome] }) });
    chat.agentLeft(agent.id, Date.now(), Date.now());
  }
}

/** Somebody wants to leave. Who has to stay a member of the channel, as its owner, is in again with their next word. */
async function takeOut(chat: Chat): Promise<void> {
  const agent = chat.agents.nextToLeave;
  if (!agent) return;
  await remove(chat, agent);
  chat.agents.hasLeft(agent);
  chat.agentLeft(agent.id, Date.now(), Date.now());
}

/** Take an agent out of the channel, if Zoom allows it: nobody waits for that. */
async function remove(chat: Chat, agent: Agent): Promise<'removed' | 'owner' | 'refused'> {
  const { ref, state } = chat.channel;
  if (!ref || state.ownerUserId === undefined) return 'refused';
  const input = {
    accountId: chat.input.accountId,
    channelId: ref.id,
    ownerUserId: state.ownerUserId,
    agentId: agent.id,
  };
  try {
    return (await zoom.removeAgent(input)).outcome;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return 'refused';
  }
}

/** Somebody is being let in, and it takes a while: the card says so, and at last they are told. */
export async function tellSlowJoins(chat: Chat): Promise<void> {
  const { accountId, visitor } = chat.input;
  for (const { id, name } of chat.agents.markSlow(Date.now())) {
    try {
      await zoom.tellSlowJoin({ accountId, userId: id, agentName: name, visitorName: visitor.name });
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('Somebody could not be told that their joining takes long.', { type: failureType(error) });
    }
  }
}

const stillWords = {
  owner: 'still a member, since Zoom lets nobody remove a channel’s owner',
  refused: 'still a member, since Zoom did not let the app remove them (scope team_chat:delete:member:admin)',
} as const;

/** What the visitor wrote goes into the chat channel, at a pace that Zoom's limits on one channel allow. */
async function postVisitorLines(chat: Chat, draining: () => boolean): Promise<void> {
  const delay = chat.outbox.delay(Date.now());
  if (delay > 0) {
    await condition(() => draining() || chat.agents.nextRequest !== undefined, delay);
    return;
  }
  const seqs = chat.outbox.missingTexts;
  if (seqs.length > 0) {
    const texts = await zoom.readVisitorTexts({ chatId: chat.input.chatId, seqs });
    chat.outbox.fillTexts(seqs.map((seq) => ({ seq, text: texts.find((one) => one.seq === seq)?.text ?? '…' })));
  }
  const next = chat.outbox.next(Date.now());
  await orWait(
    chat,
    'channel',
    'a post to the chat channel',
    async () => {
      if (await post(chat, next)) chat.outbox.posted();
    },
    (type) => {
      if (type !== failureTypes.postRefused) return false;
      log.warn('Zoom refuses to show what the visitor wrote.', { lastSeq: 'lastSeq' in next ? next.lastSeq : 0 });
      chat.outbox.refused();
      return true;
    },
  );
}

/** Tell the team something. */
async function postNote(chat: Chat): Promise<void> {
  const { next } = chat.notes;
  if (!next) return;
  await orWait(
    chat,
    'channel',
    'a note in the chat channel',
    async () => {
      if (await post(chat, { kind: 'note', ...next })) chat.notes.done(next.number);
    },
    (type) => {
      // A note is nothing that a chat waits for.
      if (type !== failureTypes.postRefused && type !== failureTypes.zoomRefused) return false;
      chat.notes.done(next.number);
      return true;
    },
  );
}

/** The first card in the channel says where the chat stands. */
async function showHead(chat: Chat): Promise<void> {
  const { ref, state } = chat.channel;
  const { head, ownerUserId } = state;
  if (!ref || !head || ownerUserId === undefined) return;
  const { chatId, accountId, visitor } = chat.input;
  const shown = headOf(chat);
  await orWait(
    chat,
    'channel',
    'the first card in the chat channel',
    async () => {
      await zoom.updateChannelHead({
        chatId,
        accountId,
        channelId: ref.id,
        ownerUserId,
        messageId: head.messageId,
        visitorName: visitor.name,
        greeting: { kind: 'greeting', agentName: head.agentName, about: aboutVisitor(chat) },
        head: channelHead(chat),
      });
      chat.channel.headShows(shown);
    },
    (type) => {
      if (type === failureTypes.zoomUnavailable && triesOf(chat) < triesForLastWords) return false;
      // It stays as it is.
      chat.channel.headShows();
      return true;
    },
  );
}

/** The chat is over for good: nobody can write in its channel any more, where Zoom lets the app do that. */
async function archive(chat: Chat): Promise<void> {
  const { ref, state } = chat.channel;
  const { ownerUserId } = state;
  if (!ref || ownerUserId === undefined) return;
  await orWait(
    chat,
    'channel',
    'archiving the chat channel',
    async () => {
      await zoom.archiveChannel({ accountId: chat.input.accountId, channelId: ref.id, ownerUserId });
      chat.channel.archived();
    },
    (type) => {
      if (type === failureTypes.zoomUnavailable && triesOf(chat) < triesForLastWords) return false;
      chat.channel.archived();
      return true;
    },
  );
}

/** Find out whether somebody who writes in the channel without having joined speaks for the team. */
export async function identifyWriter(chat: Chat): Promise<void> {
  const { next } = chat.writers;
  if (!next) return;
  const { ref, state } = chat.channel;
  const { userId, memberId } = next;
  const input = {
    accountId: chat.input.accountId,
    userId,
    ...(memberId === undefined ? {} : { memberId }),
    ...(ref === undefined || state.ownerUserId === undefined
      ? {}
      : { channelId: ref.id, ownerUserId: state.ownerUserId }),
  };
  await orWait(chat, 'writers', 'who writes in the chat channel', async () => {
    chat.writerFound(next, await zoom.findWriter(input), Date.now());
  });
  if (chat.waits.state.waits.writers) chat.writerNotFound(Date.now());
}

/** Take in what people have written in a channel. @throws ActivityFailure */
async function takeIn(chat: Chat, { id, ownerUserId, sinceMs }: UnreadChannel): Promise<void> {
  const messages = await zoom.readChannel({ accountId: chat.input.accountId, channelId: id, ownerUserId, sinceMs });
  for (const message of messages) chat.onZoom({ kind: 'message', channelId: id, ...message }, Date.now());
}

/** Read the chat channel for what a lost webhook would have said. */
export async function readBack(chat: Chat): Promise<void> {
  const unread = chat.channel.unread(chat.lifecycle.state.startedAt);
  if (!unread) return;
  const begunAt = Date.now();
  try {
    await takeIn(chat, unread);
    chat.channel.readBack(begunAt);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    chat.channel.readBackFailed(Date.now());
    if (failureType(error) === failureTypes.channelGone) chat.channelGone(Date.now());
    else log.warn('The chat channel could not be read back.', { type: failureType(error) });
  }
}

/** The last words in a channel that has vanished, as long as it can be read. */
async function readFormer(chat: Chat): Promise<void> {
  const { former } = chat.channel.state;
  if (!former) return;
  await orWait(
    chat,
    'channel',
    'the last words in a channel that has vanished',
    async () => {
      await takeIn(chat, former);
      chat.channel.formerRead();
    },
    (type) => {
      if (type !== failureTypes.channelGone && triesOf(chat) < triesForLastWords) return false;
      chat.channel.formerRead();
      return true;
    },
  );
}

/** The chat is over: a last look, for what a lost webhook held would otherwise never be seen, and the closing note. */
async function close(chat: Chat): Promise<void> {
  await orWait(chat, 'channel', 'a last look into the chat channel, and the closing note', async () => {
    await lastLook(chat);
    if (chat.channel.state.isGone) chat.channel.closed();
    if (!chat.needsClosing) return;
    const by = chat.lifecycle.state.endedBy ?? 'system';
    const number = chat.channel.state.closings + 1;
    if (await post(chat, { kind: 'closing', number, by })) chat.channel.closed();
  });
}

async function lastLook(chat: Chat): Promise<void> {
  const unread = chat.channel.unread(chat.lifecycle.state.startedAt);
  if (!unread || triesOf(chat) >= triesForLastWords) return;
  try {
    const begunAt = Date.now();
    await takeIn(chat, unread);
    chat.channel.readBack(begunAt);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const type = failureType(error);
    if (type === failureTypes.channelGone) chat.channel.gone();
    // What Zoom refuses for good is not waited for: the chat closes without the last look.
    else if (type !== failureTypes.zoomRefused) throw error;
  }
}

const triesOf = (chat: Chat): number => chat.waits.state.waits.channel?.tries ?? 0;

/**
 * One post into the chat channel.
 * @returns undefined when there is no such channel any more.
 * @throws ActivityFailure when the retry window has ended in vain.
 */
async function post(chat: Chat, content: ChannelPost): Promise<{ messageId: string; as: 'bot' | 'user' } | undefined> {
  const { ref: channel, state } = chat.channel;
  if (!channel || state.ownerUserId === undefined) return undefined;
  const { chatId, accountId, visitor } = chat.input;
  const deliveredSeq =
    content.kind === 'visitorLines' || content.kind === 'notShown' ? chat.outbox.deliveredAfterPost : 0;
  const key = `${channel.id} ${JSON.stringify({ ...content, text: undefined, about: undefined })}`;
  const route = deliveredSeq > 0 ? chat.presence.route : { targets: [], connectionIds: [] };
  const input = {
    chatId,
    accountId,
    channel,
    ownerUserId: state.ownerUserId,
    visitorName: visitor.name,
    post: content,
    as: chat.outbox.state.postsAs,
    deliveredSeq,
    targets: route.targets,
  };
  chat.outbox.posting(content);
  const sent = await once(chat, key, (tried) => zoom.postToChannel({ ...input, ...tried }));
  chat.outbox.sent(sent, Date.now());
  chat.presence.pushed(route, sent.outcomes, Date.now());
  return sent;
}

/**
 * Call what must not be done twice: the activity is given the time of an earlier try whose outcome is unknown.
 * @param key what is done, the same for every try.
 */
async function once<T>(chat: Chat, key: string, call: (tried: { firstTriedAt?: number }) => Promise<T>): Promise<T> {
  try {
    const result = await call(chat.waits.begin(key, Date.now()));
    chat.waits.settle(key);
    return result;
  } catch (error) {
    if (nothingDone(error)) chat.waits.settle(key);
    throw error;
  }
}

/**
 * Do one thing in Zoom. What cannot be done now makes the loop wait.
 * @param what in words for an operator.
 * @param settled decides what to do about a failure of this type; false: it is waited for.
 */
async function orWait(
  chat: Chat,
  loop: ZoomLoop,
  what: string,
  work: () => Promise<void>,
  settled: (type: string) => boolean = () => false,
): Promise<void> {
  try {
    await work();
    chat.waits.succeeded(loop);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const type = failureType(error) ?? noAnswer;
    if (settled(type)) chat.waits.succeeded(loop);
    else if (loop === 'channel' && type === failureTypes.channelGone && chat.channel.ref) chat.channelGone(Date.now());
    else failed(chat, loop, what, error);
  }
}

/** The loop waits, and tries again later. */
export function failed(chat: Chat, loop: ZoomLoop, what: string, error: ActivityFailure): void {
  const type = failureType(error) ?? noAnswer;
  const failure = { type, message: failureMessage(error), tryAgainInMs: tryAgainInMs(error) };
  chat.waits.failed(loop, what, failure, Date.now());
}
