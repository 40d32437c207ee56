// Figures other than the echo, in the order of the report. Each is a program of its own, which prints its figures as JSON.

import { join } from 'node:path';
import { tsx } from '../../scripts/lib/paths.js';
import { CommandFailed, run } from '../../scripts/lib/run.js';
import { bench, floorAddon } from '../harness/paths.js';
import type { Scenario, ScenarioFigure } from '../harness/types.js';
import { graphFigures, scaleFigures, startupFigures } from './reports.js';

const LIMIT_MS = 120_000;

export const SCENARIOS: readonly Scenario[] = [
  program('chain', 'Python stages one after another, 1080p, one in flight'),
  program('fan-out', 'One 1080p frame to several Python readers'),
  program('handshake', 'From allocation to ready, and what a second one costs'),
  program('startup', 'Start and restart of a processor, beside the import of numpy', {
    file: 'startup.ts',
    figures: (report) => startupFigures(JSON.parse(report)),
  }),
  program('scale', '1,000 live connections at one broker', {
    file: 'scale.ts',
    figures: (report) => scaleFigures(JSON.parse(report)),
  }),
  program('processors', '32 Python processors in one graph', {
    file: 'scale/graph.ts',
    figures: (report) => graphFigures(JSON.parse(report)),
  }),
];

/** A program that prints a figure a line; or one of its own, which prints one report, of which `figures` are shown. */
function program(
  name: string,
  title: string,
  own?: { file: string; figures: (report: string) => ScenarioFigure[] },
): Scenario {
  return {
    name,
    title,
    async run() {
      try {
        const lines: string[] = await run(
          'timeout',
          [
            ...['-k', '5', String(LIMIT_MS / 1000), process.execPath, ...tsx],
            ...(own === undefined
              ? [join(bench, 'scenarios', `${name}.ts`)]
              : [join(bench, own.file), '--json']),
          ],
          {
            env: { BENCH_FLOOR: floorAddon },
          },
        );
        const reports = lines.filter((line) => line.startsWith('{'));
        const figures = reports.flatMap(own?.figures ?? ((line): ScenarioFigure[] => [JSON.parse(line)]));
        return { figures, awaits: figures.length === 0 ? 'it printed no figures' : null };
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        return { figures: [], awaits: `${error.message}: ${error.lines.at(-1) ?? ''}`.slice(0, 300) };
      }
    },
  };
}
