import { proxyLocalActivities } from '@temporalio/workflow';
import type { RelayOutcome, ShortWayActivities } from '../../activities/short-way.ts';
import type { Chat, WaitingLine } from './state.ts';

/**
 * The short way of a message: local activities, run by the worker within the workflow task that brought the message. Most
 * messages take it. What cannot be done at once, or whose outcome is unknown, takes the long way of ordinary activities, with
 * their retries, where operators see them.
 *
 * What a local activity makes visible must not depend on anything that another run of the same task could decide otherwise: see
 * `Chat.isFirm`. For the same reason nothing that comes out here makes an entry of the transcript.
 *
 * One at a time (`Chat.inTurn`): of two that run at once the results come one after the other, but when the history is led
 * through again they come together, and the strands that go on then can overtake each other.
 */
const local = proxyLocalActivities<ShortWayActivities>({
  // A call to Zoom may take 10 s. That is longer than a workflow task: the worker keeps the task alive meanwhile.
  startToCloseTimeout: '12 seconds',
  // A worker that has no room for it: rather the long way.
  scheduleToStartTimeout: '1 second',
  retry: { maximumAttempts: 1 },
});

/** Relay the visitor's lines to Zoom at once. Never fails: `unknown` also when nobody can tell what became of it. */
export async function relayNow(chat: Chat, lines: WaitingLine[]): Promise<RelayOutcome> {
  const { channel, ownerUserId, postsAs } = chat.state;
  if (!channel || ownerUserId === undefined) return { outcome: 'notPosted' };
  const { chatId, accountId, visitor } = chat.input;
  const { routes } = chat;
  const lastSeq = lines.at(-1)?.seq ?? 0;
  const claim = chat.claimFor(lines);
  const entries = chat.takeInHand(lastSeq);
  let result: RelayOutcome = { outcome: 'unknown' };
  try {
    const relay = {
      chatId,
      accountId,
      channel,
      ownerUserId,
      visitorName: visitor.name,
      content: { kind: 'visitorLines' as const, text: lines.map((line) => line.text).join('\n'), lastSeq },
      as: postsAs,
      entries,
      lastSeq,
      routes: routes.map(({ route }) => route),
      ...(chat.state.turn === undefined ? {} : { cameBack: true }),
      ...(claim === undefined ? {} : { claim }),
    };
    result = await chat.inTurn(() => local.relayNow(relay));
    if (result.outcome === 'posted') chat.routesTold(routes, result.routes);
  } catch {
    // Nobody can tell what became of it.
  } finally {
    chat.letGo();
  }
  if (claim !== undefined && result.outcome !== 'heldBack') chat.claimUsed(claim);
  return result;
}

/** Record the news and show them to the visitor at once; undefined when that did not work, which does no harm. */
export async function tellNow(
  chat: Chat,
  input: Parameters<ShortWayActivities['tell']>[0],
): Promise<Awaited<ReturnType<ShortWayActivities['tell']>> | undefined> {
  try {
    return await chat.inTurn(() => local.tell(input));
  } catch {
    return undefined;
  }
}
