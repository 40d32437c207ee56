// The report as text.

import { lookUp } from '../harness/figures.js';
import { round } from '../harness/measure/statistics.js';
import { PACED_BYTES } from '../harness/options.js';
import type { Report } from '../harness/types.js';

export function textOf(report: Report, sizes: readonly number[]) {
  const { machine } = report;
  const parts = [
    `${machine.cpus} CPUs ${machine.model}, Linux ${machine.kernel}, Node ${machine.node}, Python ${machine.python}; load before: ${machine.load_before}`,
    echo(report, sizes, 'one', 'One frame in flight: round trip in µs, p50 / p99 (× floor)'),
    echo(report, sizes, 'four', 'Four frames in flight: round trip in µs, p50 / p99 (× floor)'),
    paced(report),
    placement(report, sizes),
    scenarios(report),
    goal(report),
    ...Object.entries(report.skipped).map(([name, reason]) => `skipped: ${name}: ${reason}`),
    ...report.errors.map(
      ({ peer, pattern, bytes, error }) => `failed: ${peer}, ${pattern}, ${bytes} B: ${error}`,
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function echo(report: Report, sizes: readonly number[], pattern: 'one' | 'four', title: string) {
  const find = lookUp(report.figures);
  const rows = [];
  for (const [peer, name] of Object.entries(report.titles)) {
    const cells = sizes.map((bytes) => {
      const one = find(peer, pattern, bytes);
      const floor = find('floor', pattern, bytes);
      if (one === null) return '';
      const ratio = floor === null || peer === 'floor' ? '' : ` (${round(one.p50_us / floor.p50_us, 2)})`;
      return `${one.p50_us} / ${one.p99_us}${ratio}`;
    });
    if (cells.some((cell) => cell !== '')) rows.push([name, ...cells]);
  }
  return table(title, ['', ...sizes.map((bytes) => `${bytes} B`)], rows);
}

function paced(report: Report) {
  const find = lookUp(report.figures);
  const floor = find('floor', 'paced', PACED_BYTES)?.cpu_us_per_frame ?? null;
  const rows = Object.entries(report.titles).flatMap(([peer, name]) => {
    const one = find(peer, 'paced', PACED_BYTES);
    if (one?.cpu_us_per_frame == null) return [];
    const split = Object.entries(one.cpu_split_us ?? {}).map(([label, us]) => `${label} ${us}`);
    const ratio = floor === null ? '' : String(round(one.cpu_us_per_frame / floor, 2));
    return [[name, String(one.cpu_us_per_frame), ratio, split.join(' + '), `${one.p50_us} / ${one.p99_us}`]];
  });
  return table(
    '1080p at 60 fps: CPU time a frame in µs, all processes',
    ['', 'CPU', '× floor', 'of it', 'p50 / p99'],
    rows,
  );
}

function placement(report: Report, sizes: readonly number[]) {
  const find = lookUp(report.figures);
  const rows = [];
  for (const [peer, name] of Object.entries(report.titles)) {
    for (const pinning of ['free', 'together', 'apart'] as const) {
      const cells = sizes.map((bytes) => {
        const one = find(peer, 'one', bytes, pinning);
        if (one === null) return '';
        return pinning === 'free'
          ? `${one.placement} (${Math.round(one.together * 100)} %)`
          : `${one.p50_us} / ${one.p99_us}`;
      });
      if (peer !== 'touches' && cells.some((cell) => cell !== '')) rows.push([name, pinning, ...cells]);
    }
  }
  return table(
    'Placement, one in flight: where the kernel put host and worker (free), and p50 / p99 in µs when bound to one core (together) or two (apart)',
    ['', '', ...sizes.map((bytes) => `${bytes} B`)],
    rows,
  );
}

function scenarios(report: Report) {
  const rows = report.scenarios.flatMap(({ title, figures, awaits }) => [
    ...figures.map(({ name, value, unit, note }) => [title, name, `${value} ${unit}`, note ?? '']),
    ...(awaits === null ? [] : [[title, 'not measured', '', awaits]]),
  ]);
  return table('Other figures', ['', '', '', ''], rows);
}

function goal(report: Report) {
  const rows = report.goal.map(({ what, value, limit, unit, goal: aim, met }) => [
    met ? 'met' : 'MISSED',
    what,
    `${value} ${unit}`.trim(),
    `≤ ${limit}`,
    aim,
  ]);
  return table('The goal', ['', '', 'measured', 'limit', ''], rows);
}

export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]) {
  if (rows.length === 0) return '';
  const widths = head.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = [head, ...rows].map((row) =>
    widths
      .map((width, column) => (row[column] ?? '').padEnd(width))
      .join('  ')
      .trimEnd(),
  );
  return [title, ...lines.filter((line) => line !== '').map((line) => `  ${line}`)].join('\n');
}
