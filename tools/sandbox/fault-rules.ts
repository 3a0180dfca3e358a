import { z } from 'zod';

const headersInput = z.record(z.string(), z.string());

const common = {
  /** Which requests or events the rule is about. All of it must fit; `*` stands for any text. */
  match: z
    .strictObject({
      method: z.string().optional(),
      /** Path as requested, such as `/v2/im/chat/messages`. */
      path: z.string().optional(),
      /** Event name, for webhook rules. */
      event: z.string().optional(),
      endpoint: z.string().optional(),
      /** Address of the recipient, for mail rules. */
      to: z.string().optional(),
      /** The body of the request or the event as JSON text, such as `*"message":"Hello*`. */
      body: z.string().optional(),
    })
    .default({}),
  /** How often the rule acts before it is used up; without it, for ever. */
  times: z.number().int().positive().optional(),
  /** How many matching requests pass untouched first. */
  skip: z.number().int().min(0).default(0),
  /** Chance that the rule acts on a match, drawn from the seeded generator. */
  probability: z.number().min(0).max(1).default(1),
};
const when = z.enum(['before', 'after']);

/** One fault to inject. `before` faults leave no effect; `after` faults spoil the answer of a call that worked. */
export const faultRule = z.discriminatedUnion('kind', [
  /** Answers with a status of choice. `code` and `message` make Zoom's error body; `body` replaces it. */
  z.strictObject({
    kind: z.literal('status'),
    ...common,
    status: z.number().int().min(200).max(599),
    code: z.number().int().optional(),
    message: z.string().optional(),
    body: z.unknown().optional(),
    headers: headersInput.default({}),
    when: when.default('before'),
  }),
  /** Waits before or after the effect, then goes on normally. */
  z.strictObject({
    kind: z.literal('delay'),
    ...common,
    delay_ms: z.number().int().min(0).max(600_000),
    when: when.default('before'),
  }),
  /** Cuts the connection instead of answering; by default after the effect. */
  z.strictObject({ kind: z.literal('reset'), ...common, when: when.default('after') }),
  /** Never answers, so that the caller times out; by default after the effect. */
  z.strictObject({ kind: z.literal('hang'), ...common, when: when.default('after') }),
  /** Answers with the right status and a body that is cut off in the middle. */
  z.strictObject({ kind: z.literal('malformed_json'), ...common }),
  /** Spoils a webhook on its way. */
  z.strictObject({
    kind: z.literal('webhook'),
    ...common,
    effect: z.enum(['duplicate', 'drop', 'delay', 'reorder', 'wrong_signature', 'no_signature', 'stale_timestamp']),
    /** For `delay` and `reorder`: how long the event is delayed. */
    delay_ms: z.number().int().min(0).max(600_000).default(1_500),
    /** For `duplicate`: how many copies arrive in all. */
    copies: z.number().int().min(2).max(10).default(2),
    /** For `duplicate`: whether copies carry the same x-zm-request-id. */
    same_request_id: z.boolean().default(true),
  }),
  /**
   * What the mail server does: `refuse` a recipient for good (550) or for now (`defer`, 451); after the mail itself,
   * answer late (`delay`) or not at all (`drop`): then the mail has been taken, and the connection is cut.
   */
  z.strictObject({
    kind: z.literal('mail'),
    ...common,
    effect: z.enum(['refuse', 'defer', 'delay', 'drop']),
    delay_ms: z.number().int().min(0).max(600_000).default(5_000),
  }),
  /** Answers a refresh with a connection cut after the pair was rotated: the new pair is lost. */
  z.strictObject({ kind: z.literal('token_answer_lost'), ...common }),
]);

export type FaultRule = z.infer<typeof faultRule>;
