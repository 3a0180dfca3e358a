import { availableParallelism, cpus, loadavg, totalmem, type } from 'node:os';

/** Under which conditions a run's figures hold. */
export interface Conditions {
  at: string;
  system: string;
  processor: string;
  cores: number;
  memoryMB: number;
  node: string;
  /** Mean number of busy or waiting threads over the last 5 minutes: above the cores, figures are not comparable. */
  load: number;
  seconds: number;
}

export function conditionsNow({ seconds }: { seconds: number }): Conditions {
  return {
    at: new Date().toISOString(),
    system: type(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMB: Math.round(totalmem() / 1_000_000),
    node: process.version,
    load: loadavg()[1] ?? NaN,
    seconds,
  };
}

export function describeConditions(conditions: Conditions): string {
  const { at, system, processor, cores, memoryMB, node, load, seconds } = conditions;
  return `${at} · ${system}, ${cores} cores (${processor}), ${memoryMB} MB · Node ${node} · load ${load.toFixed(1)} (5 min) · --seconds ${seconds}`;
}
