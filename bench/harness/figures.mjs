// From repeats to figures: the median over the repeats, never the best of them.
import { median, round } from './measure/statistics.mjs';

/** @param {import('./types.ts').Cell} cell @returns {import('./types.ts').Figures | null} */
export function figuresOf(cell) {
  const { repeats } = cell;
  if (repeats.length === 0) return null;
  /** @param {(result: import('./types.ts').LoopResult) => number} pick @param {number} [digits] */
  const mid = (pick, digits = 1) => round(median(repeats.map(pick)), digits);
  const paced = repeats.filter((result) => 'cpu_us_per_frame' in result);
  const p50s = repeats.map((result) => result.p50_us);
  const p50 = median(p50s);
  const together = mid(({ placement }) => placement.together, 2);
  return {
    peer: cell.peer,
    pattern: cell.pattern,
    bytes: cell.bytes,
    pinning: cell.pinning,
    repeats: repeats.length,
    messages: repeats.reduce((sum, { messages }) => sum + messages, 0),
    p50_us: round(p50),
    p99_us: mid((result) => result.p99_us),
    messages_per_s: mid((result) => result.messages_per_s),
    faults_per_message: mid((result) => result.faults_per_message, 4),
    host_faults_per_message: mid((result) => result.host_faults_per_message, 4),
    worker_faults_per_message: mid((result) => result.worker_faults_per_message, 4),
    together,
    placement: placementOf(together),
    cpu_us_per_frame:
      paced.length === 0 ? null : round(median(paced.map((result) => result.cpu_us_per_frame))),
    cpu_split_us: paced.length === 0 ? null : splitOf(paced),
    spread: round((Math.max(...p50s) - Math.min(...p50s)) / p50, 2),
  };
}

/** @param {number} together */
function placementOf(together) {
  if (together >= 0.8) return 'one core';
  return together <= 0.2 ? 'two cores' : 'mixed';
}

/** @param {readonly import('./types.ts').PaceResult[]} results */
function splitOf(results) {
  const labels = Object.keys(results[0]?.cpu_split_us ?? {});
  return Object.fromEntries(
    labels.map((label) => [label, round(median(results.map((result) => result.cpu_split_us[label] ?? 0)))]),
  );
}

/** @param {readonly import('./types.ts').Figures[]} figures */
export function lookUp(figures) {
  /** @param {string} peer @param {import('./types.ts').Pattern} pattern @param {number} bytes @param {import('./types.ts').Pinning} [pinning] */
  return (peer, pattern, bytes, pinning = 'free') =>
    figures.find(
      (one) => one.peer === peer && one.pattern === pattern && one.bytes === bytes && one.pinning === pinning,
    ) ?? null;
}
