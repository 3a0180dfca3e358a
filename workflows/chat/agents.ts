import type { Agent } from '../../domain/transcript.ts';

/** Somebody who pressed Join Chat, or whom an operator or a colleague named, and is not in yet. */
export interface JoinRequest {
  user: Agent;
  /** The chat is given to them: by an operator, so that all others are removed, or by one agent, who leaves. */
  replaces?: 'others' | { id: string };
  /** A colleague named them by an e-mail address: the team is told if that fails. */
  isNamed?: true;
}

/** Somebody who is being let in, and what was said of that. */
export interface PendingJoin extends JoinRequest {
  /** Since when, ms. */
  since: number;
  /** It takes a while: the card says so. */
  isSlow?: true;
  /** It takes long: they have been told. */
  isTold?: true;
}

/** Somebody whom an operator has taken off the chat. */
export interface RemovedAgent extends Agent {
  /** Why they are still a member of the chat channel, if they are. */
  still?: string;
}

export interface AgentsState {
  joined: Agent[];
  /** Everybody who was ever in, in the order in which they came. */
  answered: Agent[];
  requests: PendingJoin[];
  /** Agents who want to leave. */
  leaving: Agent[];
  removed: RemovedAgent[];
  /** By user id when somebody who was in has left, ms, Zoom's clock: what they did before is over. */
  leftAt: Record<string, number>;
}

/** A slow join is shown, and a very slow one told, after so long, ms. */
const slowAfterMs = 2_000;
const toldAfterMs = 30_000;
/** Most who are remembered as having answered. */
const mostAnswered = 30;

/** Who answers: the agents who are in, those who want in, and those who were taken off. */
export class Agents {
  constructor(
    readonly state: AgentsState = {
      joined: [],
      answered: [],
      requests: [],
      leaving: [],
      removed: [],
      leftAt: {},
    },
  ) {}

  get joined(): readonly Agent[] {
    return this.state.joined;
  }

  /** Nobody is in. */
  get isEmpty(): boolean {
    return this.state.joined.length === 0;
  }

  /** Everybody who was ever in. */
  get answered(): readonly Agent[] {
    return this.state.answered;
  }

  get nextRequest(): PendingJoin | undefined {
    return this.state.requests[0];
  }

  get nextToLeave(): Agent | undefined {
    return this.state.leaving[0];
  }

  /** Names of those of whom the card says that they are joining. */
  get joiningSlowly(): string[] {
    return this.state.requests.flatMap(({ user, isSlow }) => (isSlow ? [user.name] : []));
  }

  has(userId: string): boolean {
    return this.state.joined.some(({ id }) => id === userId);
  }

  isRequested(userId: string): boolean {
    return this.state.requests.some(({ user }) => user.id === userId);
  }

  /** Somebody who is in already gets a fresh invitation: they may have left the channel in Zoom. */
  request(request: JoinRequest, now: number): void {
    if (!this.isRequested(request.user.id)) this.state.requests.push({ ...request, since: now });
  }

  /** When the next join is to be shown as slow, or its agent to be told, ms. */
  get slowJoinAt(): number | undefined {
    const times = this.state.requests.flatMap(({ since, isSlow, isTold }) => {
      if (!isSlow) return [since + slowAfterMs];
      return isTold ? [] : [since + toldAfterMs];
    });
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Joins have become slow. @returns who is to be told by a direct message. */
  markSlow(now: number): Agent[] {
    const told: Agent[] = [];
    for (const request of this.state.requests) {
      if (now >= request.since + slowAfterMs) request.isSlow = true;
      if (now >= request.since + toldAfterMs && !request.isTold) {
        request.isTold = true;
        told.push(request.user);
      }
    }
    return told;
  }

  /** They want to leave. */
  wantsToLeave(agent: Agent): void {
    if (!this.state.leaving.some(({ id }) => id === agent.id)) this.state.leaving.push(agent);
  }

  /** The request is settled, one way or the other. */
  settle(userId: string): void {
    this.state.requests = this.state.requests.filter(({ user }) => user.id !== userId);
  }

  dropRequests(): void {
    this.state.requests = [];
  }

  /** @returns false for somebody who was in already, e.g. because they wrote before the join was through. */
  add(agent: Agent): boolean {
    if (this.has(agent.id)) return false;
    this.state.joined.push(agent);
    const others = this.state.answered.filter(({ id }) => id !== agent.id);
    this.state.answered = [...others, agent].slice(-mostAnswered);
    this.state.removed = this.state.removed.filter(({ id }) => id !== agent.id);
    return true;
  }

  /**
   * A member of the account has written without having joined: they are in, unless this was before they left.
   * @returns whether they are in.
   */
  spoke(agent: Agent, at: number): boolean {
    const wasTakenOff = this.state.removed.some(({ id }) => id === agent.id);
    if (!wasTakenOff && !this.leftAfter(agent.id, at)) this.add(agent);
    return this.has(agent.id);
  }

  /** They do not want to leave any more either. @returns the agent, if they were in. */
  leave(userId: string, at: number): Agent | undefined {
    const agent = this.state.joined.find(({ id }) => id === userId);
    this.state.joined = this.state.joined.filter(({ id }) => id !== userId);
    this.state.leaving = this.state.leaving.filter(({ id }) => id !== userId);
    if (agent) this.state.leftAt[userId] = Math.max(at, this.state.leftAt[userId] ?? 0);
    return agent;
  }

  leftAfter(userId: string, at: number): boolean {
    return (this.state.leftAt[userId] ?? -Infinity) > at;
  }

  takenOff(agent: RemovedAgent): void {
    this.state.removed = [...this.state.removed.filter(({ id }) => id !== agent.id), agent];
  }

  /** The chat has lost its channel, and with it everybody who was in. */
  channelLost(): void {
    this.state.joined = [];
    this.state.leaving = [];
  }
}
