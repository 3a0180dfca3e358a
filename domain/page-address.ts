/**
 * A page's address as the team may see it: origin and path, and of the query only the parameters that the website
 * allows. What else is in it (tokens, e-mail addresses, the fragment, a name and password before the host) stays out.
 *
 * @param address an http or https address; plain ASCII in the answer.
 * @param allowed names of parameters.
 */
export function pageAddress(address: string, allowed: readonly string[] = []): string {
  const { origin, pathname, searchParams } = new URL(address);
  const kept = new URLSearchParams([...searchParams].filter(([name]) => allowed.includes(name))).toString();
  return origin + pathname + (kept && `?${kept}`);
}
