import type { Metrics } from '../telemetry/index.ts';
import { TemporalUnavailableError, type TemporalGateway } from './temporal-gateway.ts';

type Call = (...args: never[]) => Promise<unknown>;

/** The same gateway, each call counted and timed. */
export function measuredGateway(gateway: TemporalGateway, metrics: Metrics): TemporalGateway {
  const measured = Object.entries<Call>(gateway).map(([call, run]) => {
    for (const outcome of ['ok', 'unavailable', 'error'] as const) {
      metrics.expect('live_chat_temporal_calls', { call, outcome });
    }
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
    return [call, measure] as const;
  });
  return Object.fromEntries(measured) as unknown as TemporalGateway;
}
