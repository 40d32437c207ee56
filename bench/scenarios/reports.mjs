// What the report shows of the programs that are also run by themselves.
/** @typedef {import('../harness/types.ts').ScenarioFigure} Figure */

/** @param {any} report of startup.mjs @returns {Figure[]} */
export function startupFigures(report) {
  /** @param {string} name @param {{ median_ms: number, of_numpy: number }} part */
  const row = (name, part) => ({
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

/** @param {any} report of scale.mjs @returns {Figure[]} */
export function scaleFigures(report) {
  const last = report.stages.at(-1);
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

/** @param {any} report of scale/graph.mjs @returns {Figure[]} */
export function graphFigures(report) {
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
