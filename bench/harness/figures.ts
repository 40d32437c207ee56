// From repeats to figures: the median over the repeats, never the best of them.

import { median, round } from './measure/statistics.js';
import type { Cell, Figures, LoopResult, PaceResult, Pattern, Pinning } from './types.js';

export function figuresOf(cell: Cell): Figures | null {
  const { repeats } = cell;
  if (repeats.length === 0) return null;
  const mid = (pick: (result: LoopResult) => number, digits: number = 1) =>
    round(median(repeats.map(pick)), digits);
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

function placementOf(together: number) {
  if (together >= 0.8) return 'one core';
  return together <= 0.2 ? 'two cores' : 'mixed';
}

function splitOf(results: readonly PaceResult[]) {
  const labels = Object.keys(results[0]?.cpu_split_us ?? {});
  return Object.fromEntries(
    labels.map((label) => [label, round(median(results.map((result) => result.cpu_split_us[label] ?? 0)))]),
  );
}

export function lookUp(figures: readonly Figures[]) {
  return (peer: string, pattern: Pattern, bytes: number, pinning: Pinning = 'free') =>
    figures.find(
      (one) => one.peer === peer && one.pattern === pattern && one.bytes === bytes && one.pinning === pinning,
    ) ?? null;
}
