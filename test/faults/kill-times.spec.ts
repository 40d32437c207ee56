import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { World } from '../harness/world.js';

// `npm run faults` asks for enough of them for a p99, and judges that; here it is that they are measured at all.
const kills = Number(process.env.STREAMLIB_KILLS ?? 4);
const { STREAMLIB_KILL_REPORT: report } = process.env;

let world: World;
beforeEach(async () => {
  world = await World.open('kill-times');
});
afterEach(() => world.close());

const rounded = (ms: number) => Math.round(ms * 10) / 10;
function summary(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

interface Measured {
  readonly noticed: readonly number[];
  readonly back: readonly number[];
  readonly fresh: readonly number[];
  readonly loads: readonly number[];
}

it(
  `a killed client is noticed, and frames flow again: ${kills} times`,
  async () => {
    const program = world.program('test/harness/kills-program.ts', [String(kills)]);
    const code = await program.exited;
    expect(code, program.report()).toBe(0);
    const { noticed, back, fresh, loads } = JSON.parse(program.lines.at(-1) ?? '') as Measured;
    expect(noticed.length).toBe(kills);
    const figures = {
      kills,
      fresh_starts: fresh.length,
      noticed_ms: summary(noticed),
      back_ms: summary(back),
      fresh_start_ms: summary(fresh),
      load_average: loads.map((load) => Math.round(load * 100) / 100),
      cores: cpus().length,
    };
    if (report !== undefined) writeFileSync(report, JSON.stringify(figures));
    // A process that is gone is noticed by an event; a timeout of some seconds would be the sign that it was missed.
    expect(figures.noticed_ms.max).toBeLessThan(1_000);
  },
  30_000 + kills * 10_000,
);
