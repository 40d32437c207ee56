import type { NodeStats, NoOutput, RunOutcome, RuntimeStats } from '@streamlib/runtime';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import { formatDuration } from '../output/duration.js';
import { type Palette, paintState } from '../output/palette.js';
import { indented, oneLine } from '../output/printable.js';
import { type Column, table } from '../output/table.js';

/** What `streamlib run --json` prints as its only line. The fields named in docs/operating.md are fixed; others may be added. */
export function resultJson(
  stats: RuntimeStats,
  outcome: RunOutcome,
  seconds: number,
  missing: readonly NoOutput[] = [],
): Record<string, unknown> {
  return {
    outcome: outcome.reason,
    duration_secs: Math.round(seconds * 1000) / 1000,
    ...stats,
    latency_ms: stats.latency_ms ?? { count: 0, p50: null, p90: null, p95: null, p99: null, max: null },
    failures: outcome.failures,
    no_output: missing,
  };
}

/**
 * A run in which a node was lost for good has failed, also when the rest went on to its end. So has one in which nothing came out,
 * whoever ended it.
 */
export function exitCodeOf(outcome: RunOutcome, missing: readonly NoOutput[] = []): ExitCode {
  const failed =
    outcome.reason === 'failed' || outcome.failures.length > 0 || missing.some(({ failed }) => failed);
  return failed ? EXIT.failure : EXIT.ok;
}

export function summaryLines(
  stats: RuntimeStats,
  outcome: RunOutcome,
  seconds: number,
  palette: Palette,
  missing: readonly NoOutput[] = [],
): string[] {
  const latency =
    stats.latency_ms === null
      ? 'latency not measured'
      : `latency ${milliseconds(stats.latency_ms.p50)} (p50), ${milliseconds(stats.latency_ms.p99)} (p99)`;
  return [
    '',
    `${palette.bold(oneLine(stats.name))} ${outcome.reason} after ${formatDuration(seconds)}: ${stats.frames_in} frames in, ${stats.frames_out} out, ${droppedText(stats)}`,
    `${stats.fps.toFixed(1)} fps, ${latency}, ${stats.restarts} restarts, ${stats.errors} errors`,
    '',
    ...table(nodeColumns(palette), Object.entries(stats.nodes), palette),
    ...outcome.failures.map(
      ({ node, message }) => `${palette.red(`${oneLine(node)}:`)} ${indented(message)}`,
    ),
    ...missing.map(({ message, failed }) => (failed ? palette.red : palette.yellow)(indented(message))),
  ];
}

/** `12 dropped (latest 10, not_ready 2)`: a drop that nobody can explain is one that nobody trusts. */
export function droppedText(stats: Pick<RuntimeStats, 'dropped' | 'dropped_by'>): string {
  const reasons = Object.entries(stats.dropped_by)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`);
  return `${stats.dropped} dropped${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`;
}

type NodeRow = [id: string, node: NodeStats];

export function nodeColumns(palette: Palette): Column<NodeRow>[] {
  return [
    { title: 'NODE', cell: ([id]) => id },
    { title: 'TYPE', cell: ([, node]) => node.type },
    { title: 'STATE', cell: ([, node]) => node.state, paint: (text) => paintState(text, palette) },
    { title: 'IN', cell: ([, node]) => String(node.frames_in), align: 'right' },
    { title: 'OUT', cell: ([, node]) => String(node.frames_out), align: 'right' },
    { title: 'DROPPED', cell: ([, node]) => String(node.dropped), align: 'right' },
    { title: 'ERRORS', cell: ([, node]) => String(node.errors), align: 'right' },
    { title: 'RESTARTS', cell: ([, node]) => String(node.restarts), align: 'right' },
    {
      title: 'LATENCY',
      cell: ([, node]) => (node.latency_ms === null ? '-' : milliseconds(node.latency_ms.p50)),
      align: 'right',
    },
  ];
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}
