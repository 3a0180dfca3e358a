/** What is refused in production only: what a laptop may do, and the internet punishes. */

const loopbackNames = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const leastCharacters = 16;
/** Parts of the passwords that are tried first. */
const wellKnown = new RegExp(
  [
    'pass(word|wort)|secret|admin|operator|change-?me|welcome|letmein|live-?chat',
    'qwert[yz](uiop)?|asdf(ghjkl)?|abcdef(gh)?|0?123456(7890?)?',
  ].join('|'),
  'gi',
);

/**
 * What is wrong with the address of the app; undefined: nothing. Without https cookies and what visitors write are for
 * everybody on the way to read.
 */
export function faultOfPublicUrl(publicUrl: string): string | undefined {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:' || loopbackNames.test(hostname)) return undefined;
  return 'must be an https URL in production';
}

/** What is wrong with a password that guards everything; undefined: nothing. */
export function faultOfPassword(password: string): string | undefined {
  if (password.length < leastCharacters) return `must have at least ${leastCharacters} characters in production`;
  const unknown = password.replace(wellKnown, '');
  if (unknown.length < leastCharacters / 2 || new Set(unknown).size < leastCharacters / 2) {
    return 'is one of those that are guessed first: make one by openssl rand -base64 18';
  }
  return undefined;
}
