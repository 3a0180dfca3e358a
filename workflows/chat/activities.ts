import { proxyActivities, type ActivityInterfaceFor, type ActivityOptions } from '@temporalio/workflow';
import type { ChatActivities } from '../../activities/chat.ts';
import type { OperatorActivities } from '../../activities/operator.ts';
import type { RelayActivities } from '../../activities/relay.ts';
import type { ShortWayActivities } from '../../activities/short-way.ts';
import type { DeliveryActivities } from '../../domain/delivery.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

/** Waiting grows from 0.3 s to half a minute; Zoom's own Retry-After wins where it gives one. */
const patient = { initialInterval: '300 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/** Every activity heartbeats while it runs: after a killed process the next attempt starts this soon. */
const heartbeatTimeout = '4 seconds';

/**
 * MongoDB writes: keyed, so repeating them is harmless. No end to the retries: a chat whose record cannot be written
 * waits for the database, and a person is needed to fix that.
 */
const recording: ActivityOptions = {
  startToCloseTimeout: '15 seconds',
  heartbeatTimeout,
  retry: { ...patient, maximumInterval: '10 seconds' },
};

/**
 * What a chat needs from Zoom to go on. Zoom may be down for hours and the chat waits, in legs (patience.ts); after two
 * days a person has to look. One attempt makes a few calls of at most 10 s each; posting looks before it repeats itself.
 */
const needed: ActivityOptions = {
  startToCloseTimeout: '60 seconds',
  heartbeatTimeout,
  scheduleToCloseTimeout: '2 days',
  retry: patient,
};

/** Help, but no message depends on it: given up after a while. */
const helpful: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  heartbeatTimeout,
  scheduleToCloseTimeout: '10 minutes',
  retry: patient,
};

/** For one more person, while messages wait behind it: given up soon, and pressing again is possible. */
const beside: ActivityOptions = { ...helpful, startToCloseTimeout: '15 seconds', scheduleToCloseTimeout: '20 seconds' };

/** The activities with these options, each showing `summary` in Temporal UI. */
const withSummary = (options: ActivityOptions, summary: string): ActivityInterfaceFor<ChatActivities> =>
  proxyActivities<ChatActivities>({ ...options, summary });

export const { beginChat } = withSummary(recording, 'Record the new chat');
export const { tell } = proxyActivities<Pick<ShortWayActivities, 'tell'>>({
  ...recording,
  summary: 'Record the news, and show them to the visitor',
});
export const { recordTranscript } = withSummary(recording, 'Record the transcript');
export const { postInboundCard } = withSummary(needed, 'Card with Join Chat to the inbound channel');
export const { updateInboundCard } = withSummary(helpful, 'Bring the inbound card up to date');
export const { findAgent } = withSummary(needed, 'Look up the agent in Zoom');
export const { openChatChannel } = withSummary(needed, 'Open the private chat channel');
export const { inviteAgent } = withSummary(beside, 'Invite another agent');
export const { findAgent: findAgentSoon } = withSummary(beside, 'Look up a colleague in Zoom');
export const { postToChatChannel } = withSummary(needed, 'Post to the chat channel');
export const { readChannelBack } = withSummary(helpful, 'Read the channel back for lost webhooks');

/** While an operator waits for the answer. */
const promptly = { ...beside, startToCloseTimeout: '8 seconds', scheduleToCloseTimeout: '8 seconds' } as const;
export const { findAgent: findMember } = withSummary(promptly, 'Look up the member that an operator named');
export const { inviteAgent: inviteMember } = withSummary(promptly, 'Invite the member that an operator named');
export const { removeAgents } = proxyActivities<OperatorActivities>({
  ...promptly,
  summary: 'Take the previous agents out of the chat channel',
});

/** How long an api instance may take to accept a task before it counts as gone. */
const instanceGoneAfter = '2 seconds';

/** Posting by the api instance that holds the visitor's socket; as patient with Zoom as a worker is. */
export function relayBy(instanceId: string): ActivityInterfaceFor<RelayActivities> {
  return proxyActivities<RelayActivities>({
    ...needed,
    taskQueue: taskQueues.visitorDelivery({ instanceId }),
    scheduleToStartTimeout: instanceGoneAfter,
    summary: 'Relay the visitor’s words to the chat channel',
  });
}

/**
 * Delivery by the api instance that holds the visitor's socket. One attempt: an instance that does not take the task
 * in time is gone, and the visitor's next connection reads what it missed from MongoDB.
 */
export function deliveryBy(instanceId: string): DeliveryActivities {
  return proxyActivities<DeliveryActivities>({
    taskQueue: taskQueues.visitorDelivery({ instanceId }),
    scheduleToStartTimeout: instanceGoneAfter,
    startToCloseTimeout: '10 seconds',
    heartbeatTimeout,
    retry: { maximumAttempts: 1 },
    summary: 'Deliver to the visitor',
  });
}
