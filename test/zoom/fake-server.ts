import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach } from 'vitest';
import { createZoomClient, type ZoomAppOptions, type ZoomCall, type ZoomClient } from '../../zoom/index.ts';

/** A request as the server received it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON; throws when it is none. */
  json(): unknown;
}

export type Handler = (request: Received, response: ServerResponse, socket: Socket) => unknown;

export interface FakeServer {
  readonly url: string;
  readonly requests: Received[];
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

/** A local HTTP server that ends with the test. What the handler returns, unless it answered itself,
 * is sent as JSON with status 200. */
export async function startServer(handler: Handler): Promise<FakeServer> {
  const requests: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const body = Buffer.concat(chunks).toString('utf8');
      const received: Received = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
        json: () => JSON.parse(body) as unknown,
      };
      requests.push(received);
      const answer = handler(received, response, request.socket);
      if (answer !== undefined && !response.headersSent) send(response, 200, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

export function send(
  response: ServerResponse,
  status: number,
  body?: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** Texts that must be in no error, no address and no metric. */
export const SECRETS = {
  clientSecret: 'client-secret-4f1c',
  accessToken: 'access-token-9a77',
  refreshToken: 'refresh-token-03bd',
  code: 'auth-code-77e0',
  verifier: 'pkce-verifier-b1d2',
  webhook: 'webhook-secret-5520',
} as const;

/** A client of the fake server, and the calls that it reported. */
export function clientOf(
  server: { readonly url: string },
  overrides: Partial<ZoomAppOptions> = {},
): { zoom: ZoomClient; calls: ZoomCall[]; options: ZoomAppOptions } {
  const calls: ZoomCall[] = [];
  const options: ZoomAppOptions = {
    apiUrl: `${server.url}/v2`,
    oauthUrl: `${server.url}/oauth`,
    clientId: 'client-id',
    clientSecret: SECRETS.clientSecret,
    botJid: 'v1bot@xmpp.zoom.us',
    onCall: (call) => calls.push(call),
    ...overrides,
  };
  return { zoom: createZoomClient(options), calls, options };
}

/** What a promise rejects with; fails the test when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => Promise.reject(new Error('expected a rejection')),
    (error: unknown) => error,
  );
}

/** A local address on which nothing listens. */
export async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
