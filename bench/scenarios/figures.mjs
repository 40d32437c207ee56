import { median, quantile, round } from '../harness/measure/statistics.mjs';

/** @param {import('../harness/types.ts').ScenarioFigure} figure */
export const tell = (figure) => process.stdout.write(`${JSON.stringify(figure)}\n`);

/** p50 and p99 of times in milliseconds. @param {string} name @param {readonly number[]} times */
export function tellTimes(name, times) {
  tell({
    name,
    value: round(median(times) * 1000),
    unit: 'µs',
    note: `p50; p99 ${round(quantile(times, 0.99) * 1000)} µs`,
  });
}
