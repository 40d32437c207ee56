// The plots that docs/ shows: plain SVG, readable on light and on dark pages, nothing drawn that was not measured.

import { lookUp } from '../harness/figures.js';
import { PACED_BYTES } from '../harness/options.js';
import type { Report } from '../harness/types.js';

const WIDTH = 760;
const COLOURS = {
  touches: '#8a8a8a',
  floor: '#555f6b',
  product: '#d6336c',
  iceoryx2: '#1c7ed6',
  zeromq: '#e8890c',
  grpc: '#7048c8',
  dora: '#2f9e44',
};
const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .small { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .paper { fill: #ffffff }
</style>`;

const colour = (peer: string) => (COLOURS as Record<string, string>)[peer] ?? '#000000';

function sizeName(bytes: number) {
  const names = {
    1024: '1 KiB',
    65536: '64 KiB',
    921600: 'VGA',
    6220800: '1080p',
    33177600: '4K',
  } as Record<number, string>;
  return names[bytes] ?? `${bytes} B`;
}

const timeName = (us: number) => (us >= 1000 ? `${us / 1000} ms` : `${us} µs`);

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const source = (report: Report) =>
  `${report.when.slice(0, 10)}, ${report.machine.cpus} CPUs ${report.machine.model}, Node ${report.machine.node}, Python ${report.machine.python}`;

/** p50 of the round trip by frame size, one in flight; both axes logarithmic. */
export function roundTripPlot(report: Report, sizes: readonly number[]) {
  const find = lookUp(report.figures);
  const series = Object.entries(report.titles)
    .map(([peer, title]) => ({
      peer,
      title,
      points: sizes.map((bytes) => find(peer, 'one', bytes)?.p50_us ?? null),
    }))
    .filter(({ points }) => points.some((point) => point !== null));
  const values = series.flatMap(({ points }) => points.filter((point) => point !== null));
  const low = 10 ** Math.floor(Math.log10(Math.min(...values, 10)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values, 100)));
  const box = { left: 70, top: 48, width: 430, height: 340 };
  const x = (index: number) => box.left + 20 + (index * (box.width - 40)) / Math.max(1, sizes.length - 1);
  const y = (us: number) =>
    box.top + box.height - (Math.log10(us / low) / Math.log10(high / low)) * box.height;
  const parts = [];
  for (let us = low; us <= high; us *= 10) {
    parts.push(
      `<line class="grid" x1="${box.left}" x2="${box.left + box.width}" y1="${y(us)}" y2="${y(us)}"/>`,
    );
    parts.push(`<text x="${box.left - 8}" y="${y(us) + 4}" text-anchor="end">${timeName(us)}</text>`);
  }
  for (const [index, bytes] of sizes.entries()) {
    parts.push(
      `<text x="${x(index)}" y="${box.top + box.height + 20}" text-anchor="middle">${sizeName(bytes)}</text>`,
    );
  }
  const ends = labelPlaces(series.map(({ points }) => y(points.findLast((point) => point !== null) ?? low)));
  for (const [index, { peer, title, points }] of series.entries()) {
    const placed = points.flatMap((us, at) => (us === null ? [] : [{ at: x(at), us }]));
    const width = peer === 'product' ? 3 : 1.8;
    const dash = peer === 'touches' ? ' stroke-dasharray="4 4"' : '';
    const path = placed.map(({ at, us }) => `${at.toFixed(1)},${y(us).toFixed(1)}`).join(' ');
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${colour(peer)}" stroke-width="${width}"${dash}/>`,
    );
    for (const { at, us } of placed) {
      parts.push(
        `<circle cx="${at.toFixed(1)}" cy="${y(us).toFixed(1)}" r="3.2" fill="${colour(peer)}"><title>${escaped(title)}: ${us} µs</title></circle>`,
      );
    }
    parts.push(
      `<text x="${box.left + box.width + 8}" y="${(ends[index] ?? 0) + 4}" style="fill:${colour(peer)}">${escaped(shortened(title))}</text>`,
    );
  }
  return page(450, 'Echo of a frame, round trip (p50, one in flight; both axes logarithmic)', parts, report);
}

/** CPU time a frame of every process involved. */
export function cpuPlot(report: Report) {
  const find = lookUp(report.figures);
  const rows = Object.entries(report.titles).flatMap(([peer, title]) => {
    const us = find(peer, 'paced', PACED_BYTES)?.cpu_us_per_frame;
    return us == null ? [] : [{ peer, title, us }];
  });
  const left = 250;
  const most = Math.max(...rows.map(({ us }) => us), 1);
  const parts = rows.flatMap(({ peer, title, us }, index) => {
    const top = 48 + index * 30;
    const width = Math.max(2, (us / most) * (WIDTH - left - 90));
    return [
      `<text x="${left - 10}" y="${top + 15}" text-anchor="end">${escaped(shortened(title))}</text>`,
      `<rect x="${left}" y="${top}" width="${width.toFixed(1)}" height="21" rx="2" fill="${colour(peer)}"/>`,
      `<text x="${left + width + 8}" y="${top + 15}">${us} µs</text>`,
    ];
  });
  return page(48 + rows.length * 30 + 40, 'CPU time a frame, all processes: 1080p at 60 fps', parts, report);
}

/** Labels at the ends of the lines, moved apart where they would overlap. */
function labelPlaces(wanted: readonly number[]) {
  const gap = 17;
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const places = [...wanted];
  let last = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    last = Math.max(wanted[index] ?? 0, last + gap);
    places[index] = last;
  }
  return places;
}

const shortened = (title: string) => (title.split(/[:,]/)[0] ?? title).trim();

function page(height: number, title: string, parts: readonly string[], report: Report) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
${STYLE}
<rect class="paper" width="${WIDTH}" height="${height}"/>
<text class="title" x="16" y="26">${escaped(title)}</text>
${parts.join('\n')}
<text class="small" x="16" y="${height - 10}">${escaped(source(report))}</text>
</svg>
`;
}
