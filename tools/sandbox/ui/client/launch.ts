/*
 * Links that open a conversation do not say who opens them. Each tab remembers its person; a new tab takes the person
 * that this browser acted as last.
 */

const key = 'sandbox.person';

/** Notes as whom this tab, and so this browser, acts. */
export function rememberPerson(userId: string): void {
  try {
    sessionStorage.setItem(key, userId);
    localStorage.setItem(key, userId);
  } catch {
    // Without storage a link asks who you are each time.
  }
}

function lastPerson(): string | null {
  try {
    return sessionStorage.getItem(key) ?? localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** The conversation behind a link's base64 of `{"sid": "<channel JID>"}`, or null. */
function conversationOf(target: string): string | null {
  try {
    const content = JSON.parse(atob(decodeURIComponent(target).replaceAll('-', '+').replaceAll('_', '/'))) as unknown;
    if (typeof content !== 'object' || content === null || !('sid' in content)) return null;
    const id = /^([0-9a-f]{32})@/.exec(String(content.sid))?.[1];
    return id === undefined ? null : `c:${id}`;
  } catch {
    return null;
  }
}

/** Where in the page a launch address leads for this person. */
export function launchTarget(url: URL, userId: string): string {
  const target = /^\/launch\/chat\/v2\/(.+)$/.exec(url.pathname)?.[1];
  const conversation = target === undefined ? `b:${userId}` : conversationOf(target);
  return conversation === null ? `/u/${userId}` : `/u/${userId}/${conversation}`;
}

/** Where a launch address leads: into Team Chat, or to the choice of a person when nobody is known. */
export function resolveLaunch(url: URL): string {
  const person = url.searchParams.get('as') ?? lastPerson();
  if (person !== null) return launchTarget(url, person);
  return `/?next=${encodeURIComponent(`${url.pathname}${url.search}`)}`;
}
