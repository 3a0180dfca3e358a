import { z } from 'zod';
import type { ZoomHappening } from './zoom-feed.ts';

const objectSchema = z.looseObject({ id: z.string().optional(), message_id: z.string().optional() });
const logSchema = z.object({
  webhooks: z.array(
    z.looseObject({
      id: z.string(),
      body: z.looseObject({ payload: z.looseObject({ object: objectSchema.optional() }) }),
    }),
  ),
});
/** The events of new messages, in both families. */
const messageEvents = ['chat_message.sent', 'team_chat.channel_message_posted'];

/** When the webhooks of one message went out and were taken, ms since 1970 by Zoom's clock. */
export interface Delivery {
  /** The first try of any of them: before that nobody can know of the message. */
  firstTriedAt: number;
  /** One of them was answered with 200: from then on the message is known. Infinity if none ever was. */
  takenAt: number;
}

/** The sandbox's log of webhooks: it shows whether Zoom's webhooks came out of order. */
export class WebhookLog {
  readonly #url: string;
  readonly #triedAt = new Map<string, number>();
  readonly #takenAt = new Map<string, number>();
  /** By the webhook's id. The log keeps only the newest, so it is read along. */
  readonly #messageOf = new Map<string, string>();

  constructor(sandboxUrl: string) {
    this.#url = sandboxUrl;
  }

  happened({ type, at, data }: ZoomHappening): void {
    const id = String(data['id']);
    if (type === 'webhook.tried' && !this.#triedAt.has(id)) this.#triedAt.set(id, at);
    if (type === 'webhook.delivered' && !this.#takenAt.has(id)) this.#takenAt.set(id, at);
  }

  async read(): Promise<void> {
    for (const event of messageEvents) {
      const response = await fetch(`${this.#url}/_sandbox/webhooks?event=${event}&limit=1000`);
      for (const { id, body } of logSchema.parse(await response.json()).webhooks) {
        const messageId = body.payload.object?.message_id ?? body.payload.object?.id;
        if (messageId !== undefined) this.#messageOf.set(id, messageId);
      }
    }
  }

  /** By message id; a message without a webhook is not in it. */
  deliveries(): Map<string, Delivery> {
    const deliveries = new Map<string, Delivery>();
    for (const [id, messageId] of this.#messageOf) {
      const known = deliveries.get(messageId) ?? { firstTriedAt: Infinity, takenAt: Infinity };
      deliveries.set(messageId, {
        firstTriedAt: Math.min(known.firstTriedAt, this.#triedAt.get(id) ?? Infinity),
        takenAt: Math.min(known.takenAt, this.#takenAt.get(id) ?? Infinity),
      });
    }
    return deliveries;
  }
}

/**
 * Whether Zoom's webhook of the later message may have come first: it had gone out before one of the earlier message
 * was taken. Of two messages without a webhook, both found in the channel's history, neither may.
 */
export function mayOvertake(later: Delivery | undefined, earlier: Delivery | undefined): boolean {
  return (later?.firstTriedAt ?? Infinity) < (earlier?.takenAt ?? Infinity);
}
