// The goal, line by line: what was aimed at, what was measured, whether it was met.

import { lookUp } from './figures.js';
import { round } from './measure/statistics.js';
import { PACED_BYTES } from './options.js';
import type { Figures, GoalLine } from './types.js';

const RATIO = 1.5;
const ALLOWANCE_US = 10;
const TAIL = 4;
const CPU_RATIO = 1.3;
/** From here on a frame's size decides, and whoever copies nothing must be ahead. */
const LARGE = 6_220_800;
/** Less than one in a thousand messages: what the kernel does to a process that does nothing at all. */
const NO_FAULTS = 0.001;

export function goalOf(figures: readonly Figures[], sizes: readonly number[]): GoalLine[] {
  const find = lookUp(figures);
  const lines: GoalLine[] = [];
  for (const bytes of sizes) {
    const product = find('product', 'one', bytes);
    const floor = find('floor', 'one', bytes);
    if (product === null || floor === null) continue;
    const limit = round(RATIO * floor.p50_us + ALLOWANCE_US);
    lines.push(line(`p50 at ${bytes} B`, product.p50_us, limit, 'µs', `1.5 × floor (${floor.p50_us}) + 10`));
    lines.push(line(`p99 at ${bytes} B`, product.p99_us, round(TAIL * product.p50_us), 'µs', '4 × p50'));
    lines.push(
      line(`page faults a message at ${bytes} B`, product.faults_per_message, NO_FAULTS, '', 'none'),
    );
    const iceoryx2 = find('iceoryx2', 'one', bytes);
    if (iceoryx2 !== null && bytes >= LARGE) {
      lines.push(line(`p50 at ${bytes} B`, product.p50_us, iceoryx2.p50_us, 'µs', 'ahead of iceoryx2'));
    }
  }
  const ratio = cpuRatio(figures);
  if (ratio !== null)
    lines.push(line('CPU a frame, 1080p at 60 fps', ratio, CPU_RATIO, '× floor', '1.3 × floor'));
  return lines;
}

export function cpuRatio(figures: readonly Figures[]) {
  const find = lookUp(figures);
  const product = find('product', 'paced', PACED_BYTES)?.cpu_us_per_frame ?? null;
  const floor = find('floor', 'paced', PACED_BYTES)?.cpu_us_per_frame ?? null;
  return product === null || floor === null ? null : round(product / floor, 2);
}

const line = (what: string, value: number, limit: number, unit: string, goal: string) => ({
  what,
  value,
  limit,
  unit,
  goal,
  met: value <= limit,
});
