import type { NodeStats } from '@streamlib/runtime';
import { formatDuration } from '../output/duration.js';
import { type Palette, paintState } from '../output/palette.js';
import { oneLine } from '../output/printable.js';
import { type Column, table } from '../output/table.js';
import type { Told } from './sources.js';

/** One look at a runtime, and when it was. */
export interface Look {
  readonly at: number;
  readonly told: Told;
}

export interface TopRow {
  readonly node: string;
  readonly state: string;
  readonly inRate: number;
  readonly outRate: number;
  readonly dropRate: number;
  readonly dropped: number;
  /** By port, and then by reason. */
  readonly droppedBy: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly waiting: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Of one processor, in percent; null: not told, or the first look. */
  readonly cpu: number | null;
  readonly memory: number | null;
  /** Slots of the runtime's memory that its process holds. */
  readonly leases: number | null;
  readonly restarts: number;
  readonly errors: number;
  readonly pid: number | null;
}

/** Rates are of the time between the two looks; of the whole run where there is only one. */
export function rows(now: Look, before: Look | null): TopRow[] {
  const { stats } = now.told;
  const uses = new Map(now.told.processes);
  const earlierUses = new Map(before?.told.processes ?? []);
  const seconds = before === null ? stats.uptime_secs : (now.at - before.at) / 1000;
  const rate = (count: number, earlier: number | undefined) =>
    seconds <= 0 ? 0 : Math.max(0, count - (earlier ?? 0)) / seconds;
  const row = (node: string, figures: NodeStats, earlier: NodeStats | undefined): TopRow => {
    const use = figures.pid === null ? undefined : uses.get(figures.pid);
    const used = figures.pid === null ? undefined : earlierUses.get(figures.pid);
    return {
      node,
      state: figures.state,
      inRate: rate(figures.frames_in, earlier?.frames_in),
      outRate: rate(figures.frames_out, earlier?.frames_out),
      dropRate: rate(figures.dropped, earlier?.dropped),
      dropped: figures.dropped,
      droppedBy: Object.fromEntries(
        [...Object.entries(figures.inputs), ...Object.entries(figures.outputs)]
          .filter(([, port]) => port.dropped > 0)
          .map(([name, port]) => [name, port.dropped_by]),
      ),
      waiting: Object.values(figures.inputs).reduce((sum, port) => sum + port.waiting, 0),
      p50: figures.latency_ms?.p50 ?? null,
      p95: figures.latency_ms?.p95 ?? null,
      p99: figures.latency_ms?.p99 ?? null,
      cpu:
        use === undefined || used === undefined ? null : (100 * (use.cpuSeconds - used.cpuSeconds)) / seconds,
      memory: use?.residentBytes ?? null,
      leases: figures.leases,
      restarts: figures.restarts,
      errors: figures.errors,
      pid: figures.pid,
    };
  };
  return Object.entries(stats.nodes).map(([node, figures]) =>
    row(node, figures, before?.told.stats.nodes[node]),
  );
}

const orDash = (value: number | null, show: (value: number) => string) =>
  value === null ? '-' : show(value);
const fixed = (digits: number) => (value: number) => value.toFixed(digits);
const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)}M`;

export function columns(palette: Palette): Column<TopRow>[] {
  const right = { align: 'right' as const };
  return [
    { title: 'NODE', cell: (row) => row.node },
    { title: 'STATE', cell: (row) => row.state, paint: (text) => paintState(text, palette) },
    { title: 'IN/s', cell: (row) => row.inRate.toFixed(1), ...right },
    { title: 'OUT/s', cell: (row) => row.outRate.toFixed(1), ...right },
    { title: 'DROP/s', cell: (row) => row.dropRate.toFixed(1), ...right },
    { title: 'QUEUE', cell: (row) => String(row.waiting), ...right },
    { title: 'P50', cell: (row) => orDash(row.p50, fixed(1)), ...right },
    { title: 'P95', cell: (row) => orDash(row.p95, fixed(1)), ...right },
    { title: 'P99 ms', cell: (row) => orDash(row.p99, fixed(1)), ...right },
    { title: 'LEASES', cell: (row) => orDash(row.leases, String), ...right },
    { title: 'CPU%', cell: (row) => orDash(row.cpu, fixed(0)), ...right },
    { title: 'MEM', cell: (row) => orDash(row.memory, megabytes), ...right },
    { title: 'RESTARTS', cell: (row) => String(row.restarts), ...right },
    { title: 'ERRORS', cell: (row) => String(row.errors), ...right },
    { title: 'PID', cell: (row) => orDash(row.pid, String), ...right },
  ];
}

export function runtimeLines(now: Look, before: Look | null, palette: Palette): string[] {
  const { stats, pid, leases, processes } = now.told;
  const own = new Map(processes).get(pid);
  const used = new Map(before?.told.processes ?? []).get(pid);
  const cpu =
    own === undefined || used === undefined || before === null
      ? ''
      : `, ${((100_000 * (own.cpuSeconds - used.cpuSeconds)) / (now.at - before.at)).toFixed(0)} % CPU`;
  const shown = rows(now, before);
  const memory = own === undefined ? '' : `, ${megabytes(own.residentBytes)}`;
  return [
    `${palette.bold(oneLine(stats.name))} ${palette.dim(oneLine(stats.runtime_id))}  ${paintState(oneLine(stats.state), palette)}, up ${formatDuration(stats.uptime_secs)}, process ${pid}${cpu}${memory}, ${leases} leases`,
    ...table(columns(palette), shown, palette),
    ...shown.flatMap(({ node, droppedBy }) =>
      Object.entries(droppedBy).map(([port, reasons]) =>
        oneLine(`dropped at ${node}.${port}: ${reasonsOf(reasons)}`),
      ),
    ),
  ];
}

function reasonsOf(reasons: Readonly<Record<string, number>>): string {
  return Object.entries(reasons)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
}
