import { visitorEmailLength } from './limits.ts';

/** As the server has it: it would refuse another address, and the whole `hello` with it. */
const emailPattern = /^(?!\.|.*\.\.)[\w'+.-]*[\w+-]@([a-z\d][a-z\d-]*\.)+[a-z]{2,}$/i;

/** Whether the server takes this for an e-mail address. */
export function isEmail(text: string): boolean {
  return text.length <= visitorEmailLength && emailPattern.test(text);
}
