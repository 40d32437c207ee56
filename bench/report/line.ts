// The one line of `--json`.

import { lookUp } from '../harness/figures.js';
import { cpuRatio } from '../harness/goal.js';
import { round } from '../harness/measure/statistics.js';
import type { Report } from '../harness/types.js';

export function lineOf(report: Report, sizes: readonly number[]) {
  const find = lookUp(report.figures);
  const bySize = Object.fromEntries(
    sizes.map((bytes) => {
      const [product, floor, iceoryx2, touches] = ['product', 'floor', 'iceoryx2', 'touches'].map((peer) =>
        find(peer, 'one', bytes),
      );
      return [
        bytes,
        {
          product_p50_us: product?.p50_us ?? null,
          product_p99_us: product?.p99_us ?? null,
          floor_p50_us: floor?.p50_us ?? null,
          floor_p99_us: floor?.p99_us ?? null,
          iceoryx2_p50_us: iceoryx2?.p50_us ?? null,
          touches_p50_us: touches?.p50_us ?? null,
          ratio_to_floor: product == null || floor == null ? null : round(product.p50_us / floor.p50_us, 2),
          faults_per_message: product?.faults_per_message ?? null,
          product_placement: product?.placement ?? null,
          floor_placement: floor?.placement ?? null,
        },
      ];
    }),
  );
  const faults = Object.values(bySize).flatMap(({ faults_per_message: count }) =>
    count === null ? [] : [count],
  );
  return JSON.stringify({
    sizes: bySize,
    faults_per_message: faults.length === 0 ? null : Math.max(...faults),
    cpu_ratio_paced: cpuRatio(report.figures),
    goal_met: report.goal.length > 0 && report.goal.every(({ met }) => met),
    goal_missed: report.goal
      .filter(({ met }) => !met)
      .map(({ what, value, limit }) => ({ what, value, limit })),
    scenarios: report.scenarios.flatMap(({ name, figures }) =>
      figures.map((figure) => ({ scenario: name, ...figure })),
    ),
    skipped: report.skipped,
    errors: report.errors,
    machine: report.machine,
    quick: report.quick,
    seconds: report.seconds,
  });
}
