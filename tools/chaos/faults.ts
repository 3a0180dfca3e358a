import { worldFaultKinds, type FaultKind, type WorldFaultKind } from './options.ts';
import type { Direction } from './proxy.ts';
import type { Random } from './random.ts';
import { refusedWord } from './words.ts';

/** One fault, as it is planned. */
export type Fault =
  /** The sandbox spoils the next few calls or webhooks that fit. */
  | { do: 'rules'; fault: FaultKind; rules: object[] }
  | { do: 'cut'; fault: 'cut'; share: number }
  | { do: 'freeze'; fault: 'half-open'; share: number; direction: Direction }
  | { do: 'slow'; fault: 'slow-network'; ms: number; forMs: number }
  | { do: 'expireTokens'; fault: 'expired-tokens' }
  | { do: 'regrant'; fault: 'regrant' }
  | { do: 'reroute'; fault: 'reroute' }
  | { do: 'loseRefresh'; fault: 'lost-refresh' }
  /** Something changes in Zoom, and is repaired after a while. The first of a kind has variant 0. */
  | { do: 'change'; fault: WorldFaultKind; variant: number; repairAfterMs: number };

/** Each fault comes so often, s; those that a person has to repair more rarely. */
const everySeconds = 10;
const lossEverySeconds = 60;
const changeEverySeconds = 150;

/** How many faults of a kind a run of this length has: at least one. */
export function timesIn(seconds: number, kind: FaultKind): number {
  const every = isChange(kind) ? changeEverySeconds : kind === 'lost-refresh' ? lossEverySeconds : everySeconds;
  return Math.max(1, Math.round(seconds / every));
}

/** What the report calls a fault: its kind, with what makes a difference to the visitor. */
export function nameOf(fault: Fault): string {
  if (fault.do !== 'freeze') return fault.fault;
  const side = { in: 'cannot send', out: 'cannot receive', both: 'neither way' }[fault.direction];
  return `half-open, ${side}`;
}

const posts = { method: 'POST', path: '/v2/im/chat/messages' };
/** What the app calls. Posts are drawn most often: there a repeat would show. */
const calls = [
  posts,
  posts,
  posts,
  { method: 'PUT', path: '/v2/im/chat/messages/*' },
  { method: 'GET', path: '/v2/chat/users/*/messages' },
  { method: 'POST', path: '/v2/chat/users/*/channels' },
  { method: 'GET', path: '/v2/users/*' },
];
/**
 * Zoom does nothing later than the promise allows for, see docs/promise.md; `late-effect` is for that. Two delays can
 * fall on one call.
 */
const longestDelayMs = 1_500;
/** What agents wrote: the bot's own posts come back as webhooks too, and of those nothing would show. */
const messageEvents = { endpoint: 'events', body: '*"message":"a-*' };

/** What Zoom answers to a post that it refuses to show, however it is posted, for the whole run. */
export const refusedContentRules: readonly object[] = [
  { method: 'POST', path: '/v2/im/chat/messages', status: 400, code: 7001 },
  { method: 'PUT', path: '/v2/im/chat/messages/*', status: 400, code: 7001 },
  { method: 'POST', path: '/v2/chat/users/*/messages', status: 400, code: 300 },
].map(({ method, path, status, code }) => ({
  kind: 'status',
  status,
  code,
  message: 'The content is not allowed.',
  match: { method, path, body: `*${refusedWord}*` },
}));

const halfOpenDirections: readonly Direction[] = ['out', 'in', 'both'];

/**
 * One fault of a kind. All of the sandbox's rules are for the next few calls that fit. The first of a kind is one that
 * comes true in any run: it is about what happens all the time.
 */
export function planFault(kind: FaultKind, random: Random, nth: number): Fault {
  const times = random.int(1, 3);
  const drawn = random.pick(calls);
  const match = nth === 0 ? posts : drawn;
  const oftenElse = (chance: number): boolean => random.chance(chance) || nth === 0;
  const rules = (...list: object[]): Fault => ({ do: 'rules', fault: kind, rules: list });
  if (isChange(kind)) {
    // Of the inbound channel it matters only when somebody begins a chat meanwhile.
    const repairAfterMs = isAboutNewChats(kind) ? random.int(4_000, 9_000) : random.int(1_500, 6_000);
    return { do: 'change', fault: kind, variant: nth, repairAfterMs };
  }
  switch (kind) {
    case 'cut':
      return { do: 'cut', fault: kind, share: random.pick([0.3, 0.6, 1]) };
    case 'half-open':
      return {
        do: 'freeze',
        fault: kind,
        share: random.pick([0.2, 0.4]),
        direction: halfOpenDirections[nth % halfOpenDirections.length] ?? 'both',
      };
    case 'slow-network':
      return { do: 'slow', fault: kind, ms: random.int(50, 800), forMs: random.int(1_000, 4_000) };
    case 'rate-limited':
      return rules({
        kind: 'status',
        status: 429,
        message: 'You have reached the maximum per-second rate limit for this API. Try again later.',
        headers: oftenElse(0.7) ? { 'Retry-After': String(random.int(1, 2)) } : {},
        match: random.chance(0.5) ? { path: '/v2/*' } : match,
        times,
      });
    case 'error-before':
      return rules({
        kind: 'status',
        status: random.pick([500, 502, 503]),
        match: random.pick([match, { path: '/*' }]),
        times,
      });
    case 'error-after':
      return rules({ kind: 'status', status: random.pick([500, 502, 504]), when: 'after', match, times });
    case 'reset-after':
      return rules({ kind: 'reset', match, times });
    case 'hang-after':
      return rules({ kind: 'hang', match, times: 1 });
    case 'slow-zoom':
      return rules({ kind: 'delay', delay_ms: random.int(300, longestDelayMs), match: { path: '/v2/*' }, times });
    case 'duplicate-webhook':
      return rules({
        kind: 'webhook',
        effect: 'duplicate',
        copies: random.int(2, 3),
        same_request_id: random.chance(0.5),
        match: oftenElse(0.7) ? messageEvents : {},
        times,
      });
    case 'late-webhook':
      return rules({
        kind: 'webhook',
        effect: 'delay',
        delay_ms: random.int(1_500, 4_000),
        match: messageEvents,
        times,
      });
    case 'reordered-webhook':
      return rules({
        kind: 'webhook',
        effect: 'reorder',
        delay_ms: random.int(1_500, 4_000),
        match: messageEvents,
        times,
      });
    case 'lost-webhook':
      return rules({ kind: 'webhook', effect: 'drop', match: messageEvents, times: 1 });
    case 'late-effect':
      return rules({ kind: 'delay', delay_ms: random.int(13_000, 15_000), match: posts, times: 1 });
    case 'expired-tokens':
      return { do: 'expireTokens', fault: kind };
    case 'regrant':
      return { do: 'regrant', fault: kind };
    case 'lost-refresh':
      return { do: 'loseRefresh', fault: kind };
    case 'reroute':
      return { do: 'reroute', fault: kind };
  }
}

/** Whether a fault is about chats that begin: it comes while they do. */
export function isAboutNewChats(kind: FaultKind): boolean {
  return kind.startsWith('inbound-');
}

function isChange(kind: FaultKind): kind is WorldFaultKind {
  return (worldFaultKinds as readonly FaultKind[]).includes(kind);
}
