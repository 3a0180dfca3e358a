import { ZoomError } from './errors.ts';

/** One page of a list; `nextPageToken` is undefined on the last. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string | undefined;
}

/**
 * All items of a paged list, page by page, as they are asked for. Page tokens live 15 minutes, so do not pause in between.
 * Source: developers.zoom.us/docs/api/pagination/
 *
 * @throws ZoomError `malformedAnswer` when a page token comes twice or there are more than `maxPages` pages: a list that is cut
 *   off in silence would make the caller create again what is already there.
 */
export async function* eachItem<Item>(
  operation: string,
  maxPages: number,
  fetchPage: (pageToken: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  const seen = new Set<string>();
  let token: string | undefined;
  for (let page = 1; page <= maxPages; page++) {
    const { items, nextPageToken } = await fetchPage(token);
    yield* items;
    if (nextPageToken === undefined) return;
    if (seen.has(nextPageToken)) throw pagingError(operation, 'the list of pages goes in a circle');
    seen.add(nextPageToken);
    token = nextPageToken;
  }
  throw pagingError(operation, `the list has more than ${maxPages} pages`);
}

/** Everything that an async iterable gives. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function pagingError(operation: string, detail: string): ZoomError {
  return new ZoomError({ kind: 'malformedAnswer', operation, retryable: false, ambiguous: false, detail });
}
