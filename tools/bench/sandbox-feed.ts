import { z } from 'zod';
import { marksIn, Sightings } from './waiting.ts';

const eventSchema = z.looseObject({
  type: z.string(),
  data: z.looseObject({
    message_id: z.string().optional(),
    channel_id: z.string().optional(),
    name: z.string().optional(),
    text: z.string().optional(),
  }),
});

/** A message that the sandbox has taken. */
export interface SeenMessage {
  messageId: string;
  /** `performance.now()` of this process. */
  at: number;
}

/** Zoom's side as it happens: the sandbox's stream of events, so that nothing has to be asked for again and again. */
export class SandboxFeed {
  readonly #messages = new Sightings<SeenMessage>();
  readonly #channels = new Sightings<string>();
  readonly #abort = new AbortController();

  /** Opens the streams; what happens from then on is seen. */
  static async open(sandboxUrl: string): Promise<SandboxFeed> {
    const feed = new SandboxFeed();
    await Promise.all(['message.created', 'channel.created'].map((type) => feed.#open(sandboxUrl, type)));
    return feed;
  }

  /** The next message with this mark. */
  message(mark: string): Promise<SeenMessage> {
    return this.#messages.next(mark);
  }

  /** The id of the next channel whose name begins with these words and ` · `. */
  channel(words: string): Promise<string> {
    return this.#channels.next(words);
  }

  close(): void {
    this.#abort.abort();
  }

  async #open(sandboxUrl: string, type: string): Promise<void> {
    const response = await fetch(`${sandboxUrl}/_sandbox/events?type=${type}`, {
      headers: { accept: 'text/event-stream' },
      signal: this.#abort.signal,
    });
    if (!response.ok || response.body === null) throw new Error(`The sandbox's events answer ${response.status}.`);
    void this.#read(response.body).catch((error: unknown) => {
      if (!this.#abort.signal.aborted) console.error(`The sandbox's stream of events broke off: ${String(error)}`);
    });
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    // The web type of the stream does not say that it can be iterated; Node's can.
    for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data: ')) this.#take(line.slice('data: '.length));
    }
  }

  #take(json: string): void {
    const at = performance.now();
    const { type, data } = eventSchema.parse(JSON.parse(json));
    if (type === 'channel.created') {
      const [words = ''] = (data.name ?? '').split(' · ');
      this.#channels.seen(words, data.channel_id ?? '');
      return;
    }
    for (const mark of marksIn(data.text ?? '')) this.#messages.seen(mark, { messageId: data.message_id ?? '', at });
  }
}
