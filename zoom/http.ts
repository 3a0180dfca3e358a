import type { z } from 'zod';
import { classifyZoomError, trackingId, unansweredError } from './classify.ts';
import { DEFAULT_MAX_ANSWER_BYTES, DEFAULT_TIMEOUT_MS, type ZoomAppOptions } from './config.ts';
import { ZoomError } from './errors.ts';
import { issuePaths } from './shapes.ts';

/** One call to Zoom. */
export interface ZoomRequest {
  /** Name of the call in our words, for errors and metrics. */
  readonly operation: string;
  readonly api: 'rest' | 'oauth';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Whole address without query; path parts are already encoded (see `path`). */
  readonly url: string;
  /** Query parameters; undefined ones are left out. Never a token: Zoom refuses those, and proxies log addresses. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** `Bearer …` or `Basic …`. */
  readonly authorization: string;
  /** JSON body; members that are undefined are left out. */
  readonly json?: unknown;
  /** Form body, for the OAuth endpoints. */
  readonly form?: Readonly<Record<string, string>>;
}

/**
 * Sends one request and reads its answer. Any 2xx is a success, since Zoom's pages disagree on which one several
 * calls give. Nothing is tried twice here: whether to retry is for the caller, who knows what a repeat would do.
 *
 * Without `answer` the body is not looked at and the result is undefined.
 *
 * @throws ZoomError for everything that goes wrong.
 */
export interface ZoomTransport {
  (request: ZoomRequest): Promise<undefined>;
  <Answer>(request: ZoomRequest, answer: z.ZodType<Answer>): Promise<Answer>;
}

type TransportOptions = Pick<ZoomAppOptions, 'timeoutMs' | 'maxAnswerBytes' | 'fetch' | 'clock' | 'onCall'>;

/** Builds a path from encoded parts: path`/chat/channels/${id}`. */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((whole, part, index) => whole + encodeURIComponent(values[index - 1] ?? '') + part);
}

/**
 * What every call to Zoom goes through: time limit, size limit, typed errors and the `onCall` hook.
 * Redirects are not followed, since following one could carry the token to another host.
 */
export function createTransport(options: TransportOptions): ZoomTransport {
  return async <Answer>(request: ZoomRequest, schema?: z.ZodType<Answer>): Promise<Answer | undefined> => {
    const started = performance.now();
    const seen: Seen = {};
    let error: ZoomError | undefined;
    try {
      return await send(options, request, schema, seen);
    } catch (thrown) {
      error = asZoomError(thrown, request, seen);
      throw error;
    } finally {
      report(options, { ...seen, operation: request.operation, durationMs: performance.now() - started, error });
    }
  };
}

/** What is known of an answer so far, kept for the case that the rest of it never comes. */
interface Seen {
  status?: number;
  trackingId?: string | undefined;
}

async function send<Answer>(
  options: TransportOptions,
  request: ZoomRequest,
  schema: z.ZodType<Answer> | undefined,
  seen: Seen,
): Promise<Answer | undefined> {
  const limit = options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;
  const response = await (options.fetch ?? globalThis.fetch)(address(request), {
    method: request.method,
    headers: headersOf(request),
    ...bodyOf(request),
    redirect: 'manual',
    signal: AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
  });
  seen.status = response.status;
  seen.trackingId = trackingId(response.headers);

  if (!response.ok) {
    // The status already says most: a body that breaks off or is not JSON must not hide it.
    const body = await readText(response, limit).then(parseJson, () => undefined);
    throw classifyZoomError({
      operation: request.operation,
      api: request.api,
      write: isWrite(request),
      status: response.status,
      headers: response.headers,
      body,
      now: (options.clock ?? Date.now)(),
    });
  }
  if (!schema) {
    // Read to its end so that the connection can serve the next call; how it ends no longer matters.
    await readText(response, limit).catch(() => undefined);
    return undefined;
  }
  const text = await readText(response, limit);
  if (text === undefined) throw malformed(request, seen, `answer over ${limit} bytes`);
  const json = parseJson(text);
  if (json === undefined) throw malformed(request, seen, text.trim() === '' ? 'empty answer' : 'answer is not JSON');
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw malformed(request, seen, `unexpected shape at ${issuePaths(parsed.error)}`);
  return parsed.data;
}

function address(request: ZoomRequest): string {
  const url = new URL(request.url);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

function headersOf(request: ZoomRequest): Record<string, string> {
  // fetch would refuse such a value with an error that quotes it, token and all.
  if (!/^[\x20-\x7e]+$/.test(request.authorization)) {
    throw new ZoomError({
      kind: request.api === 'oauth' ? 'appCredentials' : 'unauthorized',
      operation: request.operation,
      ambiguous: false,
      detail: 'the credentials hold characters that no header may have',
    });
  }
  return {
    accept: 'application/json',
    authorization: request.authorization,
    ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
  };
}

function bodyOf(request: ZoomRequest): { body?: string } {
  if (request.json !== undefined) return { body: JSON.stringify(request.json) };
  if (request.form !== undefined) return { body: new URLSearchParams(request.form).toString() };
  return {};
}

/** The answer's text, or undefined when it is larger than `limit` bytes; then the rest is not read. */
async function readText(response: Response, limit: number): Promise<string | undefined> {
  if (!response.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the stream and with it the connection.
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isWrite(request: ZoomRequest): boolean {
  return request.method !== 'GET';
}

function malformed(request: ZoomRequest, seen: Seen, detail: string): ZoomError {
  const { operation } = request;
  return unansweredError({ kind: 'malformedAnswer', operation, write: isWrite(request), ...seen, detail });
}

/** Keeps nothing of what fetch threw but the fault's name: its message and cause may quote addresses and headers. */
function asZoomError(thrown: unknown, request: ZoomRequest, seen: Seen): ZoomError {
  if (thrown instanceof ZoomError) return thrown;
  const timedOut = thrown instanceof Error && (thrown.name === 'TimeoutError' || thrown.name === 'AbortError');
  return unansweredError({
    kind: timedOut ? 'timeout' : 'network',
    operation: request.operation,
    write: isWrite(request),
    ...seen,
    code: timedOut ? undefined : faultName(thrown),
  });
}

function faultName(thrown: unknown): string | undefined {
  for (let error: unknown = thrown; error instanceof Error; error = error.cause) {
    const code: unknown = (error as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  }
  return undefined;
}

function report(options: TransportOptions, call: Parameters<NonNullable<TransportOptions['onCall']>>[0]): void {
  try {
    options.onCall?.(call);
  } catch {
    // Counting a call must never change its outcome.
  }
}
