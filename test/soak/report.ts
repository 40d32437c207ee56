// A long run as a page: a table, and a small picture of memory and latency. Pure.

import type { Measure, Sample, Verdict } from './judge.js';

export interface Report extends Verdict {
  readonly began: string;
  readonly minutes: number;
  readonly seed: number;
  readonly chaos_every_s: number;
  readonly machine: { readonly cores: number; readonly load_average: readonly number[] };
  readonly frames: number;
  readonly wrong: number;
  readonly dropped: number;
  readonly events: Readonly<Record<string, number>>;
  readonly failed_events: readonly string[];
}

const WIDTH = 760;
const HEIGHT = 150;
const LEFT = 56;

const UNITS: Readonly<Record<string, string>> = { mb: 'MB', fds: 'descriptors', ms: 'ms' };
const label = (name: string) => {
  if (name === 'frame_fds') return 'shared frames of the runtime, descriptors';
  const at = name.lastIndexOf('_');
  return `${name.slice(0, at)}, ${UNITS[name.slice(at + 1)] ?? ''}`;
};
const shown = (value: number | null) => (value === null ? '–' : String(Math.round(value * 100) / 100));

/** One panel: lines over time, from zero. */
function panel(
  samples: readonly Sample[],
  names: readonly Measure[],
  colours: readonly string[],
  top: number,
): string {
  const values = samples.flatMap((sample) => names.map((name) => sample[name] ?? 0));
  const most = Math.max(1, ...values) * 1.1;
  const end = samples.at(-1)?.at_s || 1;
  const x = (at: number) => (LEFT + (at / end) * (WIDTH - LEFT - 10)).toFixed(1);
  const y = (value: number) => (top + HEIGHT - (value / most) * (HEIGHT - 20)).toFixed(1);
  const line = (name: Measure, colour = '') => {
    const points = samples.flatMap((sample) => {
      const value = sample[name];
      return value === null ? [] : [`${x(sample.at_s ?? 0)},${y(value)}`];
    });
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.2" points="${points.join(' ')}"/>`;
  };
  return [
    `<path d="M${LEFT} ${top + 10}V${top + HEIGHT}H${WIDTH - 10}" fill="none" stroke="#888"/>`,
    ...[0.5, 1].map(
      (share) =>
        `<text x="${LEFT - 6}" y="${y((most / 1.1) * share)}" text-anchor="end">${((most / 1.1) * share).toFixed(1)}</text>`,
    ),
    ...names.map((name, index) => line(name, colours[index])),
    ...names.map(
      (name, index) =>
        `<text x="${LEFT + 10 + index * 150}" y="${top + 8}" fill="${colours[index]}">${label(name)}</text>`,
    ),
  ].join('\n');
}

export function svg(samples: readonly Sample[]): string {
  const gap = HEIGHT + 24;
  const end = samples.at(-1)?.at_s ?? 0;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${gap * 3 + 16}" font-family="sans-serif" font-size="11" fill="#666">`,
    '<title>Memory, descriptors and latency over the run</title>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    panel(samples, ['runtime_mb', 'client_mb', 'broker_mb'], ['#1f5fa8', '#b3541e', '#3b7d3a'], 8),
    panel(
      samples,
      ['runtime_fds', 'client_fds', 'broker_fds', 'frame_fds'],
      ['#1f5fa8', '#b3541e', '#3b7d3a', '#7a4fa3'],
      8 + gap,
    ),
    panel(samples, ['p50_ms'], ['#1f5fa8'], 8 + 2 * gap),
    `<text x="${WIDTH - 10}" y="${gap * 3 + 6}" text-anchor="end">${shown(end / 60)} minutes</text>`,
    '</svg>',
    '',
  ].join('\n');
}

export function markdown(report: Report, picture: string | null): string {
  const { events, failed_events: failed } = report;
  const long = report.series.memory_mb !== undefined;
  const rows = Object.entries(report.series).map(([name, { early, late, limit, ok }]) => {
    const change = early ? `${(((late ?? 0) / early - 1) * 100).toFixed(1)} %` : '–';
    return `| ${label(name)} | ${shown(early)} | ${shown(late)} | ${change} | ${shown(limit)} | ${ok ? '✓' : '✗'} |`;
  });
  return [
    '# Soak',
    '',
    '<!-- Written by `npm run soak -- --markdown docs/soak.md`; the words are in test/soak/report.ts. -->',
    '',
    `A run of ${report.minutes} minutes that began ${report.began.slice(0, 16).replace('T', ' ')} UTC on ${report.machine.cores} cores (load average ${report.machine.load_average.join(' at its begin, ')} at its end). Frames of 640 × 480`,
    'went at 60 a second from a camera through Python into a sink, while what stands in the second table happened at random. Memory is what is resident, with the shared frames that a process has mapped.',
    '',
    `${report.flat ? 'It stayed flat.' : '**It did not stay flat.**'} ${report.frames} frames arrived, ${report.wrong} of them wrong; the nodes that were there at its end counted ${report.dropped} as dropped.`,
    '',
    `| | ${long ? 'after the first minute' : 'begin'} | last third | change | at most | |`,
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    'Each figure is the median of a part of the run, without the times in which there was a branch. Where a run is longer than five minutes, all memory together must lie within 5 % of what it was after the',
    'first minute, up or down.',
    '',
    ...(picture === null ? [] : [`![memory, descriptors and latency over the run](${picture})`, '']),
    '| happened | times |',
    '|---|---|',
    ...Object.entries(events).map(([name, times]) => `| ${name} | ${times} |`),
    '',
    failed.length === 0 ? 'None of these failed.' : `Failed: ${failed.join('; ')}`,
    '',
    `\`npm run soak -- --minutes ${report.minutes} --chaos-every-s ${report.chaos_every_s} --seed ${report.seed}\` does the like again.`,
    '',
  ].join('\n');
}
