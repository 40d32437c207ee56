// The figures in docs/performance.md. Nobody writes them by hand: a full run puts them between two marks.

import { lookUp } from '../harness/figures.js';
import { round } from '../harness/measure/statistics.js';
import { PACED_BYTES } from '../harness/options.js';
import type { Report } from '../harness/types.js';

const BEGIN = '<!-- figures: written by `npm run bench`, not by hand -->';
const END = '<!-- end of figures -->';

/** `page`: the whole document. */
export function withFigures(page: string, report: Report, sizes: readonly number[]) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin)
    throw new Error(`docs/performance.md has lost its marks "${BEGIN}" and "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figuresIn(report, sizes)}\n\n${page.slice(end)}`;
}

function figuresIn(report: Report, sizes: readonly number[]) {
  const { machine } = report;
  const find = lookUp(report.figures);
  const peers = Object.entries(report.titles);
  const echo = (pattern: 'one' | 'four') =>
    rows(
      ['', ...sizes.map((bytes) => `${bytes} B`)],
      peers.map(([peer, title]) => [
        title,
        ...sizes.map((bytes) => {
          const one = find(peer, pattern, bytes);
          const floor = find('floor', pattern, bytes);
          if (one === null) return '';
          return floor === null || peer === 'floor'
            ? `${one.p50_us} / ${one.p99_us}`
            : `${one.p50_us} / ${one.p99_us} (${round(one.p50_us / floor.p50_us, 2)})`;
        }),
      ]),
    );
  const cpu = rows(
    ['', 'CPU a frame', 'of it'],
    peers.map(([peer, title]) => {
      const one = find(peer, 'paced', PACED_BYTES);
      if (one?.cpu_us_per_frame == null) return [title, ''];
      const split = Object.entries(one.cpu_split_us ?? {}).map(([label, us]) => `${label} ${us}`);
      return [title, `${one.cpu_us_per_frame} µs`, split.join(', ')];
    }),
  );
  const goal = rows(
    ['', 'measured', 'limit', '', ''],
    report.goal.map(({ what, value, limit, unit, goal: aim, met }) => [
      what,
      `${value} ${unit}`.trim(),
      `${limit}`,
      aim,
      met ? 'met' : '**missed**',
    ]),
  );
  const others = rows(
    ['', '', '', ''],
    report.scenarios.flatMap(({ title, figures }) =>
      figures.map(({ name, value, unit, note }) => [title, name, `${value} ${unit}`, note ?? '']),
    ),
  );
  return [
    `Measured ${report.when.slice(0, 10)} on ${machine.cpus} CPUs ${machine.model}, Linux ${machine.kernel}, Node ${machine.node}, Python ${machine.python}; load before the run ${machine.load_before}.`,
    '![Round trip by frame size](images/bench-round-trip.svg)',
    section('Round trip in µs, one frame in flight: p50 / p99 (× floor)', echo('one')),
    section('Round trip in µs, four frames in flight: p50 / p99 (× floor)', echo('four')),
    '![CPU time a frame](images/bench-cpu.svg)',
    section('CPU time of all processes, 1080p at 60 frames a second', cpu),
    section('The goal', goal),
    section('Other figures', others),
    ...Object.entries(report.skipped).map(([name, reason]) => `Left out: ${name} (${reason}).`),
    ...report.errors.map(
      ({ peer, pattern, bytes, error }) => `Failed: ${peer}, ${pattern}, ${bytes} B: ${error}.`,
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const section = (title: string, body: string) => (body === '' ? '' : `${title}:\n\n${body}`);

/** Rows without any figure are left out. */
function rows(head: readonly string[], body: readonly (readonly string[])[]) {
  const full = body.filter(([, ...cells]) => cells.some((cell) => cell !== ''));
  if (full.length === 0) return '';
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...full.map(line)].join('\n');
}
