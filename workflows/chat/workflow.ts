import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { runIsLong } from '../long-run.ts';
import { publish as publishNews, recordChat } from './activities.ts';
import { askForSlot, remindTeam, workOnCard } from './card-work.ts';
import { workInChannel } from './channel-work.ts';
import { Chat } from './chat.ts';
import { nextDeadline } from './deadlines.ts';
import { chatDetails } from './details.ts';
import { mailLoop } from './mail-work.ts';
import {
  cardSlotSignal,
  getChatQuery,
  tryAgainSignal,
  visitorSignal,
  zoomSignal,
  type ChatInput,
  type ChatSnapshot,
} from './messages.ts';
import { acceptOperators } from './operator.ts';
import type { ChatState } from './parts.ts';
import type { ZoomLoop } from './waits.ts';
import { tellSlowJoins } from './join-work.ts';
import { identifyWriter, readBack } from './read-back.ts';
import { snapshot, standing } from './views.ts';

/**
 * One visitor's chat, from the first message to the last: a card in the inbound channel, an agent who joins, a private
 * channel of its own, both sides relayed in order, the end.
 *
 * Five loops run side by side, each doing one thing at a time: publish what happened, keep the card true, work in the
 * chat channel, find out who writes there, and watch the time. They share the `Chat`, which holds every rule; what they
 * do in the world are activities.
 *
 * A chat never fails because of the world: what cannot be done now is a wait that a repair, an operator or time ends.
 *
 * @param carried the chat's memory, when a run continues as new.
 */
export async function chat(input: ChatInput, carried?: ChatState): Promise<ChatSnapshot> {
  const live = new Chat(input, Date.now(), carried);
  const { cancelRequested } = CancellationScope.current();
  return CancellationScope.nonCancellable(async () => {
    handleMessages(live);
    acceptOperators(live, cancelRequested);
    showDetails(live);
    if (!carried) {
      // Its turn in the inbound channel is asked for meanwhile: the card is what somebody waits for.
      const recorded = recordChat({ ...input, startedAt: live.lifecycle.state.startedAt });
      const asked = live.cardWork === 'ask' ? askForSlot(live) : undefined;
      [{ earlier: live.earlier }] = await Promise.all([recorded, asked]);
    }

    // Once a run drains it goes on draining: each loop finishes what it does, and starts nothing more.
    let isDraining = false;
    const draining = () => (isDraining ||= live.isFinished || mayContinueAsNew(live));
    let othersDrained = false;
    const others = Promise.all([
      zoomLoop(live, 'card', draining, () => live.cardWork !== undefined, workOnCard),
      zoomLoop(
        live,
        'channel',
        draining,
        () => live.hasChannelWork,
        (each) => workInChannel(each, draining),
      ),
      zoomLoop(live, 'writers', draining, () => live.writers.next !== undefined, identifyWriter),
      watchTime(live, draining),
      mailLoop(live, draining),
    ]).then(() => (othersDrained = true));
    // While the others finish, what happens is still published.
    await Promise.all([others, publishLoop(live, () => othersDrained)]);
    await condition(allHandlersFinished);
    return live.isFinished ? snapshot(live) : continueAsNew<typeof chat>(input, live.state);
  });
}

function mayContinueAsNew({ input, transcript, mail }: Chat): boolean {
  // An operator's Update waits for what the loops do: it is answered first.
  return runIsLong(input.continueAfterEvents) && transcript.isPortable && !mail.isUnderWay && allHandlersFinished();
}

function handleMessages(chat: Chat): void {
  setHandler(visitorSignal, (event) => chat.onVisitor(event, Date.now()));
  setHandler(zoomSignal, (event) => chat.onZoom(event, Date.now()));
  setHandler(cardSlotSignal, (slot) => chat.cardSlot(slot, Date.now()));
  setHandler(tryAgainSignal, () => chat.tryAgain(Date.now()));
  setHandler(getChatQuery, () => snapshot(chat));
}

/** Publish what happened, in order: recorded in MongoDB, then pushed to the visitor. */
async function publishLoop(chat: Chat, draining: () => boolean): Promise<void> {
  for (;;) {
    await condition(() => draining() || chat.hasNews);
    if (draining()) return;
    const { route } = chat.presence;
    const news = chat.news(route.targets);
    chat.presence.pushing();
    if (news.standing) showStanding(chat);
    const { outcomes } = await publishNews(news);
    chat.published(news);
    chat.presence.pushed(route, outcomes, Date.now());
    chat.mail.published(news.entries, outcomes.includes('pushed'), Date.now());
    showDetails(chat);
  }
}

/**
 * Do what is to be done in Zoom, one thing at a time. What fails waits, and is tried again: by a timer that draining
 * ends.
 */
async function zoomLoop(
  chat: Chat,
  loop: ZoomLoop,
  draining: () => boolean,
  isDue: () => boolean,
  work: (chat: Chat) => Promise<void>,
): Promise<void> {
  for (;;) {
    await condition(() => draining() || isDue());
    const pause = chat.waits.pauseOf(loop, Date.now());
    if (pause > 0) await condition(() => draining() || chat.waits.pauseOf(loop, Date.now()) === 0, pause);
    if (draining()) return;
    // What it waited for need not be done any more.
    if (isDue()) await work(chat);
    else chat.waits.succeeded(loop);
    showDetails(chat);
  }
}

/** What happens because nothing happens: missed, read back for a lost webhook, ended for silence. */
async function watchTime(chat: Chat, draining: () => boolean): Promise<void> {
  while (!draining()) {
    const at = nextDeadline(chat)?.at ?? Infinity;
    const changed = () => draining() || (nextDeadline(chat)?.at ?? Infinity) < at;
    if (at === Infinity) await condition(changed);
    // A deadline that moves back costs nothing: the timer runs out, and the next one is set.
    else if (!(await condition(changed, Math.max(1, at - Date.now())))) await onDeadline(chat);
  }
}

async function onDeadline(chat: Chat): Promise<void> {
  const now = Date.now();
  const deadline = nextDeadline(chat);
  if (!deadline || deadline.at > now) return;
  switch (deadline.what) {
    case 'missed':
      chat.missed(now);
      break;
    case 'idle':
      chat.end('idle', now);
      break;
    case 'push':
      chat.presence.retry();
      break;
    case 'askSlot':
      chat.card.askAgain();
      break;
    case 'page':
      chat.card.turnPage(now);
      break;
    case 'remind':
      await remindTeam(chat);
      break;
    case 'slowJoin':
      await tellSlowJoins(chat);
      break;
    case 'close':
      chat.closeForGood();
      break;
    case 'giveUp':
      chat.giveUp();
      break;
    case 'readBack':
      await readBack(chat);
      break;
  }
}

/** What operators filter by in Temporal UI. */
function showStanding(chat: Chat): void {
  const { status, agents, waitsFor } = standing(chat);
  upsertSearchAttributes([
    { key: searchAttributes.status, value: status },
    { key: searchAttributes.agents, value: agents.map(({ id }) => id) },
    { key: searchAttributes.waitsFor, value: waitsFor },
  ]);
}

/** What an operator reads in Temporal UI. Kept in the workflow, not in its history: it may change often. */
function showDetails(chat: Chat): void {
  setCurrentDetails(chatDetails(chat));
}
