/** Longest path that is remembered over a sign-in, so that the cookie that holds it stays small. */
const longest = 200;

/**
 * The path to go on to after a sign-in, or undefined unless it is one of this site: anything that a browser could read
 * as another host (`//host`, `/\host`, a scheme, control characters) would make the sign-in an open redirect.
 */
export function localPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > longest) return undefined;
  if (!/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(value)) return undefined;
  const base = 'http://local.invalid';
  if (!URL.canParse(value, base)) return undefined;
  const { origin, pathname, search } = new URL(value, base);
  return origin === base && !pathname.startsWith('//') ? pathname + search : undefined;
}
