import { z } from 'zod';
import type { ZoomHappening } from './zoom-feed.ts';

const logSchema = z.object({
  webhooks: z.array(
    z.looseObject({
      id: z.string(),
      body: z.looseObject({ payload: z.looseObject({ object: z.looseObject({ id: z.string() }) }) }),
    }),
  ),
});

/** When Zoom told us of one message, ms since 1970 by Zoom's clock. */
export interface Telling {
  /** A webhook about it was sent for the first time: before that nobody can know of it. */
  firstTriedAt: number;
  /** A webhook about it was answered with 200: from then on it is known. Infinity if none ever was. */
  takenAt: number;
}

/** The sandbox's log of webhooks: from it can be seen whether Zoom told us of messages out of order. */
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
    const response = await fetch(`${this.#url}/_sandbox/webhooks?event=chat_message.sent&limit=1000`);
    const { webhooks } = logSchema.parse(await response.json());
    for (const { id, body } of webhooks) this.#messageOf.set(id, body.payload.object.id);
  }

  /** By message id; a message without a webhook is not in it. */
  tellings(): Map<string, Telling> {
    const tellings = new Map<string, Telling>();
    for (const [id, messageId] of this.#messageOf) {
      const known = tellings.get(messageId) ?? { firstTriedAt: Infinity, takenAt: Infinity };
      tellings.set(messageId, {
        firstTriedAt: Math.min(known.firstTriedAt, this.#triedAt.get(id) ?? Infinity),
        takenAt: Math.min(known.takenAt, this.#takenAt.get(id) ?? Infinity),
      });
    }
    return tellings;
  }
}

/**
 * Whether Zoom itself may have told us of the later message first: a webhook about it had gone out before one about the
 * earlier message was taken. Of two messages without a webhook, both found in the channel's history, neither may.
 */
export function mayOvertake(later: Telling | undefined, earlier: Telling | undefined): boolean {
  return (later?.firstTriedAt ?? Infinity) < (earlier?.takenAt ?? Infinity);
}
