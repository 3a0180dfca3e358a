import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** What came back from an endpoint: an HTTP status, or one of Zoom's negative numbers for connection faults. */
export interface Outcome {
  status: number;
  body: string;
}

// Connections are kept for a while, so that what is measured is the receiver's time and not that of connecting.
const httpAgent = new HttpAgent({ keepAlive: true });
const httpsAgent = new HttpsAgent({ keepAlive: true });
const longestAnswer = 64 * 1024;

const faultNumbers: Record<string, number> = { ECONNREFUSED: -2, ENOTFOUND: -13, EAI_AGAIN: -13 };

/**
 * Posts a JSON body as Zoom does: no redirects followed, and the whole answer within the time limit
 * (developers.zoom.us/docs/api/webhooks/: 3 seconds).
 */
export function sendJson(
  url: string,
  body: string,
  headers: Record<string, string>,
  limitMs: number,
  signal: AbortSignal,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const secure = url.startsWith('https:');
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: secure ? httpsAgent : httpAgent,
      signal,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    const timer = setTimeout(() => {
      resolve({ status: -1, body: 'The endpoint did not answer in time.' });
      request.destroy();
    }, limitMs);
    const fail = (error: Error & { code?: string }): void => {
      clearTimeout(timer);
      // A kept connection that the receiver has closed meanwhile, as when it restarts, is no fault: try on a new one.
      if (request.reusedSocket && error.code === 'ECONNRESET') {
        resolve(sendJson(url, body, headers, limitMs, signal));
        return;
      }
      resolve({ status: faultNumbers[error.code ?? ''] ?? -3, body: error.message });
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on('data', (part: Buffer) => {
        length += part.length;
        if (length <= longestAnswer) parts.push(part);
      });
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? -3, body: Buffer.concat(parts).toString('utf8') });
      });
    });
    request.end(body);
  });
}
