import { createHash, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { invalid } from '../errors.ts';
import type { World } from '../world.ts';

/** Life of a next_page_token (developers.zoom.us/docs/api/pagination/). */
const lifeMs = 15 * 60_000;

const payload = z.object({ after: z.string(), until: z.number(), query: z.string() });

function secretOf(world: World): string {
  const known = world.store.setting('pagingSecret');
  if (typeof known === 'string') return known;
  const made = randomBytes(32).toString('hex');
  world.store.settings.put({ id: 'pagingSecret', value: made });
  return made;
}

const digest = (query: unknown): string =>
  createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 16);

/** Makes the token for the page after the row with key `after`; it only serves the same query, for 15 minutes. */
export function pageToken(world: World, query: unknown, after: string): string {
  const body = JSON.stringify({ after, until: world.clock.now() + lifeMs, query: digest(query) });
  const encoded = Buffer.from(body).toString('base64url');
  return `${encoded}.${createHmac('sha256', secretOf(world)).update(encoded).digest('base64url')}`;
}

/** Reads a token back to the key it was made for; '' and undefined mean the first page. Others answer 400/300. */
export function readPageToken(world: World, query: unknown, token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined;
  const bad = invalid('The next page token is either invalid or expired.');
  const [encoded = '', signature] = token.split('.');
  if (createHmac('sha256', secretOf(world)).update(encoded).digest('base64url') !== signature) throw bad;
  const content = payload.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
  if (content.until <= world.clock.now() || content.query !== digest(query)) throw bad;
  return content.after;
}

/** One page of rows, and the token of the next page or ''. */
export function page<T>(
  world: World,
  rows: T[],
  keyOf: (row: T) => string,
  query: unknown,
  input: { page_size: number; next_page_token?: string | undefined },
): { rows: T[]; next: string } {
  const after = readPageToken(world, query, input.next_page_token);
  const at = after === undefined ? -1 : rows.findIndex((row) => keyOf(row) === after);
  // The row that ended the last page may be gone by now; then the list ends here.
  if (after !== undefined && at < 0) return { rows: [], next: '' };
  const taken = rows.slice(at + 1, at + 1 + input.page_size);
  const last = taken.at(-1);
  const more = last !== undefined && at + 1 + taken.length < rows.length;
  return { rows: taken, next: more ? pageToken(world, query, keyOf(last)) : '' };
}
