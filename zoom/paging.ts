import { ZoomError } from './errors.ts';

/** One page of a list; `nextPageToken` is undefined on the last. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string | undefined;
}

/** Most pages of one list. */
const mostPages = 200;

/**
 * All items of a paged list. Page tokens live 15 minutes. Source: developers.zoom.us/docs/api/pagination/
 *
 * @throws ZoomError `malformedAnswer` when a page token comes twice or there are too many pages: a list that is cut
 *   off in silence would make the caller create again what is already there.
 */
export async function allItems<Item>(
  operation: string,
  fetchPage: (pageToken: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const all: Item[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  for (let page = 1; page <= mostPages; page++) {
    const { items, nextPageToken } = await fetchPage(token);
    all.push(...items);
    if (nextPageToken === undefined) return all;
    if (seen.has(nextPageToken)) throw pagingError(operation, 'the list of pages goes in a circle');
    seen.add(nextPageToken);
    token = nextPageToken;
  }
  throw pagingError(operation, `the list has more than ${mostPages} pages`);
}

function pagingError(operation: string, detail: string): ZoomError {
  return new ZoomError({ kind: 'malformedAnswer', operation, ambiguous: false, detail });
}
