import { condition, setHandler } from '@temporalio/workflow';
import type { Agent } from '../../domain/transcript.ts';
import { failureWords, noAnswer, wordsOfType } from '../failures.ts';
import { checkInput, nothingNeeded, refuse, somebodyNeeded } from '../operator-input.ts';
import { findMember, inviteMember, removeAgents } from './activities.ts';
import { endChatUpdate, reassignChatUpdate, retryNowUpdate, type Reassigned } from './operator-messages.ts';
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
        checkInput(nothingNeeded, 'endChat', '{"by":"operator"}', input);
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
        checkInput(somebodyNeeded, 'reassignChat', '{"to":"jill@example.com"}', input);
        mustBeOpen(chat);
        if (reassigning) refuse('This chat is being given to somebody just now. Wait for that, then look.');
      },
    },
  );

  setHandler(
    retryNowUpdate,
    async () => {
      const asked = patience.askNow();
      if (!(await condition(() => asked.every((thing) => thing.settled()), answerWithinMs))) {
        const [wait] = patience.waits.filter(({ why }) => why !== undefined);
        const { why, helps } = wordsOfType(wait?.why?.type ?? noAnswer);
        refuse(`Tried at once, and still waiting for ${wait?.what ?? 'Zoom'}: ${why}. ${helps}`);
      }
      return { settled: asked.filter((thing) => thing.settled()).map(({ what }) => what), waits: patience.waits };
    },
    {
      description:
        'Try at once what this chat waits for in Zoom, in place of waiting for the next try. Nothing is done twice. ' +
        'Input: none, or {"by":"operator"}',
      validator: (input) => {
        checkInput(nothingNeeded, 'retryNow', '{"by":"operator"}', input);
        if (patience.waits.length === 0) refuse('This chat waits for nothing in Zoom just now.');
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
  const { id, name, email } = await orRefused(
    'The new agent was not found',
    findMember({ accountId, user: { id: to, name: '' } }),
  );
  const agent = { id, name };
  mustBeOpen(chat);
  const { channel, ownerUserId = '' } = chat.state;
  if (channel) {
    await orRefused(
      'The new agent was not invited into the chat channel',
      inviteMember({ channelId: channel.id, ownerUserId, agent: { ...agent, email } }),
    );
    mustBeOpen(chat);
    if (chat.state.channel?.id !== channel.id) refuse('The chat channel has vanished in Zoom meanwhile.');
    chat.agentJoined(agent, Date.now());
  } else if (!(await joined(chat, agent))) {
    return { outcome: 'begun', agent, left: [], stillInChannel: [] };
  }
  return { outcome: 'done', agent, ...(await takeOffOthers(chat, id)) };
}

/** Have the agent join as after Join Chat. Answers whether they are in by the time that an operator waits. */
async function joined(chat: Chat, agent: Agent): Promise<boolean> {
  chat.onZoom({ kind: 'joinPressed', user: agent }, Date.now());
  const isIn = () => chat.state.agents.some(({ id }) => id === agent.id);
  const isAwaited = () => chat.state.joinRequests.some(({ id }) => id === agent.id);
  await condition(() => isIn() || !isAwaited(), answerWithinMs);
  mustBeOpen(chat);
  if (!isIn() && !isAwaited()) refuse('Zoom did not let the new agent into the chat. The chat is as it was.');
  return isIn();
}

async function takeOffOthers(chat: Chat, keep: string): Promise<Pick<Reassigned, 'left' | 'stillInChannel'>> {
  const { channel, ownerUserId = '' } = chat.state;
  const others = chat.state.agents.filter(({ id }) => id !== keep);
  if (others.length === 0 || !channel) return { left: [], stillInChannel: [] };
  let stayed: { agent: Agent; why: keyof typeof stayedWords }[];
  try {
    ({ stayed } = await removeAgents({ channelId: channel.id, ownerUserId, agents: others }));
  } catch (error) {
    const { why } = failureWords(error);
    return refuse(
      `The new agent is in, but who had the chat could not be taken out of the channel and goes on: ${why}. Send reassignChat again.`,
    );
  }
  const stillInChannel = stayed.map(({ agent, why }) => ({ agent, why: stayedWords[why] }));
  for (const agent of others) {
    chat.agentTakenOff(agent, Date.now(), stillInChannel.find((one) => one.agent.id === agent.id)?.why);
  }
  return { left: others, stillInChannel };
}

const stayedWords = {
  owner: 'still a member, since Zoom lets nobody remove a channel’s owner',
  refused: 'still a member, since Zoom did not let the app remove them (scope team_chat:delete:member:admin)',
} as const;

function mustBeOpen(chat: Chat): void {
  if (chat.ended) refuse('This chat has ended already.');
}

/** What failed becomes the Update's failure, in a sentence; without this it would fail the workflow's task. */
async function orRefused<T>(sentence: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { why, helps } = failureWords(error);
    return refuse(`${sentence}: ${why}. ${helps} The chat is as it was.`);
  }
}
