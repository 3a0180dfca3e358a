/**
 * Every workflow id, schedule id and task queue of the system, made here and nowhere else. Ids are never encrypted
 * and are what an operator reads in Temporal UI: readable, no personal data, under 255 characters.
 */
export const workflowIds = {
  /** The lifecycle of one chat. */
  chat: ({ chatId }: { chatId: string }) => `chat/${chatId}`,
  /** The install flow of one Zoom user. */
  install: ({ zoomUserId }: { zoomUserId: string }) => `install/${zoomUserId}`,
  /** The entity that owns one Zoom user's grant: the only place that refreshes its tokens. */
  grant: ({ zoomUserId }: { zoomUserId: string }) => `grant/${zoomUserId}`,
  /** A set-up step that an account must see once, whoever installs first; the id makes it single-flight. */
  accountStep: ({ accountId, step }: { accountId: string; step: string }) => `account/${accountId}/${step}`,
  /** The queue of cards for one inbound channel: they go there at the pace that Zoom takes them. */
  inbound: ({ channelId }: { channelId: string }) => `inbound/${channelId}`,
  /** Tells two channels that new chats go to the other one. */
  routeChange: ({ changeId }: { changeId: string }) => `route-change/${changeId}`,
  /** The connection check of an account: the id lets one run at a time. */
  connectionCheck: ({ accountId }: { accountId: string }) => `connection-check/${accountId}`,
  /** Deletes what is older than its account keeps it; started by the schedule of the same id. */
  retention: () => 'retention',
};

export const taskQueues = {
  /**
   * Workflows, and the activities that write to MongoDB and push to visitors: dispatched eagerly, so no rate is kept
   * here.
   */
  main: 'live-chat',
  /** Activities that call Zoom, one call each. The server keeps each account's rate here (fairness key = account). */
  zoom: 'zoom',
  /**
   * Token refreshes only. A queue of its own, since activities on the Zoom queue wait for a refresh: if the refresh
   * needed one of their slots, a full worker would wait for itself.
   */
  tokens: 'zoom-tokens',
  /** Mails to visitors. A queue of its own, so that a slow mail server takes no slots of what visitors wait for. */
  mail: 'mail',
};

/** How soon a workflow task of a worker that was killed is given to another one. */
export const workflowTaskTimeout = '5 seconds';

/** Temporal's limit on fairness keys, bytes. */
const fairnessKeyBytes = 64;

/** Zoom's account ids are short; a longer one would share its turn with those that begin alike. */
export function fairnessKey({ accountId }: { accountId: string }): string {
  return accountId.slice(0, fairnessKeyBytes);
}
