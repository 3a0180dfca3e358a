import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { openJson } from '../../codec/sealed-json.ts';
import { SealingError, type SealingKeys } from '../../codec/sealing.ts';
import type { Logger } from '../../config/logger.ts';
import { directDeliveryContext, directDeliveryPath, type VisitorDelivery } from '../../domain/delivery.ts';
import { limits } from '../../domain/limits.ts';
import { transcriptEntrySchema } from '../../domain/transcript.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import type { VisitorConnections } from './connections.ts';

const deliverySchema = z.object({
  chatId: z.string().min(1).max(40),
  entries: z.array(transcriptEntrySchema).max(limits.entriesPerFrame),
  lastSeq: z.int().nonnegative(),
  deliveredSeq: z.int().nonnegative(),
});

export interface DirectLineDependencies {
  keys: SealingKeys;
  instanceId: string;
  connections: VisitorConnections;
  log: Logger;
}

/**
 * Takes deliveries straight from workers, for the visitors whose sockets this instance holds. Who can seal a delivery for this
 * instance may deliver: the body needs one of the payload keys, so the path gives nothing to strangers who find it.
 *
 * Answers 204 (pushed to at least one socket), 404 (no socket of this chat here), 410 (meant for another instance, which had
 * this address before), 400 (not sealed for us), 413 (too long).
 */
export function directLine({ keys, instanceId, connections, log }: DirectLineDependencies): RequestListener {
  const context = directDeliveryContext({ instanceId });

  async function take(sealed: Buffer, traceparent: string | undefined): Promise<number> {
    let delivery: VisitorDelivery;
    try {
      delivery = deliverySchema.parse(openJson(keys, sealed, context));
    } catch (error) {
      log.warn(
        { reason: error instanceof SealingError ? 'not sealed for us' : 'wrong shape' },
        'a delivery was refused',
      );
      return 400;
    }
    const push = () => Promise.resolve(connections.deliver(delivery) > 0 ? 204 : 404);
    if (traceparent === undefined) return push();
    return inSpan('deliver to visitor', { kind: 'server', causes: [traceparent] }, push);
  }

  return (request, response) => {
    // Before the body is looked at: a worker that still knows the address of an instance that has ended needs a clear word.
    if (request.headers['x-instance'] !== instanceId) {
      answer(request, response, 410);
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limits.directDeliveryBytes) chunks.push(chunk);
    });
    request.on('end', () => {
      const { traceparent } = request.headers;
      void (
        size > limits.directDeliveryBytes ? Promise.resolve(413) : take(Buffer.concat(chunks), one(traceparent))
      ).then((status) => {
        answer(request, response, status);
      });
    });
    request.on('error', () => response.destroy());
  };
}

/** Whether a request is for {@link directLine}. */
export function isDirectDelivery({ method, url }: IncomingMessage): boolean {
  return method === 'POST' && url === directDeliveryPath;
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function answer(request: IncomingMessage, response: ServerResponse, status: number): void {
  request.resume();
  response.writeHead(status, { 'content-length': 0 }).end();
}

/**
 * Where workers reach this process, when nobody says otherwise: the address it listens on, or for all addresses this machine's
 * first one that others can see.
 */
export function ownUrl(host: string | undefined, port: number): string {
  const all = host === undefined || host === '0.0.0.0' || host === '::';
  return `http://${all ? visibleAddress() : host.includes(':') ? `[${host}]` : host}:${port}`;
}

function visibleAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
