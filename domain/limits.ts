/**
 * Every limit on what comes from outside, in one place. Lengths are UTF-16 code units unless said otherwise.
 */
export const limits = {
  /** One visitor message, after trimming. Longer ones are refused with a `too_long` error frame. */
  visitorMessageLength: 4_000,
  /**
   * What may wait of a visitor's until the team has taken it: messages, and their characters together. Beyond either
   * the chat takes no more for the time being.
   */
  waitingMessages: 100,
  waitingLength: 100_000,
  visitorNameLength: 80,
  visitorEmailLength: 254,
  pageTitleLength: 200,
  pageUrlLength: 2_000,
  /** A language's tag, and a time zone's name. */
  languageLength: 35,
  timeZoneLength: 64,
  /** What a website says of a visitor: so many lines, their names and values. */
  attributes: 10,
  attributeNameLength: 40,
  attributeValueLength: 100,
  /** One WebSocket frame from a visitor, in bytes. */
  visitorFrameBytes: 32_000,
  /** Entries sent in one `entries` frame; a longer replay comes in several frames. */
  entriesPerFrame: 200,
  /** A JSON body of the dashboard API, in bytes. */
  apiBodyBytes: 20_000,
  /** A push from a worker to an api instance, in bytes: a full frame of the longest messages fits. */
  pushBytes: 4_000_000,
  /** A webhook body, in bytes. Zoom's own are a few kB; a card with `original` can be larger. */
  webhookBodyBytes: 512_000,
  /** Client message ids and Zoom message ids a chat remembers to recognise repeats. */
  rememberedIds: 500,
  /**
   * Events after which a chat continues as new, about 15 to 50 messages. A worker that does not have a chat in memory
   * replays the whole run before it goes on, at about 0.3 ms an event; after a restart it has none of them.
   */
  eventsPerRun: 200,
  /**
   * What is unpublished when a chat continues as new, as JSON; Temporal takes 2 MB. With more, the run goes on until it
   * is less.
   */
  carriedBytes: 1_500_000,
  /**
   * Text that waits for Zoom when a chat continues as new and is handed to the next run; the rest is read back from
   * MongoDB.
   */
  carriedTextLength: 50_000,
} as const;
