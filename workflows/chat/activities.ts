import { proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { ChatActivities } from '../../activities/chat.ts';
import type { CardSlotActivities } from '../../activities/card-slot.ts';
import type { ChatZoomActivities } from '../../activities/chat-zoom.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

/** Every activity heartbeats while it runs: after a killed process the next attempt starts this soon. */
const heartbeatTimeout = '4 seconds';

/**
 * MongoDB and pushes, on the workflows' own queue, so that they are dispatched eagerly. Keyed, so that repeating is
 * harmless. No end to the retries: a chat whose record cannot be written waits for the database, and a person is
 * needed to fix that.
 */
const recording: ActivityOptions = {
  startToCloseTimeout: '15 seconds',
  heartbeatTimeout,
  retry: { initialInterval: '300 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
};

/**
 * One call to Zoom: a retry window of a few attempts, some seconds long. What fails longer becomes a wait of the
 * chat, with a timer of its own (waits.ts). No limit on the time from schedule to start: that is the server keeping
 * the account's rate.
 */
const zoomCall: ActivityOptions = {
  taskQueue: taskQueues.zoom,
  startToCloseTimeout: '30 seconds',
  heartbeatTimeout,
  retry: {
    initialInterval: '300 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '5 seconds',
    maximumAttempts: 5,
  },
};

/** For what a chat does not depend on, and what somebody waits for: given up soon. */
const brief: ActivityOptions = {
  ...zoomCall,
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '15 seconds',
};

/** Behind what somebody waits for: many chats can be read back at the same time. */
const readingBack: ActivityOptions = { ...zoomCall, priority: { priorityKey: 4 } };

const editing: ActivityOptions = { ...zoomCall, priority: { priorityKey: 4 } };

const record = (summary: string) => proxyActivities<ChatActivities>({ ...recording, summary });
const zoom = (summary: string, options = zoomCall) => proxyActivities<ChatZoomActivities>({ ...options, summary });

export const { recordChat } = record('Record the new chat');
export const { publish } = record('Record what is new, and push it to the visitor');
export const { readVisitorTexts } = record('Read back what has waited long');
export const { askForCardSlot } = proxyActivities<CardSlotActivities>({
  ...recording,
  summary: 'Ask for a turn in the inbound channel',
});

export const { askForReminder } = proxyActivities<CardSlotActivities>({
  ...recording,
  summary: 'Have the team reminded that the visitor waits',
});

export const { postInboundCard } = zoom('Card with Join Chat to the inbound channel');
/** Behind the cards of others that nobody has seen yet. */
export const { updateInboundCard } = zoom('Bring the inbound card up to date', editing);
export const { findAgent } = zoom('Look up the agent in Zoom');
export const { createChatChannel } = zoom('Create the private chat channel');
export const { inviteAgent } = zoom('Invite the agent into the chat channel');
export const { postToChannel } = zoom('Post to the chat channel');
export const { readChannel } = zoom('Read the channel back for lost webhooks', readingBack);
export const { updateChannelHead } = zoom('Bring the first card in the chat channel up to date', editing);
export const { archiveChannel } = zoom('Archive the chat channel', editing);
export const { tellSlowJoin } = zoom('Tell an agent that joining takes long', brief);
export const { removeAgent } = zoom('Remove an agent from the chat channel', brief);

/** Who wrote in the channel without having joined: what they wrote waits for it. */
export const { findWriter } = zoom('Look up who writes in the chat channel', brief);
/** While an operator waits for the answer. */
export const { findAgent: findNamedAgent } = zoom('Look up whom an operator named', brief);
/** One more agent, while messages wait behind it: given up soon, and pressing again is possible. */
export const { findAgent: findFurtherAgent } = zoom('Look up a further agent', brief);
export const { inviteAgent: inviteFurtherAgent } = zoom('Invite a further agent', brief);
