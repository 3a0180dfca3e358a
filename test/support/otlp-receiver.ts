import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const value = z.looseObject({
  stringValue: z.string().optional(),
  intValue: z.union([z.string(), z.number()]).optional(),
});
const attributes = z.array(z.looseObject({ key: z.string(), value })).default([]);
const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes,
  links: z.array(z.object({ traceId: z.string() })).default([]),
  status: z.object({ code: z.number().optional(), message: z.string().optional() }).default({}),
});
const bodySchema = z.object({
  resourceSpans: z.array(
    z.looseObject({
      resource: z.looseObject({ attributes }),
      scopeSpans: z.array(z.looseObject({ spans: z.array(spanSchema) })),
    }),
  ),
});

/** A span as a collector gets it. */
export interface ReceivedSpan extends Omit<z.infer<typeof spanSchema>, 'attributes'> {
  service: string;
  attributes: Record<string, string>;
}

/** A collector of traces on loopback, OTLP over HTTP with JSON. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** Headers of the last request. */
  headers: NodeJS.Dict<string | string[]> = {};
  /** Everything that was sent, as it was. */
  text = '';
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.headers = request.headers;
      this.#take(Buffer.concat(chunks).toString('utf8'));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });

  /** Answers its base address. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Spans from this one down, in any order; itself first. */
  below(root: ReceivedSpan): ReceivedSpan[] {
    const children = this.spans.filter(
      ({ traceId, parentSpanId }) => traceId === root.traceId && parentSpanId === root.spanId,
    );
    return [root, ...children.flatMap((child) => this.below(child))];
  }

  #take(text: string): void {
    this.text += text;
    for (const { resource, scopeSpans } of bodySchema.parse(JSON.parse(text)).resourceSpans) {
      const service = flat(resource.attributes)['service.name'] ?? '';
      for (const { spans } of scopeSpans) {
        this.spans.push(...spans.map((span) => ({ ...span, attributes: flat(span.attributes), service })));
      }
    }
  }
}

function flat(list: z.infer<typeof attributes>): Record<string, string> {
  return Object.fromEntries(
    list.map(({ key, value: { stringValue, intValue } }) => [key, stringValue ?? String(intValue)]),
  );
}
