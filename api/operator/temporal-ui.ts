import { Agent } from 'node:http';
import { Router, type RequestHandler } from 'express';
import { parseCookie, stringifyCookie } from 'cookie';
import { createProxyServer } from 'httpxy';
import { HttpProblem } from '../http/problem.ts';
import { sameOriginOnly } from '../http/security.ts';
import type { OperatorSignIn } from '../pages/operator.ts';
import { temporalUiPath } from './queries.ts';

/** Largest body that is passed on, bytes: Temporal takes no larger input. */
const bodyBytes = 4 * 1024 * 1024;
/** How long Temporal UI may be silent, ms: it waits for new events of a history for up to a minute. */
const silenceMs = 90_000;

/**
 * What Temporal UI's pages may load: their own files alone. They have scripts and styles inline, and show Markdown in a
 * frame, from strangers at times; no picture of theirs is fetched from elsewhere.
 */
const policy = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "frame-ancestors 'self'",
  "object-src 'none'",
  "form-action 'self'",
].join('; ');

export interface TemporalUiOptions {
  /** Where this process reaches Temporal UI, which has `/temporal` as its public path; undefined: there is none. */
  uiUrl: string | undefined;
  /** Address of the pages that may change something. */
  publicUrl: string;
  /** Who may come in. */
  operator: Pick<OperatorSignIn, 'signedIn'>;
}

/**
 * Temporal UI, which knows no sign-in of its own, below `/temporal`: for signed-in operators, and what changes
 * something only from pages of this address. Of the browser's cookies it gets its own.
 */
export function temporalUiRoutes({ uiUrl, publicUrl, operator }: TemporalUiOptions): Router {
  const operatorsOnly: RequestHandler = async (request, response, next) => {
    if (await operator.signedIn(request)) next();
    else if (request.accepts(['json', 'html']) === 'html') response.redirect(303, '/operator');
    else throw new HttpProblem('unauthorized', 'Sign in at /operator in this browser, then reload the page.');
  };
  const router = Router();
  router.use(temporalUiPath, sameOriginOnly(publicUrl), operatorsOnly, limitBody, passOn(uiUrl));
  return router;
}

/** Node holds a body to the length that it announces. */
const limitBody: RequestHandler = ({ headers }, _response, next) => {
  if (headers['transfer-encoding'] !== undefined) {
    throw new HttpProblem('bad-request', 'Send the body with its Content-Length.', { status: 411 });
  }
  if (Number(headers['content-length'] ?? 0) > bodyBytes) throw new HttpProblem('too-large', 'This is too large.');
  next();
};

/** Where Temporal UI's pages ask for Markdown as a page of its own, which they show in a frame. */
const markdownPath = `${temporalUiPath}/render`;

/**
 * Where Temporal UI has it: some versions answer at their public path twice, and at the right place with a start page,
 * which has no policy.
 */
async function markdownOf(uiUrl: string): Promise<string> {
  const { headers, body } = await fetch(`${uiUrl}${markdownPath}?content=`, { signal: AbortSignal.timeout(silenceMs) });
  await body?.cancel();
  return headers.has('content-security-policy') ? markdownPath : `${temporalUiPath}${markdownPath}`;
}

/** Hands a request on to Temporal UI, and its answer back, as they come. */
function passOn(uiUrl: string | undefined): RequestHandler {
  if (uiUrl === undefined) {
    return () => {
      throw new HttpProblem('not-found', 'Temporal UI is not connected: set TEMPORAL_UI_URL to connect it.');
    };
  }
  const proxy = createProxyServer({
    target: uiUrl,
    agent: new Agent({ keepAlive: true }),
    changeOrigin: true,
    proxyTimeout: silenceMs,
    cookiePathRewrite: temporalUiPath,
  });
  proxy.on('proxyReq', (toUi, { headers }) => {
    const { _csrf } = parseCookie(headers.cookie ?? '', { decode: String });
    toUi.removeHeader('cookie');
    toUi.removeHeader('authorization');
    if (_csrf !== undefined) toUi.setHeader('cookie', stringifyCookie({ _csrf }, { encode: String }));
  });
  // Files that are named by their content: a page has two hundred of them.
  proxy.on('proxyRes', ({ statusCode }, { url = '' }, response) => {
    if (statusCode === 200 && url.startsWith(`${temporalUiPath}/_app/immutable/`)) {
      response.setHeader('Cache-Control', 'private, max-age=31536000, immutable');
    }
  });
  return async (request, response) => {
    const { url, originalUrl } = request;
    const isMarkdown = originalUrl.startsWith(`${markdownPath}?`);
    response.set('Content-Security-Policy', policy);
    if (originalUrl.startsWith(`${temporalUiPath}/api/`)) response.set('Cache-Control', 'no-store');
    try {
      request.url = isMarkdown ? originalUrl.replace(markdownPath, await markdownOf(uiUrl)) : originalUrl;
      await proxy.web(request, response);
    } catch (cause) {
      request.url = url;
      throw new HttpProblem('unavailable', 'Temporal UI does not answer.', { cause });
    }
  };
}
