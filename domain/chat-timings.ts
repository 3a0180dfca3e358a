/** After how long what happens by itself in a chat, ms. */
export interface ChatTimings {
  /** The team is reminded of a chat that waits for an agent, after each of these times, in rising order. */
  remindAfterMs: number[];
  /** A chat that waits for an agent counts as missed. */
  missedAfterMs: number;
  /** A visitor who is away is mailed what they have missed; absent where no mail is sent. */
  mailAfterMs?: number;
  /** A silent chat ends. */
  idleEndMs: number;
  /** A chat that has ended can go on no more, and its channel is archived. */
  reopenMs: number;
}
