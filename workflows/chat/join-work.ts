import { ActivityFailure, log, upsertSearchAttributes } from '@temporalio/workflow';
import { failureTypes } from '../../domain/failures.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import type { Agent } from '../../domain/transcript.ts';
import { failureType } from '../failures.ts';
import * as zoom from './activities.ts';
import type { JoinRequest } from './agents.ts';
import type { Chat } from './chat.ts';
import { firstAgentJoined } from './metrics.ts';
import { readBack } from './read-back.ts';
import { aboutVisitor, shownHead } from './views.ts';
import { once, orWait, post } from './zoom-call.ts';

/** An agent pressed Join Chat: the first one has the chat channel created, the next ones are invited into it. */
export async function admit(chat: Chat): Promise<void> {
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
export async function takeOut(chat: Chat): Promise<void> {
  const agent = chat.agents.nextToLeave;
  if (!agent) return;
  await remove(chat, agent);
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
