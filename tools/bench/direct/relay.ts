import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Bench } from '../bench.ts';
import type { SandboxFeed } from '../sandbox-feed.ts';
import { marksIn, newMark, sentence, Sightings, within } from '../waiting.ts';
import { SandboxApi } from './sandbox-api.ts';

const lostAfterMs = 15_000;
const eventSchema = z.looseObject({
  event: z.string(),
  payload: z.looseObject({
    plainToken: z.string().optional(),
    operator_id: z.string().optional(),
    object: z.looseObject({ channel_id: z.string().optional(), message: z.string().optional() }).optional(),
  }),
});

/**
 * A relay that keeps nothing, in this process: the visitor's frame becomes a POST to Zoom, the webhook becomes a frame.
 * No signatures are checked, nothing is stored, sent again, or put in order.
 */
export class DirectRelay {
  readonly #bench: Bench;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #arrivals = new Sightings<number>();
  readonly #api: SandboxApi;
  readonly #feed: SandboxFeed;
  #channelId = '';
  #agent = '';
  #visitor: WebSocket | undefined;
  #unsubscribe: () => Promise<void> = () => Promise.resolve();

  private constructor(bench: Bench, api: SandboxApi, feed: SandboxFeed) {
    this.#bench = bench;
    this.#api = api;
    this.#feed = feed;
    this.#server = createServer((request, response) => void this.#webhook(request, response));
  }

  static async start(bench: Bench): Promise<DirectRelay> {
    const { feed } = await bench.site();
    const api = await SandboxApi.open(bench.zoom);
    const relay = new DirectRelay(bench, api, feed);
    await relay.#start();
    return relay;
  }

  /** ms from the visitor's socket to the sandbox having the message. */
  async toZoom(): Promise<number> {
    const mark = newMark();
    const seen = this.#feed.message(mark);
    const sent = performance.now();
    this.#visitor?.send(JSON.stringify({ text: sentence(mark) }));
    const { at } = await within(seen, lostAfterMs, 'a direct message to Zoom', this.#bench.signal);
    return at - sent;
  }

  /** ms from the agent's message in the sandbox to the frame at the visitor's socket. */
  async toVisitor(): Promise<number> {
    const mark = newMark();
    const arrives = this.#arrivals.next(mark);
    const sent = performance.now();
    const [at] = await within(
      Promise.all([arrives, this.#bench.zoom.write(this.#agent, this.#channelId, sentence(mark))]),
      lostAfterMs,
      'a direct message to the visitor',
      this.#bench.signal,
    );
    return at - sent;
  }

  async stop(): Promise<void> {
    await this.#unsubscribe();
    this.#visitor?.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #start(): Promise<void> {
    this.#agent = await this.#bench.idOf('alex');
    const channel = await this.#api.createChannel(this.#agent, 'Direct relay');
    this.#channelId = channel.id;
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    this.#server.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (accepted) => {
        accepted.on('message', (data: Buffer) => {
          const { text } = z.object({ text: z.string() }).parse(JSON.parse(data.toString('utf8')));
          void this.#api.post(channel, this.#agent, text);
        });
      });
    });
    this.#visitor = new WebSocket(`ws://127.0.0.1:${port}/`);
    this.#visitor.on('message', (data: Buffer) => {
      const at = performance.now();
      for (const mark of marksIn(data.toString('utf8'))) this.#arrivals.seen(mark, at);
    });
    await once(this.#visitor, 'open');
    this.#unsubscribe = await this.#api.subscribe(`http://127.0.0.1:${port}/`);
  }

  async #webhook(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const { event, payload } = eventSchema.parse(JSON.parse(Buffer.concat(parts).toString('utf8')));
    if (event === 'endpoint.url_validation') {
      const plainToken = payload.plainToken ?? '';
      const encryptedToken = createHmac('sha256', this.#api.webhookSecret).update(plainToken).digest('hex');
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ plainToken, encryptedToken }));
      return;
    }
    response.end();
    const { channel_id: channelId, message } = payload.object ?? {};
    if (channelId !== this.#channelId || payload.operator_id !== this.#agent) return;
    for (const socket of this.#sockets.clients) socket.send(JSON.stringify({ text: message }));
  }
}
