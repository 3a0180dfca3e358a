import { heartbeat } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';

/** Well below the heartbeat timeouts that the workflows give. */
const everyMs = 1_000;

/**
 * Heartbeats for as long as an activity runs, so that a killed process is noticed in seconds, not at the activity's
 * time limit.
 */
export const heartbeating: ActivityInboundCallsInterceptor = {
  async execute(input, next) {
    const timer = setInterval(() => {
      heartbeat();
    }, everyMs);
    try {
      return await next(input);
    } finally {
      clearInterval(timer);
    }
  },
};
