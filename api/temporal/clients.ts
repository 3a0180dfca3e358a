import type { Client } from '@temporalio/client';
import type { Metrics } from '../../telemetry/index.ts';
import { TemporalUnavailableError } from './call.ts';
import { createChatsClient, type ChatsClient } from './chats.ts';
import { createConnectionChecksClient, type ConnectionChecksClient } from './connection-checks.ts';
import { createGrantsClient, type GrantsClient } from './grants.ts';
import { createInstallsClient, type InstallsClient } from './installs.ts';
import { createRouteChangesClient, type RouteChangesClient } from './route-changes.ts';
import { createSystemClient, type SystemClient } from './system.ts';

/** Everything the api says to Temporal: one client for each durable process. */
export interface TemporalClients {
  chats: ChatsClient;
  installs: InstallsClient;
  grants: GrantsClient;
  connectionChecks: ConnectionChecksClient;
  routeChanges: RouteChangesClient;
  system: SystemClient;
}

/**
 * The clients, each call counted and timed. Workflows are started by their types' names: no workflow code is loaded.
 */
export function createTemporalClients(client: Client, metrics: Metrics): TemporalClients {
  return {
    chats: measured('chats', createChatsClient(client), metrics),
    installs: measured('installs', createInstallsClient(client), metrics),
    grants: measured('grants', createGrantsClient(client), metrics),
    connectionChecks: measured('connectionChecks', createConnectionChecksClient(client), metrics),
    routeChanges: measured('routeChanges', createRouteChangesClient(client), metrics),
    system: measured('system', createSystemClient(client), metrics),
  };
}

type Call = (...args: never[]) => Promise<unknown>;

/** The same functions, each call counted and timed as `<name>.<function>`. */
export function measured<T extends Record<keyof T, Call>>(name: string, client: T, metrics: Metrics): T {
  const wrapped = Object.entries<Call>(client).map(([key, run]): [string, Call] => {
    const call = `${name}.${key}`;
    for (const outcome of ['ok', 'unavailable', 'error']) metrics.expect('live_chat_temporal_calls', { call, outcome });
    const measure: Call = async (...args) => {
      const began = performance.now();
      let outcome = 'error';
      try {
        const answer = await run(...args);
        outcome = 'ok';
        return answer;
      } catch (error) {
        if (error instanceof TemporalUnavailableError) outcome = 'unavailable';
        throw error;
      } finally {
        metrics.count('live_chat_temporal_calls', { call, outcome });
        metrics.observe('live_chat_temporal_call_seconds', (performance.now() - began) / 1_000, { call });
      }
    };
    return [key, measure];
  });
  return Object.fromEntries(wrapped) as T;
}
