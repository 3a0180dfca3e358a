import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Link,
  type SpanContext,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  RandomIdGenerator,
  type IdGenerator,
} from '@opentelemetry/sdk-trace-node';
import { readTraceparent, writeTraceparent } from '../domain/tracing.ts';

/** Spans of one process, on their way to a collector. */
export interface Tracing {
  /** Send what is left, for at most some seconds, and end. Never rejects. */
  stop: () => Promise<void>;
}

const stopPatienceMs = 3_000;

/**
 * Switch tracing on for this process. Sampling, the collector's address and headers, and more about this process are
 * what the standard `OTEL_…` variables say, which the OpenTelemetry SDK reads by itself. Without this call every
 * function of this file does nothing, at next to no cost.
 * @param service `service.name`, unless OTEL_SERVICE_NAME says another.
 */
export function startTracing(service: string): Tracing {
  const named = resourceFromAttributes({ 'service.name': service });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(named)
      .merge(detectResources({ detectors: [envDetector] })),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return {
    stop: async () => {
      const late = new Promise<void>((resolve) => setTimeout(resolve, stopPatienceMs).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
    },
  };
}

/** Random ids, but for a span whose id was made elsewhere. */
class Ids implements IdGenerator {
  next: string | undefined;
  readonly #random = new RandomIdGenerator();

  generateTraceId = (): string => this.#random.generateTraceId();

  generateSpanId = (): string => {
    const { next } = this;
    this.next = undefined;
    return next ?? this.#random.generateSpanId();
  };
}
const ids = new Ids();

const tracer = () => trace.getTracer('live-chat');

/** What a span says of itself: ids and counts, never a name, an address, a token or anybody's words. */
export interface SpanOptions {
  kind?: 'server' | 'client' | 'internal';
  attributes?: Attributes;
  /** ms since 1970. Default: now. */
  began?: number;
  /**
   * `traceparent` of each cause, the latest first: parent of the span, and links. Without any: what is under way here.
   */
  causes?: readonly string[];
}

/**
 * Run `work` inside a span, which is then the parent of the spans that it makes. What it throws is marked by its type
 * only.
 */
export async function inSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  const { attributes = {}, causes = [] } = options;
  const [parent, ...links] = causes.flatMap(contextOf);
  const from = parent === undefined ? context.active() : trace.setSpanContext(context.active(), parent);
  const settings = {
    kind: kinds[options.kind ?? 'internal'],
    attributes,
    links: links.map(linkTo),
    ...(options.began === undefined ? {} : { startTime: options.began }),
  };
  return tracer().startActiveSpan(name, settings, from, async (span) => {
    try {
      return await work();
    } catch (error) {
      // Never its message: that may quote what was sent.
      span.setStatus({ code: SpanStatusCode.ERROR, message: typeOf(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** A span of something that is over already. */
export interface PastSpan {
  name: string;
  kind?: SpanOptions['kind'];
  attributes?: Attributes;
  /** ms since 1970. */
  began: number;
  ended: number;
  causes?: readonly string[];
  /** Marks the span as failed: the type of the failure. */
  failure?: string | undefined;
  /** The id that the span is to have; for one whose children may be there before it. */
  spanId?: string;
}

/** Record a span after the fact. */
export function recordSpan(past: PastSpan): void {
  const { name, attributes = {}, began, ended, causes = [], failure, spanId } = past;
  const [parent, ...links] = causes.flatMap(contextOf);
  const from: Context = parent === undefined ? context.active() : trace.setSpanContext(context.active(), parent);
  ids.next = spanId;
  const span = tracer().startSpan(
    name,
    { kind: kinds[past.kind ?? 'internal'], attributes, links: links.map(linkTo), startTime: began },
    from,
  );
  ids.next = undefined;
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
  span.end(Math.max(began, ended));
}

/** The `traceparent` of the span that is under way here, if one is and it is sampled. */
export function currentTraceparent(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (!span || (span.traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  return writeTraceparent({ traceId: span.traceId, spanId: span.spanId, flags: span.traceFlags });
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

function contextOf(traceparent: string): SpanContext[] {
  const read = readTraceparent(traceparent);
  return read ? [{ traceId: read.traceId, spanId: read.spanId, traceFlags: read.flags, isRemote: true }] : [];
}

function linkTo(to: SpanContext): Link {
  return { context: to };
}

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
