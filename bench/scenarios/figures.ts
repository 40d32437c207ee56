import { median, quantile, round } from '../harness/measure/statistics.js';
import type { ScenarioFigure } from '../harness/types.js';

export const tell = (figure: ScenarioFigure) => process.stdout.write(`${JSON.stringify(figure)}\n`);

/** p50 and p99 of times in milliseconds. */
export function tellTimes(name: string, times: readonly number[]) {
  tell({
    name,
    value: round(median(times) * 1000),
    unit: 'µs',
    note: `p50; p99 ${round(quantile(times, 0.99) * 1000)} µs`,
  });
}
