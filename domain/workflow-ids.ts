/**
 * Every workflow id and task queue of the system, made here and nowhere else. Ids are never encrypted and are what an
 * operator reads in Temporal UI: readable, no personal data, under 255 characters.
 */
export const workflowIds = {
  /** The lifecycle of one chat. */
  chat: ({ chatId }: { chatId: string }) => `chat/${chatId}`,
  /** The install flow of one Zoom user. */
  install: ({ zoomUserId }: { zoomUserId: string }) => `install/${zoomUserId}`,
  /** The entity that owns one Zoom user's grant: the only place that refreshes its tokens. */
  installation: ({ zoomUserId }: { zoomUserId: string }) => `installation/${zoomUserId}`,
  /** A set-up step that an account must see once, whoever installs first; the id makes it single-flight. */
  accountStep: ({ accountId, step }: { accountId: string; step: string }) => `account/${accountId}/${step}`,
};

export const taskQueues = {
  /** Workflows and the activities that talk to Zoom and MongoDB. */
  main: 'live-chat',
  /**
   * Token refreshes only. A queue of its own, since activities on the main queue wait for a refresh: if the refresh
   * needed one of their slots, a full worker would wait for itself.
   */
  tokens: 'zoom-tokens',
  /** Delivery to the visitors whose sockets one api instance holds. */
  visitorDelivery: ({ instanceId }: { instanceId: string }) => `visitor-delivery:${instanceId}`,
};

/** How soon a workflow task of a worker that was killed is given to another one. */
export const workflowTaskTimeout = '5 seconds';
