// Figures other than the echo, in the order of the report. Each is a program of its own, which prints its figures as JSON.
import { join } from 'node:path';
import { CommandFailed, run } from '../../scripts/lib/run.ts';
import { bench, floorAddon } from '../harness/paths.mjs';
import { graphFigures, scaleFigures, startupFigures } from './reports.mjs';

const LIMIT_MS = 120_000;

/** @type {readonly import('../harness/types.ts').Scenario[]} */
export const SCENARIOS = [
  program('chain', 'Python stages one after another, 1080p, one in flight'),
  program('fan-out', 'One 1080p frame to several Python readers'),
  program('handshake', 'From allocation to ready, and what a second one costs'),
  program('startup', 'Start and restart of a processor, beside the import of numpy', {
    file: 'startup.mjs',
    figures: startupFigures,
  }),
  program('scale', '1,000 live connections at one broker', { file: 'scale.mjs', figures: scaleFigures }),
  program('processors', '32 Python processors in one graph', {
    file: 'scale/graph.mjs',
    figures: graphFigures,
  }),
];

/**
 * A program that prints a figure a line; or one of its own, which prints one report, of which `figures` are shown.
 * @param {string} name @param {string} title
 * @param {{ file: string, figures: (report: any) => import('../harness/types.ts').ScenarioFigure[] }} [own]
 * @returns {import('../harness/types.ts').Scenario}
 */
function program(name, title, own) {
  return {
    name,
    title,
    async run() {
      try {
        /** @type {string[]} */
        const lines = await run(
          'timeout',
          [
            ...['-k', '5', String(LIMIT_MS / 1000), process.execPath],
            ...(own === undefined
              ? [join(bench, 'scenarios', `${name}.mjs`)]
              : [join(bench, own.file), '--json']),
          ],
          {
            env: { BENCH_FLOOR: floorAddon },
          },
        );
        const reports = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
        const figures = own === undefined ? reports : reports.flatMap(own.figures);
        return { figures, awaits: figures.length === 0 ? 'it printed no figures' : null };
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        return { figures: [], awaits: `${error.message}: ${error.lines.at(-1) ?? ''}`.slice(0, 300) };
      }
    },
  };
}
