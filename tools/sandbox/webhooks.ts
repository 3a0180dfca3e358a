import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Clock } from './clock.ts';
import type { SandboxConfig } from './config.ts';
import type { Faults } from './faults.ts';
import type { Feed } from './feed.ts';
import { sendJson, type Outcome } from './send.ts';
import type { Delivery, Store, Validation } from './state.ts';
import type { Switches } from './switches.ts';

/** Waits before the first, second and third retry (developers.zoom.us/docs/api/webhooks/). */
const retryWaits = [5, 20, 60].map((minutes) => minutes * 60_000);
const answerLimitMs = 3_000;
const revalidateMs = 72 * 3_600_000;
const failuresUntilDisabled = 6;
const logKept = 2_000;
const logDays = 7;

const validationAnswer = z.looseObject({ plainToken: z.string(), encryptedToken: z.string() });

/** An event to send. */
export interface OutgoingEvent {
  /** `bot` for the bot endpoint, `events` for the event subscriptions. */
  to: 'bot' | 'events';
  event: string;
  /** Whether the app's settings have subscribed to it; subscriptions made through the API name their events. */
  inSettings?: boolean;
  /** The whole body, as it will be serialised. */
  body: object;
  /** Events with the same key start in order; Zoom promises none, and faults break it. */
  orderKey: string;
}

/** How one validation of an endpoint went. */
export interface ValidationResult {
  endpoint: string;
  url: string;
  /** Whether the endpoint answered with the right HMAC. */
  valid: boolean;
  status: number;
  /** What the endpoint answered. */
  body: string;
  plainToken: string;
}

type ValidationMode = 'normal' | 'unsigned' | 'forged';

/** `v0=` + hex HMAC-SHA256 over `v0:<timestamp>:<raw body>`. */
export function signatureOf(secret: string, timestamp: number, body: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

/**
 * Sends events to the app's endpoints: signed, within three seconds, retried on faults and 5xx after 5, 20 and 60
 * minutes, dropped on 3xx and 4xx. What is pending survives a restart.
 */
export class Webhooks {
  readonly #config: SandboxConfig;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #feed: Feed;
  readonly #faults: Faults;
  readonly #switches: () => Switches;
  readonly #abort = new AbortController();
  #again = new AbortController();
  readonly #inFlight = new Set<string>();
  readonly #busyKeys = new Set<string>();
  #pending = new Map<string, Delivery>();
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #closed = false;

  constructor(parts: {
    config: SandboxConfig;
    clock: Clock;
    store: Store;
    feed: Feed;
    faults: Faults;
    switches: () => Switches;
  }) {
    this.#config = parts.config;
    this.#clock = parts.clock;
    this.#store = parts.store;
    this.#feed = parts.feed;
    this.#faults = parts.faults;
    this.#switches = parts.switches;
    this.#clock.onAdvance(() => this.wake());
    setMaxListeners(0, this.#abort.signal);
  }

  /** Takes up what a stop left pending, and validates the endpoints until they answer. */
  start(): void {
    for (const delivery of this.#store.deliveries.all()) {
      if (delivery.state === 'pending') this.#pending.set(delivery.id, delivery);
    }
    this.wake();
    void this.#validateUntilUp();
  }

  /** Stops sending; what is pending stays in the store. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  /** Forgets all pending events, after the store was cleared. */
  reset(): void {
    this.#pending = new Map();
    this.#busyKeys.clear();
    this.revalidateSoon();
  }

  /** Lets the endpoints be validated at once, after one was added or the state was cleared. */
  revalidateSoon(): void {
    this.#again.abort();
  }

  /** The endpoints that are configured or subscribed, with their names. */
  endpoints(): { name: string; url: string; events?: string[] }[] {
    const list: { name: string; url: string; events?: string[] }[] = [];
    if (this.#config.botEndpointUrl !== undefined) list.push({ name: 'bot', url: this.#config.botEndpointUrl });
    if (this.#config.eventEndpointUrl !== undefined) list.push({ name: 'events', url: this.#config.eventEndpointUrl });
    for (const one of this.#store.subscriptions.all()) list.push({ name: one.id, url: one.url, events: one.events });
    return list;
  }

  /** Queues an event for its endpoint, and for every subscription made through the API that names it. */
  emit(outgoing: OutgoingEvent): void {
    for (const endpoint of this.endpoints()) {
      const main = endpoint.name === outgoing.to && outgoing.inSettings !== false;
      const subscribed = outgoing.to === 'events' && endpoint.events?.includes(outgoing.event) === true;
      if (main || subscribed) this.#queue(outgoing, endpoint);
    }
  }

  #queue(outgoing: OutgoingEvent, endpoint: { name: string; url: string }): void {
    const now = this.#clock.now();
    const body = JSON.stringify(outgoing.body);
    const requestId = randomUUID();
    const base: Delivery = {
      id: randomUUID(),
      requestId,
      traceId: randomBytes(16).toString('hex'),
      endpoint: endpoint.name,
      url: endpoint.url,
      event: outgoing.event,
      body,
      orderKey: `${endpoint.name} ${outgoing.orderKey}`,
      stamp: Math.floor(now / 1000),
      attempts: 0,
      dueAt: now,
      createdAt: now,
      state: 'pending',
      signature: 'good',
    };
    const deliveries = [base];
    for (const rule of this.#faults.forEvent(outgoing.event, endpoint.name, body)) {
      switch (rule.effect) {
        case 'drop':
          this.#feed.publish('webhook.dropped', now, { event: base.event, request_id: requestId });
          return;
        case 'duplicate':
          for (let copy = 1; copy < rule.copies; copy++) {
            deliveries.push({
              ...base,
              id: randomUUID(),
              requestId: rule.same_request_id ? requestId : randomUUID(),
              orderKey: `${base.orderKey} copy ${copy}`,
            });
          }
          break;
        case 'delay':
          base.dueAt = now + rule.delay_ms;
          break;
        case 'reorder':
          // Delayed under a key of its own, so that what comes after it overtakes it.
          base.dueAt = now + rule.delay_ms;
          base.orderKey = `${base.orderKey} ${requestId}`;
          break;
        case 'wrong_signature':
          base.signature = 'wrong';
          break;
        case 'no_signature':
          base.signature = 'none';
          break;
        case 'stale_timestamp':
          base.signature = 'stale';
          base.stamp -= 3_600;
          break;
      }
    }
    for (const delivery of deliveries) {
      this.#store.deliveries.put(delivery);
      this.#pending.set(delivery.id, delivery);
    }
    this.wake();
  }

  /** Sends what is due, once the current work has been committed. */
  wake(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** Makes every waiting retry due at once. */
  flush(): number {
    const now = this.#clock.now();
    for (const delivery of this.#pending.values()) delivery.dueAt = Math.min(delivery.dueAt, now);
    this.wake();
    return this.#pending.size;
  }

  #pump(): void {
    if (this.#closed) return;
    this.#store.commit();
    const now = this.#clock.now();
    let next = Infinity;
    for (const delivery of this.#pending.values()) {
      if (this.#inFlight.has(delivery.id)) continue;
      if (delivery.dueAt > now) {
        next = Math.min(next, delivery.dueAt);
        continue;
      }
      const validation = this.#store.validations.get(delivery.endpoint);
      if (validation?.disabled === true) {
        this.#finish(delivery, { status: -14, body: 'The subscription is disabled.' }, 'failed');
        continue;
      }
      // An address can be saved only once it has been validated; what happens before then waits for it.
      if (validation?.valid !== true) continue;
      // First attempts of one conversation go out one after another; retries stand behind nobody.
      if (delivery.attempts === 0) {
        if (this.#busyKeys.has(delivery.orderKey)) continue;
        this.#busyKeys.add(delivery.orderKey);
      }
      this.#inFlight.add(delivery.id);
      void this.#attempt(delivery);
    }
    clearTimeout(this.#timer);
    if (next === Infinity) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(next - now, 1), 60_000));
    this.#timer.unref();
  }

  #headers(delivery: Delivery): Record<string, string> {
    const switches = this.#switches();
    const fresh = delivery.attempts > 0 && switches.retryTimestamp === 'fresh';
    const stamp = fresh ? Math.floor(this.#clock.now() / 1000) : delivery.stamp;
    const headers: Record<string, string> = {
      'user-agent': 'Zoom Marketplace/1.0a',
      'content-type': 'application/json; charset=utf-8',
      authorization: 'sandbox-legacy-verification-token',
      clientid: this.#config.clientId,
      'x-zm-request-timestamp': String(stamp),
      'x-zm-request-id': delivery.requestId,
      'x-zm-trackingid': `v=2.0;clid=sandbox;rid=WEB_${delivery.traceId}`,
      traceparent: `00-${delivery.traceId}-${randomBytes(8).toString('hex')}-00`,
    };
    if (delivery.signature !== 'none') {
      const secret = delivery.signature === 'wrong' ? 'not the secret' : this.#config.webhookSecretToken;
      headers['x-zm-signature'] = signatureOf(secret, stamp, delivery.body);
    }
    return headers;
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const headers = this.#headers(delivery);
    const firstTry = delivery.attempts === 0;
    if (firstTry) this.#feed.publish('webhook.tried', this.#clock.now(), { id: delivery.id, event: delivery.event });
    const outcome = await sendJson(delivery.url, delivery.body, headers, answerLimitMs, this.#abort.signal);
    // An attempt cut off by our own stop is made again after the restart.
    if (this.#closed) return;
    this.#inFlight.delete(delivery.id);
    if (firstTry) this.#busyKeys.delete(delivery.orderKey);
    if (this.#pending.get(delivery.id) !== delivery) return; // The state was reset meanwhile.
    delivery.attempts += 1;
    delivery.requestHeaders = headers;
    this.#settle(delivery, outcome);
    this.#store.commit();
    this.wake();
  }

  #settle(delivery: Delivery, outcome: Outcome): void {
    const retry = delivery.attempts > 1;
    const accepted = retry ? outcome.status >= 200 && outcome.status < 300 : [200, 204].includes(outcome.status);
    if (accepted) {
      this.#finish(delivery, outcome, 'delivered');
      return;
    }
    const switches = this.#switches();
    const wait = retryWaits[delivery.attempts - 1];
    // Any other 2xx on a first attempt is not on the list of successes, nor on the list of failures to retry.
    const retried =
      (outcome.status < 0 || outcome.status >= 500) && (delivery.endpoint !== 'bot' || switches.botEventRetries);
    if (!retried || wait === undefined) {
      this.#finish(delivery, outcome, outcome.status >= 200 && outcome.status < 300 ? 'delivered' : 'failed');
      return;
    }
    delivery.status = outcome.status;
    delivery.responseBody = outcome.body;
    delivery.dueAt = this.#clock.now() + wait * switches.retryScale;
    this.#store.deliveries.put(delivery);
    this.#feed.publish('webhook.retrying', this.#clock.now(), {
      event: delivery.event,
      request_id: delivery.requestId,
      status: outcome.status,
      retry_num: delivery.attempts,
      due_at: delivery.dueAt,
    });
  }

  #finish(delivery: Delivery, outcome: Outcome, state: 'delivered' | 'failed'): void {
    delivery.state = state;
    delivery.status = outcome.status;
    delivery.responseBody = outcome.body;
    delivery.finishedAt = this.#clock.now();
    this.#pending.delete(delivery.id);
    this.#store.deliveries.put(delivery);
    this.#feed.publish(`webhook.${state}`, this.#clock.now(), {
      id: delivery.id,
      event: delivery.event,
      endpoint: delivery.endpoint,
      request_id: delivery.requestId,
      status: outcome.status,
      retry_num: Math.max(0, delivery.attempts - 1),
    });
    this.#trimLog();
  }

  #trimLog(): void {
    const rows = this.#store.deliveries.rows;
    if (rows.size <= logKept + 200) return;
    const oldest = this.#clock.now() - logDays * 86_400_000;
    let surplus = rows.size - logKept;
    for (const delivery of rows.values()) {
      if (delivery.state === 'pending') continue;
      if (surplus <= 0 && delivery.createdAt >= oldest) break;
      this.#store.deliveries.delete(delivery.id);
      surplus -= 1;
    }
  }

  /**
   * Asks an endpoint for its validation. `unsigned` leaves the signature away; `forged` sends a plainToken whose HMAC
   * would be a valid signature of a forged event: an endpoint must refuse both.
   */
  async validate(endpoint: { name: string; url: string }, mode: ValidationMode = 'normal'): Promise<ValidationResult> {
    const now = this.#clock.now();
    const stamp = Math.floor(now / 1000);
    const forgedBody = JSON.stringify({ event: 'chat_message.sent', payload: {}, event_ts: now });
    const plainToken =
      mode === 'forged' ? `v0:${stamp}:${forgedBody}` : randomBytes(17).toString('base64url').slice(0, 22);
    const body = JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken }, event_ts: now });
    const headers: Record<string, string> = {
      'user-agent': 'Zoom Marketplace/1.0a',
      'content-type': 'application/json; charset=utf-8',
      authorization: 'sandbox-legacy-verification-token',
      'x-zm-request-timestamp': String(stamp),
      'x-zm-request-id': randomUUID(),
      traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`,
    };
    if (mode !== 'unsigned') {
      headers['x-zm-signature'] = signatureOf(this.#config.webhookSecretToken, stamp, body);
    }
    const outcome = await sendJson(endpoint.url, body, headers, answerLimitMs, this.#abort.signal);
    return {
      endpoint: endpoint.name,
      url: endpoint.url,
      valid: outcome.status === 200 && this.#answersRightly(outcome.body, plainToken),
      status: outcome.status,
      body: outcome.body,
      plainToken,
    };
  }

  #answersRightly(body: string, plainToken: string): boolean {
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch {
      return false;
    }
    const answer = validationAnswer.safeParse(json);
    const expected = createHmac('sha256', this.#config.webhookSecretToken).update(plainToken).digest('hex');
    return answer.success && answer.data.plainToken === plainToken && answer.data.encryptedToken === expected;
  }

  /** Validates as Zoom does on save and every 72 hours, and keeps count: six failures disable the subscription. */
  async revalidate(endpoint: { name: string; url: string }, countFailure: boolean): Promise<ValidationResult> {
    const result = await this.validate(endpoint);
    if (this.#closed) return result;
    const known = this.#store.validations.get(endpoint.name);
    const same = known?.url === endpoint.url ? known : undefined;
    const failures = result.valid ? 0 : (same?.failures ?? 0) + (countFailure ? 1 : 0);
    const next: Validation = {
      id: endpoint.name,
      url: endpoint.url,
      valid: result.valid || (same?.valid === true && failures < failuresUntilDisabled),
      failures,
      disabled: failures >= failuresUntilDisabled,
      checkedAt: this.#clock.now(),
    };
    this.#store.validations.put(next);
    this.#store.commit();
    this.#feed.publish('webhook.validated', this.#clock.now(), { endpoint: endpoint.name, valid: result.valid });
    this.wake();
    return result;
  }

  async #validateUntilUp(): Promise<void> {
    for (let wait = 250; !this.#closed; wait = Math.min(wait * 2, 5_000)) {
      let waiting = false;
      for (const endpoint of this.endpoints()) {
        const known = this.#store.validations.get(endpoint.name);
        const due = known?.url !== endpoint.url || !known.valid || this.#clock.now() - known.checkedAt > revalidateMs;
        if (!due) continue;
        // Until an endpoint has passed once, the app may simply not be up yet.
        const result = await this.revalidate(endpoint, known?.valid === true && known.url === endpoint.url);
        if (!result.valid) waiting = true;
      }
      const pause = waiting ? wait : 60_000;
      if (!waiting) wait = 250;
      const signal = AbortSignal.any([this.#abort.signal, this.#again.signal]);
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
      if (this.#again.signal.aborted) this.#again = new AbortController();
    }
  }
}
