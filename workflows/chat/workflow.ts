import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { postText, type ChannelPost } from '../../domain/channel-post.ts';
import { failureTypes } from '../../domain/failures.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import type { Agent } from '../../domain/transcript.ts';
import { failureType } from '../failures.ts';
import * as zoom from './activities.ts';
import { runIsLong } from '../long-run.ts';
import { chatDetails } from './details.ts';
import { firstAgentJoined } from './metrics.ts';
import { getChatQuery, visitorSignal, zoomSignal, type ChatInput, type ChatSnapshot } from './messages.ts';
import { acceptOperators } from './operator.ts';
import { Patience, type Leg } from './patience.ts';
import { relayNow, tellNow } from './short-way.ts';
import { Chat, type ChatState, type News, type WaitingLine } from './state.ts';

/**
 * One visitor's chat, from the first message to the last: a card in the inbound channel, an agent who joins, a private
 * channel of its own, both sides relayed in order, the end.
 *
 * Four strands run side by side, each doing one thing at a time: the visitor's side, the inbound card, the chat channel
 * and the clock. They share the `Chat`, which holds every rule; what they do in the world are activities.
 *
 * Cancelling it ends the chat, told to both sides, as `endChat` does: nothing in it is cut off.
 *
 * @param carried the chat's memory, when a run continues as new.
 */
export async function chat(input: ChatInput, carried?: ChatState): Promise<ChatSnapshot> {
  const { cancelRequested } = CancellationScope.current();
  return CancellationScope.nonCancellable(() => liveChat(input, cancelRequested, carried));
}

async function liveChat(input: ChatInput, cancelRequested: Promise<never>, carried?: ChatState): Promise<ChatSnapshot> {
  const live = carried ? new Chat(input, carried) : Chat.begin(input, Date.now());
  let busy = 0;
  /** The run is over and its memory goes to the next: no strand may start anything any more. */
  let handingOver = false;
  /** Do one thing; a run never continues as new in the middle of one. */
  const during = async (work: Promise<void>): Promise<void> => {
    busy += 1;
    try {
      await work;
    } finally {
      busy -= 1;
      showDetails(live, patience);
    }
  };
  const patience = new Patience(() => showDetails(live, patience));

  setHandler(visitorSignal, (event) => live.onVisitor(event, Date.now()));
  setHandler(zoomSignal, (event) => live.onZoom(event, Date.now()));
  setHandler(getChatQuery, () => snapshotOf(live, patience));
  acceptOperators(live, patience, cancelRequested);
  showDetails(live, patience);

  if (!carried) await zoom.beginChat({ ...input, startedAt: live.state.startedAt });

  const long = () => runIsLong(input.continueAfterEvents);
  /** Nothing is begun just now, so that the run can be handed over. */
  let holding = false;

  /**
   * Whenever there is something to do, do it; as long as this run lasts.
   * @param pace waits until it may be done. That is not doing it: the run can be handed over meanwhile.
   */
  const everyTime = async (
    due: () => boolean,
    work: () => Promise<void>,
    pace?: () => Promise<void>,
  ): Promise<never> => {
    for (;;) {
      // Between a condition coming true and the code behind it, the hand-over may have been decided: look again.
      await condition(() => !handingOver && !holding && due());
      if (pace) {
        await pace();
        if (holding || !due()) continue;
      }
      if (!handingOver) await during(work());
    }
  };
  const tell = input.shortWay === true ? tellNews : tellVisitor;
  const strands = [
    everyTime(
      () => live.hasNews,
      () => tell(live),
    ),
    everyTime(
      () => live.cardStale,
      () => showCard(live, patience),
    ),
    everyTime(
      () => live.nextJoin !== undefined || live.nextPost.length > 0 || live.needsClosing,
      () => workInZoom(live, patience),
      input.shortWay === true ? () => waitForPace(live) : undefined,
    ),
    keepTime(live, (work) => (handingOver ? condition(() => false) : during(work()))),
  ];

  if (input.shortWay === true) {
    // Where somebody always writes there is never a quiet moment: one is made. Not for long, since what is under way may be waiting for Zoom.
    const makeQuiet = async (): Promise<never> => {
      for (;;) {
        await condition(() => long() && live.portable);
        holding = true;
        await sleep(quietMs);
        holding = false;
        await sleep(betweenQuietMs);
      }
    };
    strands.push(makeQuiet());
  }

  const over = condition(() => {
    if (busy === 0 && allHandlersFinished() && (live.finished || (long() && live.portable))) handingOver = true;
    return handingOver;
  });
  // A strand never returns; if one fails, the chat fails with it.
  await Promise.race([over, ...strands]);
  if (!live.finished) await continueAsNew<typeof chat>(input, live.state);
  return live.snapshot;
}

/** How long a run whose history is long begins nothing, ms, and how long it goes on when that did not bring a quiet moment. */
const quietMs = 5_000;
const betweenQuietMs = 60_000;

/** Record what is new, and bring the visitor's open sockets up to date. */
async function tellNews(chat: Chat): Promise<void> {
  for (const userId of chat.strangers) chat.meet(await nameOf(chat, userId));
  const { recordStale } = chat.state;
  const { news, routes, isFirm } = chat;
  chat.state.recordStale = false;
  chat.state.greetSocket = false;
  if (recordStale) showStatus(chat);

  chat.tellingUpTo = news.lastSeq;
  const { chatId } = chat.input;
  const input = { chatId, ...news, routes: routes.map(({ route }) => route) };
  const told =
    (!recordStale && isFirm ? await tellNow(chat, input) : undefined) ??
    (await zoom.tell({ ...input, ...(recordStale ? { standing: chat.standing(Date.now()) } : {}) }));
  chat.tellingUpTo = 0;
  if (told.repeated) chat.foundRecorded(news.lastSeq);
  chat.routesTold(routes, told.routes);
  if (!told.routes.includes('reached')) {
    // Instances that workers cannot reach directly have their task queues.
    const unreached = routes.filter((_, n) => told.routes[n] === 'unreached');
    await Promise.all(unreached.map(({ route }) => deliver(chat, route.instanceId, news)));
  }
  chat.newsTold(news);
}

/** The same for chats without the short way. */
async function tellVisitor(chat: Chat): Promise<void> {
  for (const userId of chat.strangers) chat.meet(await nameOf(chat, userId));
  const { chatId } = chat.input;
  const { recordStale } = chat.state;
  const news = chat.news;
  chat.state.recordStale = false;
  chat.state.greetSocket = false;
  if (recordStale) showStatus(chat);

  const told = await Promise.all(chat.instances.map((instanceId) => deliver(chat, instanceId, news)));
  // Delivering records too; a changed state, or nobody there, is for the worker to write down.
  if (recordStale || !told.includes(true)) {
    const { status, agents, endedBy } = chat.state;
    await zoom.recordTranscript({
      chatId,
      entries: told.includes(true) ? [] : news.entries,
      ...(recordStale ? { state: { status, agents, ...(endedBy === undefined ? {} : { endedAt: Date.now() }) } } : {}),
    });
  }
  chat.newsTold(news);
}

/** Whether the api instance has recorded the news (and pushed it to the visitor, if a socket is still there). */
async function deliver(chat: Chat, instanceId: string, news: News): Promise<boolean> {
  const connections = chat.connectionsAt(instanceId);
  try {
    const { sockets } = await zoom.deliveryBy(instanceId).deliverToVisitor({ chatId: chat.input.chatId, ...news });
    if (sockets === 0) chat.connectionsGone(connections);
    else chat.connectionsReached(connections);
    return true;
  } catch {
    // Not lost: recorded by the worker, and read by the visitor's next connection.
    chat.connectionsUnreached(connections);
    return false;
  }
}

/** The card in the inbound channel says where the chat stands. */
async function showCard(chat: Chat, patience: Patience): Promise<void> {
  const { chatId, accountId, visitor, page } = chat.input;
  const { card, firstWords } = chat.state;
  const face = chat.face;
  const view = {
    chatId,
    accountId,
    visitorName: visitor.name,
    firstWords,
    face,
    ...(page === undefined ? {} : { page }),
  };
  if (!card) {
    const deliveredSeq = chat.deliveredSeqWithCard;
    const posted = await patience.forZoom('the card in the inbound channel', ({ options, again }) =>
      zoom.postInboundCard.executeWithOptions(options, [{ ...view, deliveredSeq, ...again }]),
    );
    chat.cardShown(posted, face, deliveredSeq);
    return;
  }
  try {
    await zoom.updateInboundCard({ ...view, card });
  } catch (error) {
    log.warn('The inbound card could not be updated.', { type: failureType(error) });
  }
  chat.cardShown(card, face, chat.state.deliveredSeq, card);
}

/** The next thing in the chat channel: let an agent in, relay what the visitor wrote, or say goodbye. */
async function workInZoom(chat: Chat, patience: Patience): Promise<void> {
  const agent = chat.nextJoin;
  const lines = chat.nextPost;
  chat.zoomBusy = true;
  try {
    if (agent) await admit(chat, patience, agent);
    else if (lines.length > 0) await relay(chat, patience, lines);
    else await sayGoodbye(chat, patience);
  } catch (error) {
    if (failureType(error) !== failureTypes.channelGone) throw error;
    chat.channelGone(Date.now());
  } finally {
    chat.zoomBusy = false;
  }
}

/** An agent pressed Join Chat: the first one opens the chat channel, the next ones are invited into it. */
async function admit(chat: Chat, patience: Patience, presser: Agent): Promise<void> {
  const { chatId, accountId, visitor, page } = chat.input;
  const { channel: existing, ownerUserId: owner } = chat.state;
  try {
    const agent = existing
      ? await zoom.findAgentSoon({ accountId, user: presser })
      : await patience.forZoom('the name of the agent who pressed Join Chat', ({ options }) =>
          zoom.findAgent.executeWithOptions(options, [{ accountId, user: presser }]),
        );
    if (existing) {
      await zoom.inviteAgent({ channelId: existing.id, ownerUserId: owner ?? '', agent });
    } else {
      const channelsLost = chat.state.channelsLost;
      const { channel, ownerUserId } = await patience.forZoom('the chat channel', ({ options, again }) =>
        zoom.openChatChannel.executeWithOptions(options, [
          { chatId, accountId, visitorName: visitor.name, agent, channelsLost, ...again },
        ]),
      );
      chat.channelOpened(channel, ownerUserId);
      upsertSearchAttributes([{ key: searchAttributes.channel, value: channel.id }]);
      await post(chat, patience, { kind: 'greeting', agentName: agent.name, ...(page === undefined ? {} : { page }) });
    }
    if (!existing && chat.state.channelsLost === 0) firstAgentJoined(Date.now() - chat.state.startedAt);
    chat.agentJoined({ id: agent.id, name: agent.name }, Date.now());
  } catch (error) {
    const type = failureType(error);
    // The first agent is waited for. For one more the conversation does not stop: they can press again.
    if (type === failureTypes.channelGone || (!existing && type !== failureTypes.userGone)) throw error;
    log.warn('Somebody pressed Join Chat and could not be let in.', { userId: presser.id, type });
    chat.joinRefused(presser.id);
  }
}

/** What the visitor wrote goes into the chat channel; with it, the entries are recorded and the visitor sees ✓✓. */
async function relay(chat: Chat, patience: Patience, lines: WaitingLine[]): Promise<void> {
  const lastSeq = lines.at(-1)?.seq ?? 0;
  const text = lines.map((line) => line.text).join('\n');
  const content = {
    kind: 'visitorLines',
    text,
    lastSeq,
    ...(lines.length > 1 ? { ends: endsOf(lines) } : {}),
  } as const;
  const told = await post(chat, patience, content, lines);
  if (told === 'notItsTurn') return;
  chat.linesDelivered(lines);
  chat.newsTold({ lastSeq, deliveredSeq: told ? lastSeq : 0 });
}

/** Where each line ends within their joined text. */
function endsOf(lines: WaitingLine[]): number[] {
  let length = -1;
  return lines.map((line) => (length += 1 + line.text.length));
}

async function sayGoodbye(chat: Chat, patience: Patience): Promise<void> {
  // A last look: what a lost webhook held would otherwise never be told.
  await readBack(chat);
  await post(chat, patience, { kind: 'closing', by: chat.state.endedBy ?? 'system' });
  chat.state.closed = true;
}

/** Until the channel's pace and the account's rate let out what the visitor has written; what he writes meanwhile goes out with it. */
async function waitForPace(chat: Chat): Promise<void> {
  const lines = chat.nextPost;
  if (chat.nextJoin !== undefined || lines.length === 0) return;
  const text = lines.map((line) => line.text).join('\n');
  const { name } = chat.input.visitor;
  const now = Date.now();
  const delay = Math.max(
    chat.postDelay(postText(name, { kind: 'visitorLines', text, lastSeq: 0 }), now),
    chat.turnIn(now),
  );
  if (delay === 0) return;
  chat.zoomBusy = true;
  await condition(() => chat.nextJoin !== undefined, delay);
  chat.zoomBusy = false;
}

/**
 * One post into the chat channel, at a pace that Zoom's per-channel limits allow.
 * @param lines what of the visitor's it holds.
 * @returns whether every open socket of the visitor has been told of it.
 */
async function post(
  chat: Chat,
  patience: Patience,
  content: ChannelPost,
  lines: WaitingLine[] = [],
): Promise<boolean | 'notItsTurn'> {
  const { channel, ownerUserId } = chat.state;
  if (!channel || ownerUserId === undefined) return false;
  const { chatId, accountId, visitor } = chat.input;
  const text = postText(visitor.name, content);
  const delay = chat.postDelay(text, Date.now());
  if (delay > 0) await sleep(delay);
  chat.posting(text);
  const now = chat.mayRelayNow(lines, text) ? await relayNow(chat, lines) : undefined;
  if (now?.outcome === 'posted') {
    chat.posted(now, Date.now());
    return now.routes.every((outcome) => outcome !== 'unreached');
  }
  if (now?.outcome === 'heldBack') {
    chat.heldBack(now.tryAgainInMs, Date.now());
    return 'notItsTurn';
  }
  const input = {
    chatId,
    accountId,
    channel,
    ownerUserId,
    visitorName: visitor.name,
    content,
    as: chat.state.postsAs,
    knownIds: chat.state.ownPostIds.slice(-50),
    ...(content.kind === 'visitorLines' ? { entries: chat.unrecordedUpTo(content.lastSeq) } : {}),
    ...since(lines),
    // Another run of this task may have gone the short way with these lines.
    ...(now?.outcome === 'unknown' || chat.cameBack(lines) || chat.doubts(lines) ? { lookFirst: true } : {}),
  };
  const what = 'a post into the chat channel';
  const fromInstance = content.kind === 'visitorLines' && chat.input.shortWay !== true;
  const posted = fromInstance ? await patience.forZoom(what, (leg) => postFromInstance(chat, input, leg)) : undefined;
  const { result, told } = posted ?? {
    result: await patience.forZoom(what, (leg) => postFromWorker(input, leg)),
    told: false,
  };
  chat.posted(result, Date.now());
  return told;
}

type PostInput = Parameters<typeof zoom.postToChatChannel>[0];

/**
 * The api instance that holds the visitor's socket does the posting itself, so that ✓✓ needs no way of its own. If that
 * instance is gone, any worker does it, and looks first how far the instance came.
 */
async function postFromInstance(chat: Chat, input: PostInput, leg: Leg) {
  const [instanceId, ...others] = chat.instances;
  if (instanceId === undefined) return undefined;
  if (leg.again.lookFirst) return { result: await postFromWorker(input, leg), told: false };
  const connections = chat.connectionsAt(instanceId);
  try {
    const { sockets, ...result } = await zoom.relayBy(instanceId).relayToZoom.executeWithOptions(leg.options, [input]);
    if (sockets === 0) chat.connectionsGone(connections);
    else chat.connectionsReached(connections);
    return { result, told: others.length === 0 };
  } catch (error) {
    // What Zoom said counts, and what an operator asked for; anything else is about the instance.
    if (failureType(error) !== undefined || isCancellation(error)) throw error;
    chat.connectionsUnreached(connections);
    return { result: await postFromWorker({ ...input, lookFirst: true }, leg), told: false };
  }
}

/** Whoever posts as a later leg, or after somebody else, looks since when the first of them can have begun. */
function postFromWorker(input: PostInput, { options, again }: Leg) {
  const since = Math.min(input.lookSinceMs ?? Infinity, again.lookSinceMs ?? Infinity);
  const look = { ...again, ...(Number.isFinite(since) ? { lookSinceMs: since } : {}) };
  return zoom.postToChatChannel.executeWithOptions(options, [{ ...input, ...look }]);
}

/** If somebody else has posted these lines already, then no earlier than they were written. */
function since(lines: WaitingLine[]): Pick<PostInput, 'lookSinceMs'> {
  const written = lines[0]?.at;
  return written === undefined ? {} : { lookSinceMs: written };
}

/** What happens because nothing happens: missed, read back for a lost webhook, ended for silence. */
async function keepTime(chat: Chat, during: (work: () => Promise<void>) => Promise<void>): Promise<never> {
  for (;;) {
    const next = chat.nextDeadline(Date.now());
    if (!next) {
      await condition(() => false);
      continue;
    }
    const at = Date.now() + next.inMs;
    // Woken early only by a deadline before this one, e.g. an unanswered message. One that moves back costs nothing:
    // the timer runs out and the next one is set, so that a lively chat has a timer now and then, not one a message.
    const earlier = await condition(() => {
      const due = chat.nextDeadline(Date.now());
      return due !== undefined && Date.now() + due.inMs < at;
    }, next.inMs);
    if (earlier) continue;
    const due = chat.nextDeadline(Date.now());
    if (due === undefined || due.inMs > 0) continue;
    if (due.what === 'missed') chat.missed(Date.now());
    else if (due.what === 'idle') chat.end('idle', Date.now());
    else await during(() => readBack(chat));
  }
}

/** Read the chat channel for what a lost webhook would have told. */
async function readBack(chat: Chat): Promise<void> {
  const { channel, ownerUserId } = chat.state;
  if (!channel || ownerUserId === undefined) return;
  const begunAt = Date.now();
  let read = false;
  try {
    const messages = await zoom.readChannelBack({ channelId: channel.id, ownerUserId, sinceMs: chat.readBackFrom });
    for (const message of messages) chat.zoomTold({ kind: 'message', ...message }, Date.now());
    read = true;
  } catch (error) {
    log.warn('The chat channel could not be read back.', { type: failureType(error) });
  }
  chat.readBackDone(read, begunAt);
}

async function nameOf(chat: Chat, userId: string): Promise<Agent> {
  try {
    const agent = await zoom.findAgentSoon({ accountId: chat.input.accountId, user: { id: userId, name: '' } });
    return { id: agent.id, name: agent.name };
  } catch {
    return { id: userId, name: 'Team' };
  }
}

function showStatus(chat: Chat): void {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: chat.state.status },
    { key: searchAttributes.agents, value: chat.state.agents.map((agent) => agent.id) },
  ]);
}

/** Where the chat stands, what it waits for included. */
function snapshotOf(chat: Chat, { waits }: Patience): ChatSnapshot {
  return { ...chat.snapshot, ...(waits.length === 0 ? {} : { waits }) };
}

/** What an operator reads in Temporal UI. Kept in the workflow, not in its history: it may be told often. */
function showDetails(chat: Chat, patience: Patience): void {
  setCurrentDetails(chatDetails(snapshotOf(chat, patience), chat.outlook(Date.now())));
}
