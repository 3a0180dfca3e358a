import type { Agent } from '../../domain/transcript.ts';

/** Somebody who pressed Join Chat, or whom an operator named, and is not in yet. */
export interface JoinRequest {
  user: Agent;
  /** An operator gives the chat to them alone: the others are removed from the channel. */
  replacesOthers?: boolean;
}

/** Somebody whom an operator has taken off the chat. */
export interface RemovedAgent extends Agent {
  /** Why they are still a member of the chat channel, if they are. */
  still?: string;
}

export interface AgentsState {
  joined: Agent[];
  requests: JoinRequest[];
  removed: RemovedAgent[];
  /** By user id when somebody who was in has left, ms, Zoom's clock: what they did before is over. */
  leftAt: Record<string, number>;
}

/** Who answers: the agents who are in, those who want in, and those who were taken off. */
export class Agents {
  constructor(readonly state: AgentsState = { joined: [], requests: [], removed: [], leftAt: {} }) {}

  get joined(): readonly Agent[] {
    return this.state.joined;
  }

  get nextRequest(): JoinRequest | undefined {
    return this.state.requests[0];
  }

  has(userId: string): boolean {
    return this.state.joined.some(({ id }) => id === userId);
  }

  isRequested(userId: string): boolean {
    return this.state.requests.some(({ user }) => user.id === userId);
  }

  /** Somebody who is in already gets a fresh invitation: they may have left the channel in Zoom. */
  request(request: JoinRequest): void {
    if (!this.isRequested(request.user.id)) this.state.requests.push(request);
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
    this.state.removed = this.state.removed.filter(({ id }) => id !== agent.id);
    return true;
  }

  /** A member of the account has written without having joined: they are in, unless this was before they left. */
  spoke(agent: Agent, at: number): void {
    const wasTakenOff = this.state.removed.some(({ id }) => id === agent.id);
    if (!wasTakenOff && !this.leftAfter(agent.id, at)) this.add(agent);
  }

  /** @returns the agent, if they were in. */
  leave(userId: string, at: number): Agent | undefined {
    const agent = this.state.joined.find(({ id }) => id === userId);
    this.state.joined = this.state.joined.filter(({ id }) => id !== userId);
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
  }
}
