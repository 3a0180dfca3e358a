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
}

/** Who answers: the agents who are in, those who want in, and those who were taken off. */
export class Agents {
  constructor(readonly state: AgentsState = { joined: [], requests: [], removed: [] }) {}

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

  /** @returns the agent, if they were in. */
  leave(userId: string): Agent | undefined {
    const agent = this.state.joined.find(({ id }) => id === userId);
    this.state.joined = this.state.joined.filter(({ id }) => id !== userId);
    return agent;
  }

  takenOff(agent: RemovedAgent): void {
    this.state.removed = [...this.state.removed.filter(({ id }) => id !== agent.id), agent];
  }

  /** A late word of somebody who was taken off keeps their name. Empty for people who are not known. */
  nameOf(userId: string): string {
    return [...this.state.joined, ...this.state.removed].find(({ id }) => id === userId)?.name ?? '';
  }

  /** The chat has lost its channel, and with it everybody who was in. */
  channelLost(): void {
    this.state.joined = [];
  }
}
