import { minorFaults } from './processes.mjs';
import { quantile, round } from './statistics.mjs';

/**
 * @typedef {{ hostFaults: number, workerFaults: number }} Usage
 * @param {import('../types.ts').Worker | null} worker
 * @returns {Usage}
 */
export function usage(worker) {
  const workerFaults = worker === null ? 0 : minorFaults(worker.pid);
  return { hostFaults: process.resourceUsage().minorPageFault, workerFaults };
}

/**
 * @param {Float64Array} latencies in milliseconds
 * @param {Usage} before
 * @param {Usage} after
 * @param {import('../types.ts').Sightings} placement
 */
export function resultOf(latencies, before, after, placement) {
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
