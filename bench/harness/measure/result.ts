import type { Sightings, Worker } from '../types.js';
import { minorFaults } from './processes.js';
import { quantile, round } from './statistics.js';

export interface Usage {
  hostFaults: number;
  workerFaults: number;
}

export function usage(worker: Worker | null): Usage {
  const workerFaults = worker === null ? 0 : minorFaults(worker.pid);
  return { hostFaults: process.resourceUsage().minorPageFault, workerFaults };
}

/** `latencies`: in milliseconds. */
export function resultOf(latencies: Float64Array, before: Usage, after: Usage, placement: Sightings) {
  const messages = latencies.length;
  const host = (after.hostFaults - before.hostFaults) / messages;
  const worker = (after.workerFaults - before.workerFaults) / messages;
  return {
    messages,
    p50_us: round(quantile(latencies, 0.5) * 1000),
    p99_us: round(quantile(latencies, 0.99) * 1000),
    faults_per_message: round(host + worker, 4),
    host_faults_per_message: round(host, 4),
    worker_faults_per_message: round(worker, 4),
    placement,
  };
}
