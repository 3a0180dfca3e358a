import { z } from 'zod';
import type { ZoomSide } from '../../../test/support/driver.ts';

const stateSchema = z.looseObject({
  app: z.looseObject({
    client_id: z.string(),
    client_secret: z.string(),
    webhook_secret_token: z.string(),
    bot_jid: z.string(),
  }),
  users: z.array(z.looseObject({ id: z.string(), jid: z.string(), account_id: z.string() })),
});
type State = z.infer<typeof stateSchema>;

export interface DirectChannel {
  id: string;
  jid: string;
}

/** As much of Zoom's API as a relay without anything needs. */
export class SandboxApi {
  readonly #url: string;
  readonly #state: State;
  readonly #token: string;

  private constructor(url: string, state: State, token: string) {
    this.#url = url;
    this.#state = state;
    this.#token = token;
  }

  static async open(zoom: ZoomSide): Promise<SandboxApi> {
    const state = stateSchema.parse(await zoom.state());
    const { client_id, client_secret } = state.app;
    const response = await fetch(`${zoom.url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const { access_token: token } = z.looseObject({ access_token: z.string() }).parse(await response.json());
    return new SandboxApi(zoom.url, state, token);
  }

  get webhookSecret(): string {
    return this.#state.app.webhook_secret_token;
  }

  async createChannel(userId: string, name: string): Promise<DirectChannel> {
    const answer = await this.#call('POST', `/_sandbox/users/${userId}/channels`, { name });
    return z.looseObject({ id: z.string(), jid: z.string() }).parse(answer);
  }

  /** Posts as the bot. */
  async post(channel: DirectChannel, userId: string, text: string): Promise<void> {
    const user = this.#state.users.find(({ id }) => id === userId);
    await this.#call('POST', '/v2/im/chat/messages', {
      robot_jid: this.#state.app.bot_jid,
      to_jid: channel.jid,
      account_id: user?.account_id,
      user_jid: user?.jid,
      content: { head: { text: 'Visitor' }, body: [{ type: 'message', text }] },
    });
  }

  /** Has messages' events sent to this address. @returns what ends it */
  async subscribe(url: string): Promise<() => Promise<void>> {
    const path = '/v2/marketplace/app/event_subscription';
    const answer = await this.#call('POST', path, { events: ['chat_message.sent'], event_webhook_url: url });
    const { event_subscription_id: id } = z.looseObject({ event_subscription_id: z.string() }).parse(answer);
    return async () => {
      await this.#call('DELETE', `${path}/${id}`);
    };
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}
