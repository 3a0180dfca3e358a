import { ActivityFailure, ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import type { Agent } from '../../domain/timeline.ts';
import { failureMessage, failureType } from '../failures.ts';
import { parseInput } from '../operator-input.ts';
import { findMember, inviteMember, removeAgents } from './activities.ts';
import {
  endChatInput,
  endChatUpdate,
  reassignChatInput,
  reassignChatUpdate,
  retryNowInput,
  retryNowUpdate,
  type Reassigned,
} from './operator-messages.ts';
import type { Patience } from './patience.ts';
import type { Chat } from './state.ts';

/** How long an operator waits for what may take longer; the answer then says what has been begun, ms. */
const answerWithinMs = 15_000;

/**
 * What an operator can do to a chat from Temporal UI. Each is an Update: refused at once, in a sentence, when it makes no
 * sense, and answered when it is done, or has at least begun.
 */
export function acceptOperators(chat: Chat, patience: Patience, cancelRequested: Promise<never>): void {
  let reassigning = false;

  setHandler(
    endChatUpdate,
    () => {
      chat.end('operator', Date.now());
      return chat.snapshot;
    },
    {
      description: 'End this chat. The visitor and the chat channel are told. Input: none, or {"by":"operator"}',
      validator: (input) => {
        parseInput(endChatInput, 'endChat', '{"by":"operator"}', input);
        mustBeOpen(chat);
      },
    },
  );

  setHandler(
    reassignChatUpdate,
    async (input) => {
      reassigning = true;
      try {
        return await reassign(chat, input.to);
      } finally {
        reassigning = false;
      }
    },
    {
      description:
        'Give this chat to another member of the Zoom account; whoever had it is taken out of the chat channel. ' +
        'Input: {"to":"e-mail address or Zoom user id"}',
      validator: (input) => {
        parseInput(reassignChatInput, 'reassignChat', '{"to":"jill@example.com"}', input);
        mustBeOpen(chat);
        if (reassigning) refuse('This chat is being given to somebody just now. Wait for that, then look.', 'Busy');
      },
    },
  );

  setHandler(
    retryNowUpdate,
    async () => {
      const asked = patience.askNow();
      await condition(() => asked.every((thing) => thing.settled()), answerWithinMs);
      return { settled: asked.filter((thing) => thing.settled()).map(({ what }) => what), waits: patience.waits };
    },
    {
      description:
        'Try at once what this chat waits for in Zoom, in place of waiting for the next try. Nothing is done twice. ' +
        'Input: none, or {"by":"operator"}',
      validator: (input) => {
        parseInput(retryNowInput, 'retryNow', '{"by":"operator"}', input);
        if (patience.waits.length === 0) refuse('This chat waits for nothing in Zoom just now.', 'NothingWaits');
      },
    },
  );

  // Temporal UI's own button. Carried out as it is in most programs, it would leave both sides without a word.
  cancelRequested.catch(() => {
    chat.end('operator', Date.now());
  });
}

/** The new agent first, so that the visitor is never alone; then the others leave. */
async function reassign(chat: Chat, to: string): Promise<Reassigned> {
  const { accountId } = chat.input;
  const agent = await orRefused(
    `“${to}” could not be looked up in the Zoom account`,
    findMember({ accountId, user: { id: to, name: '' } }),
  );
  mustBeOpen(chat);
  const { channel, ownerUserId = '' } = chat.state;
  if (channel) {
    await orRefused(
      `${agent.name} could not be invited into the chat channel`,
      inviteMember({ channelId: channel.id, ownerUserId, agent }),
    );
    mustBeOpen(chat);
    if (chat.state.channel?.id !== channel.id)
      refuse('The chat channel has vanished in Zoom meanwhile.', 'ChannelGone');
    chat.agentJoined({ id: agent.id, name: agent.name }, Date.now());
  } else if (!(await joined(chat, agent))) {
    return { outcome: 'begun', agent: { id: agent.id, name: agent.name }, left: [], stillInChannel: [] };
  }
  return { outcome: 'done', agent: { id: agent.id, name: agent.name }, ...(await takeOffOthers(chat, agent.id)) };
}

/** Have the agent join as after Join Chat. Answers whether they are in by the time that an operator waits. */
async function joined(chat: Chat, { id, name }: Agent): Promise<boolean> {
  chat.onZoom({ kind: 'joinPressed', user: { id, name } }, Date.now());
  const isIn = () => chat.state.agents.some((agent) => agent.id === id);
  const isAwaited = () => chat.state.joinRequests.some((agent) => agent.id === id);
  await condition(() => isIn() || !isAwaited(), answerWithinMs);
  mustBeOpen(chat);
  if (!isIn() && !isAwaited()) refuse(`Zoom did not let ${name} into the chat.`, 'JoinRefused');
  return isIn();
}

async function takeOffOthers(chat: Chat, keep: string): Promise<Pick<Reassigned, 'left' | 'stillInChannel'>> {
  const { channel, ownerUserId = '' } = chat.state;
  const others = chat.state.agents.filter(({ id }) => id !== keep);
  if (others.length === 0 || !channel) return { left: [], stillInChannel: [] };
  const still = new Map<string, string>();
  /** Who may go on as an agent of the chat, since taking them out can be tried again. */
  let kept: Agent[] = [];
  try {
    const { stayed } = await removeAgents({ channelId: channel.id, ownerUserId, agents: others });
    for (const { agent, why } of stayed) still.set(agent.id, stayedWords[why]);
  } catch (error) {
    kept = others;
    for (const { id } of others) still.set(id, `${failureMessage(failureOf(error))} Send reassignChat again.`);
  }
  const left = others.filter((agent) => !kept.includes(agent));
  for (const agent of left) chat.agentTakenOff(agent, Date.now());
  return {
    left,
    stillInChannel: others.flatMap((agent) => {
      const why = still.get(agent.id);
      return why === undefined ? [] : [{ agent, why }];
    }),
  };
}

const stayedWords = {
  owner:
    'Owns the channel: Zoom lets nobody remove a channel’s owner. What they write there still reaches the visitor.',
  refused: 'Zoom did not allow the app to remove them: with granular scopes it needs team_chat:delete:member:admin.',
} as const;

function mustBeOpen(chat: Chat): void {
  if (chat.ended) refuse('This chat has ended already.', 'ChatEnded');
}

function refuse(sentence: string, type: string): never {
  throw ApplicationFailure.nonRetryable(sentence, type);
}

/** What failed becomes the Update's failure, in a sentence; without this it would fail the workflow's task. */
async function orRefused<T>(sentence: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const why = failureMessage(failureOf(error));
    return refuse(`${sentence}: ${why} The chat is as it was.`, failureType(error) ?? 'NoAnswer');
  }
}

/** A time limit says nothing to an operator. */
function failureOf(error: unknown): unknown {
  const timedOut = error instanceof ActivityFailure && failureType(error) === undefined;
  return timedOut ? new Error('Zoom did not answer in time.') : error;
}
