import { describe, expect, it } from 'vitest';
import { figuresOf } from '../harness/figures.js';
import { cell, report, result } from '../testing/samples.js';
import { lineOf } from './line.js';
import { withFigures } from './markdown.js';
import { cpuPlot, roundTripPlot } from './plot.js';
import { textOf } from './table.js';

const sizes = [1024, 6_220_800];
const figure = (peer: string, bytes: number, us: number) =>
  figuresOf(
    cell(peer, { bytes, repeats: [result({ p50_us: us, p99_us: 2 * us, faults_per_message: us / 1000 })] }),
  );
const measured = report({
  figures: [
    figure('floor', 1024, 10),
    figure('product', 1024, 25),
    figure('floor', 6_220_800, 50),
    figure('product', 6_220_800, 60),
  ].filter((one) => one !== null),
  skipped: { dora: 'there is no wheel for this system' },
});

describe('the JSON line', () => {
  it('is one line and holds the figures by size', () => {
    const text = lineOf(measured, sizes);
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toMatchObject({
      sizes: {
        1024: { product_p50_us: 25, floor_p50_us: 10, iceoryx2_p50_us: null, ratio_to_floor: 2.5 },
        6220800: { product_p50_us: 60, floor_p50_us: 50, ratio_to_floor: 1.2 },
      },
      faults_per_message: 0.06,
      cpu_ratio_paced: null,
      skipped: { dora: 'there is no wheel for this system' },
    });
  });

  it('says nothing of what was not measured', () => {
    expect(JSON.parse(lineOf(report(), sizes))).toMatchObject({
      sizes: { 1024: { product_p50_us: null, ratio_to_floor: null } },
      faults_per_message: null,
      goal_met: false,
    });
  });
});

describe('the table', () => {
  it('shows p50, p99 and the ratio, and names what was skipped', () => {
    const text = textOf(measured, sizes);
    expect(text).toMatch(/StreamLib: all of it +25 \/ 50 \(2\.5\) +60 \/ 120 \(1\.2\)/);
    expect(text).toContain('skipped: dora: there is no wheel for this system');
  });
});

describe('the page', () => {
  const page = `before\n<!-- figures: written by \`npm run bench\`, not by hand -->\nold\n<!-- end of figures -->\nafter\n`;

  it('gets its figures between the marks, again and again', () => {
    const once = withFigures(page, measured, sizes);
    expect(once).toMatch(
      /^before\n.*\| StreamLib: all of it \| 25 \/ 50 \(2\.5\) \| 60 \/ 120 \(1\.2\) \|.*after\n$/s,
    );
    expect(once).not.toContain('old');
    expect(withFigures(once, measured, sizes)).toBe(once);
  });

  it('that has lost its marks is left alone', () => {
    expect(() => withFigures('no marks', measured, sizes)).toThrow(/lost its marks/);
  });
});

describe('a plot', () => {
  it('shows the peers that were measured and no other', () => {
    const svg = roundTripPlot(measured, sizes);
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg).toContain('StreamLib');
    expect(svg).not.toContain('dora');
  });

  it('escapes what comes from the machine', () => {
    expect(roundTripPlot(measured, sizes)).toContain('a &lt;fast&gt; processor');
  });

  it('draws something readable of nothing', () => {
    expect(cpuPlot(report())).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(roundTripPlot(report(), sizes)).toMatch(/^<svg .*<\/svg>\n$/s);
  });
});
