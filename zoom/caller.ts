import type { z } from 'zod';
import type { ZoomRequest, ZoomTransport } from './http.ts';

/** A REST call with the host and the token left out. */
export type RestCall = Pick<ZoomRequest, 'operation' | 'method' | 'query' | 'json'> & {
  /** Path below the API's base, encoded. */
  readonly path: string;
};

/** Makes REST calls with one token against one base address. */
export interface RestCaller {
  (call: RestCall): Promise<undefined>;
  <Answer>(call: RestCall, answer: z.ZodType<Answer>): Promise<Answer>;
}

/** Binds a transport to a base address and a bearer token. */
export function createRestCaller(transport: ZoomTransport, baseUrl: string, accessToken: string): RestCaller {
  const base = baseUrl.replace(/\/+$/, '');
  const request = ({ path, ...call }: RestCall): ZoomRequest => ({
    ...call,
    api: 'rest',
    url: base + path,
    authorization: `Bearer ${accessToken}`,
  });
  return <Answer>(call: RestCall, answer?: z.ZodType<Answer>): Promise<Answer | undefined> =>
    answer ? transport(request(call), answer) : transport(request(call));
}
