import { ActivityFailure, condition, setHandler } from '@temporalio/workflow';
import { failureWords, wordsOfType } from '../failures.ts';
import { checkInput, nothingNeeded, refuse, somebodyNeeded } from '../operator-input.ts';
import { findNamedAgent } from './activities.ts';
import type { Chat } from './chat.ts';
import { endChatUpdate, reassignChatUpdate, retryNowUpdate, type Reassigned } from './messages.ts';
import { snapshot } from './views.ts';

/** How long an operator waits for what may take longer; the answer then says what has been begun, ms. */
const answerWithinMs = 15_000;

/**
 * What an operator can do to a chat from Temporal UI. Each is an Update: refused at once, in a sentence, when it
 * makes no sense, and answered when it is done, or has at least begun.
 */
export function acceptOperators(chat: Chat, cancelRequested: Promise<never>): void {
  setHandler(
    endChatUpdate,
    () => {
      chat.end('operator', Date.now());
      return snapshot(chat);
    },
    {
      description: 'End this chat. The visitor and the chat channel are told. Input: none, or {"by":"operator"}',
      validator: (input) => {
        checkInput(nothingNeeded, 'endChat', '{"by":"operator"}', input);
        mustBeOpen(chat);
      },
    },
  );

  setHandler(reassignChatUpdate, (input) => reassign(chat, input.to), {
    description:
      'Give this chat to another member of the Zoom account; whoever had it is taken out of the chat channel. ' +
      'Input: {"to":"e-mail address or Zoom user id"}',
    validator: (input) => {
      checkInput(somebodyNeeded, 'reassignChat', '{"to":"jill@example.com"}', input);
      mustBeOpen(chat);
    },
  });

  setHandler(
    retryNowUpdate,
    async () => {
      const tries = () => chat.waits.all.map((wait) => wait.tries);
      const before = tries();
      chat.waits.release(Date.now());
      // Either nothing waits any more, or it was tried once more in vain.
      await condition(
        () => chat.waits.all.length === 0 || tries().some((count, n) => count !== before[n]),
        answerWithinMs,
      );
      const [wait] = chat.waits.all;
      if (wait) {
        const { why, helps } = wordsOfType(wait.why.type);
        refuse(`Tried at once, and still waiting for ${wait.what}: ${why}. ${helps}`);
      }
      return { waits: chat.waits.all };
    },
    {
      description:
        'Try at once what this chat waits for in Zoom, in place of waiting for the next try. Nothing is done twice. ' +
        'Input: none, or {"by":"operator"}',
      validator: (input) => {
        checkInput(nothingNeeded, 'retryNow', '{"by":"operator"}', input);
        if (chat.waits.all.length === 0) refuse('This chat waits for nothing in Zoom just now.');
      },
    },
  );

  // Temporal UI's own button. Carried out as it is in most programs, it would leave both sides without a word.
  cancelRequested.catch(() => chat.end('operator', Date.now()));
}

/**
 * The new agent is let in like one who pressed Join Chat, so that the visitor is never alone; then the others leave.
 */
async function reassign(chat: Chat, to: string): Promise<Reassigned> {
  const agent = await namedAgent(chat, to);
  mustBeOpen(chat);
  const before = [...chat.agents.joined];
  chat.requestJoin({ user: agent, replaces: 'others' }, Date.now());
  const isSettled = () => !chat.agents.isRequested(agent.id);
  const othersLeft = () => chat.agents.joined.every(({ id }) => id === agent.id);
  await condition(() => isSettled() && (!chat.agents.has(agent.id) || othersLeft()), answerWithinMs);
  mustBeOpen(chat);
  if (!isSettled()) return { outcome: 'begun', agent, left: [], stillInChannel: [] };
  if (!chat.agents.has(agent.id)) refuse('Zoom did not let the new agent into the chat. The chat is as it was.');
  return {
    outcome: 'done',
    agent,
    left: before.filter(({ id }) => !chat.agents.has(id)),
    stillInChannel: chat.agents.state.removed.flatMap(({ id, name, still }) =>
      still === undefined ? [] : [{ agent: { id, name }, why: still }],
    ),
  };
}

async function namedAgent(chat: Chat, to: string) {
  try {
    const { id, name } = await findNamedAgent({ accountId: chat.input.accountId, userId: to });
    return { id, name };
  } catch (error) {
    // Anything else is a mistake of ours, and fails the workflow's task, where it is seen.
    if (!(error instanceof ActivityFailure)) throw error;
    const { why, helps } = failureWords(error);
    return refuse(`The new agent was not found: ${why}. ${helps} The chat is as it was.`);
  }
}

function mustBeOpen(chat: Chat): void {
  if (chat.lifecycle.isEnded) refuse('This chat has ended already.');
}
