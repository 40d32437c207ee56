// Figures other than the echo, in the order of the report. Each is a program of its own, which prints its figures as JSON.
import { join } from 'node:path';
import { CommandFailed, run } from '../../scripts/lib/run.mjs';
import { bench, floorAddon } from '../harness/paths.mjs';

const LIMIT_MS = 120_000;

/** @type {readonly import('../harness/types.ts').Scenario[]} */
export const SCENARIOS = [
  program('chain', 'Python stages one after another, 1080p, one in flight'),
  program('fan-out', 'One 1080p frame to several Python readers'),
  program('handshake', 'From allocation to ready, and what a second one costs'),
];

/** @param {string} name @param {string} title @returns {import('../harness/types.ts').Scenario} */
function program(name, title) {
  return {
    name,
    title,
    async run() {
      try {
        /** @type {string[]} */
        const lines = await run(
          'timeout',
          ['-k', '5', String(LIMIT_MS / 1000), process.execPath, join(bench, 'scenarios', `${name}.mjs`)],
          {
            env: { BENCH_FLOOR: floorAddon },
          },
        );
        const figures = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
        return { figures, awaits: figures.length === 0 ? 'it printed no figures' : null };
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        return { figures: [], awaits: `${error.message}: ${error.lines.at(-1) ?? ''}`.slice(0, 300) };
      }
    },
  };
}
