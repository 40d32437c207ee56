// What the report shows of the programs that are also run by themselves.
import type { ScenarioFigure } from '../harness/types.js';

type Figure = ScenarioFigure;

/** A time, and how many imports of numpy that is. */
export interface Timed {
  readonly median_ms: number;
  readonly of_numpy: number;
}

export interface StartupReport {
  readonly import_numpy_ms: number;
  readonly runs: number;
  readonly added: Timed;
  readonly cold: Timed;
  readonly first: Timed;
  readonly restart_cold: Timed;
  readonly restart: Timed;
  readonly handshake: Timed;
}

/** What the broker is like with so many connections. */
export interface Stage {
  readonly connections: number;
  readonly memory_mib: number;
  readonly get_status_ms: number;
  readonly list_connections_ms: number;
  readonly list_processors_ms: number;
  readonly broker_ms_each?: number;
  readonly handshakes_per_s?: number;
}

export interface ScaleReport {
  readonly connections: number;
  readonly handshakes_per_s: number;
  readonly handshake_alone_p50_ms: number;
  readonly handshake_p50_ms: number;
  readonly broker_ms_per_handshake: number;
  readonly kib_per_connection: number;
  readonly get_status: string;
  readonly list_connections: string;
  readonly list_processors: string;
  readonly stages: readonly Stage[];
}

export interface GraphReport {
  readonly processors: number;
  readonly running: number;
  readonly first_output_ms: number;
  readonly all_flowing_ms: number;
  readonly each_ms: number;
  readonly fps_slowest: number;
  readonly fps_fastest: number;
  readonly restarts: number;
  readonly memory_mib_each: number;
  readonly host_memory_mib: number;
  readonly stop_ms: number;
}

/** `report`: of startup.ts. */
export function startupFigures(report: StartupReport): Figure[] {
  const row = (name: string, part: Timed) => ({
    name,
    value: part.median_ms,
    unit: 'ms',
    note: `${part.of_numpy} × the import`,
  });
  return [
    {
      name: 'python -c "import numpy"',
      value: report.import_numpy_ms,
      unit: 'ms',
      note: `median of ${report.runs}`,
    },
    row('`add` to a graph that runs, to its first output', report.added),
    row('start of a graph, to its first output', report.first),
    row('start of a graph, to its first output, without a spare process', report.cold),
    row('kill -9 to back in flow', report.restart),
    row('kill -9 to back in flow, without a spare process', report.restart_cold),
  ];
}

/** `report`: of scale.ts. */
export function scaleFigures(report: ScaleReport): Figure[] {
  const last = report.stages.at(-1);
  if (last === undefined) return [];
  return [
    {
      name: 'handshake, nothing else under way',
      value: report.handshake_alone_p50_ms,
      unit: 'ms',
      note: 'p50, without an interpreter',
    },
    {
      name: 'handshakes, four at a time',
      value: report.handshakes_per_s,
      unit: '/s',
      note: `p50 ${report.handshake_p50_ms} ms`,
    },
    {
      name: "of it the broker's processor time",
      value: report.broker_ms_per_handshake,
      unit: 'ms',
      note: 'each',
    },
    {
      name: "the broker's memory a connection",
      value: report.kib_per_connection,
      unit: 'KiB',
      note: `at ${last.connections}: ${last.memory_mib} MiB in all`,
    },
    { name: 'GetStatus', value: last.get_status_ms, unit: 'ms', note: report.get_status },
    { name: 'ListConnections', value: last.list_connections_ms, unit: 'ms', note: report.list_connections },
    { name: 'ListProcessors', value: last.list_processors_ms, unit: 'ms', note: report.list_processors },
  ];
}

/** `report`: of scale/graph.ts. */
export function graphFigures(report: GraphReport): Figure[] {
  return [
    {
      name: `until all ${report.processors} send frames`,
      value: report.all_flowing_ms,
      unit: 'ms',
      note: `the first after ${report.first_output_ms} ms`,
    },
    {
      name: 'frames a second of the slowest',
      value: report.fps_slowest,
      unit: 'fps',
      note: `of 50 sent; the fastest ${report.fps_fastest}`,
    },
    {
      name: 'memory of a processor',
      value: report.memory_mib_each,
      unit: 'MiB',
      note: 'what it shares counted in part',
    },
    { name: 'until all are stopped', value: report.stop_ms, unit: 'ms' },
  ];
}
