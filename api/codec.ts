import { json, Router, type RequestHandler } from 'express';
import { z } from 'zod';
import type { Payload } from '@temporalio/common';
import { EncryptionCodec } from '../codec/payload-codec.ts';
import type { ApiDependencies } from './dependencies.ts';
import { HttpProblem } from './http/problem.ts';
import { notForOtherSites, sameOriginOnly } from './http/security.ts';
import { limitRequests, requestLimits } from './rate-limits.ts';
import type { OperatorSignIn } from './pages/operator.ts';

const bodyBytes = 2 * 1024 * 1024;
const base64 = z.base64();
const bodySchema = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), base64).nullish(), data: base64.nullish() })).max(10_000),
});
type WirePayload = z.infer<typeof bodySchema>['payloads'][number];

/**
 * Temporal UI's codec endpoint: the operator's browser sends encrypted payloads here to show them decrypted. For
 * signed-in operators only, from pages of this address only (Temporal UI is one, below `/temporal`), and nothing of it
 * is ever logged. What it encrypts counts as sent by hand, see `EncryptionCodec`.
 * @param publicUrl address of those pages.
 */
export function codecRoutes(
  { config }: Pick<ApiDependencies, 'config'>,
  operator: Pick<OperatorSignIn, 'signedIn'>,
  publicUrl: string = config.http.publicUrl,
): Router {
  const codec = new EncryptionCodec(config.payloadKeys);

  const operatorsOnly: RequestHandler = async (request, _response, next) => {
    if (await operator.signedIn(request)) {
      next();
      return;
    }
    const detail = `Sign in at ${config.http.publicUrl}/operator in this browser, then reload this page.`;
    throw new HttpProblem('unauthorized', detail);
  };

  const convert =
    (how: (payloads: Payload[]) => Promise<Payload[]>): RequestHandler =>
    async (request, response) => {
      const body = bodySchema.safeParse(request.body);
      if (!body.success)
        throw new HttpProblem('bad-request', 'Send {"payloads": [{"metadata": {…}, "data": …}]} in base64.');
      const converted = await how(body.data.payloads.map(fromWire)).catch(() => {
        throw new HttpProblem('invalid', 'A payload is encrypted with a key that is not configured, or was altered.');
      });
      response.set('Cache-Control', 'no-store').json({ payloads: converted.map(toWire) });
    };

  const router = Router();
  router.use(
    '/codec',
    notForOtherSites,
    sameOriginOnly(publicUrl),
    limitRequests(requestLimits.codec),
    operatorsOnly,
    json({ limit: bodyBytes }),
  );
  router.post(
    '/codec/encode',
    convert((payloads) => codec.encode(payloads)),
  );
  router.post(
    '/codec/decode',
    convert((payloads) => codec.decode(payloads)),
  );
  return router;
}

function fromWire({ metadata, data }: WirePayload): Payload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, bytes(value)] as const);
  return { metadata: Object.fromEntries(entries), ...(typeof data === 'string' ? { data: bytes(data) } : {}) };
}

function toWire({ metadata, data }: Payload): WirePayload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)] as const);
  return { metadata: Object.fromEntries(entries), data: data ? text(data) : '' };
}

function bytes(encoded: string): Uint8Array {
  return new Uint8Array(Buffer.from(encoded, 'base64'));
}

function text(data: Uint8Array): string {
  return Buffer.from(data).toString('base64');
}
