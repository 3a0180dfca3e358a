import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** How often a process looks at itself, ms: as often as Prometheus asks. */
const everyMs = 15_000;
/** Resolution of the event loop's delay, ms: what a timer is late by without any load. */
const resolutionMs = 20;

/**
 * Memory, CPU and event loop of this process, now and then.
 * @returns ends it.
 */
export function watchProcess(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let cpu = process.cpuUsage();
  let at = performance.now();

  const look = (): void => {
    const used = process.cpuUsage(cpu);
    const elapsedMs = performance.now() - at;
    cpu = process.cpuUsage();
    at = performance.now();
    const { rss, heapUsed } = process.memoryUsage();
    metrics.set('live_chat_process_resident_memory_bytes', rss);
    metrics.set('live_chat_process_heap_used_bytes', heapUsed);
    metrics.set('live_chat_process_cpu_ratio', (used.user + used.system) / 1_000 / Math.max(1, elapsedMs));
    // NaN until a first timer has fired.
    const lateNs = delay.count === 0 ? 0 : delay.percentile(99) - resolutionMs * 1e6;
    metrics.set('live_chat_process_event_loop_delay_seconds', Math.max(0, lateNs) / 1e9);
    delay.reset();
  };
  metrics.set('live_chat_process_start_time_seconds', performance.timeOrigin / 1_000);
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
