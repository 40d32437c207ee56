import { describe, expect, it } from 'vitest';
import { nothingLeft } from '../harness/remains.js';
import type { Stage } from './cells.js';
import { allPassed, type CellOutcome, figuresOf, putInto } from './figures.js';
import { markdown } from './report.js';

const outcome = (cell: string, stage: Stage, more: Partial<CellOutcome> = {}): CellOutcome => ({
  cell,
  stage,
  expected: 'flows_again',
  passed: true,
  outcome: '40 frames arrived',
  frames_lost: 0,
  frames_unaccounted: 0,
  ...nothingLeft,
  ...more,
});
const cells = [
  outcome('kill client allocated', 'allocated'),
  outcome('kill client flow', 'flow', { passed: false, sockets: 2, outcome: 'left: 2 sockets\nmore' }),
  outcome('fixture Exits', 'flow'),
];

describe('what the outcomes of cells add up to', () => {
  it('counts what passed and what was left', () => {
    expect(figuresOf(cells, 1)).toMatchObject({ cells: 3, passed: 2, not_tried: 1, sockets_left: 2 });
    expect(allPassed(cells)).toBe(false);
    expect(allPassed([])).toBe(false);
  });

  it('takes a cell that was tried again in the place of its earlier outcome, and says so', () => {
    const again = putInto({ outcomes: cells }, [outcome('kill client flow', 'flow')]);
    expect(again).toMatchObject({ cells: 3, passed: 3, sockets_left: 0, repeated: ['kill client flow'] });
  });
});

it('the page has a row for each fault, with a mark for each step', () => {
  const page = markdown({
    ...figuresOf(cells, 0),
    outcomes: cells,
    machine: { began: '2026-11-21T11:00:00Z', cores: 2, load_average: [1, 2] },
  });
  expect(page).toContain('| kill client | flows again | ✓ |  |  |  | ✗ | left: 2 sockets |');
  expect(page).toContain('| `Exits` | flows again | ✓ | 40 frames arrived |');
  expect(page).toContain('| sockets left | 2 |');
});

it('the page says what its marks mean, and what comes of a fault that ends otherwise in flow', () => {
  const page = markdown({
    outcomes: [
      outcome('descriptors runtime allocated', 'allocated'),
      outcome('descriptors runtime flow', 'flow', { expected: 'flows_on' }),
    ],
    machine: { began: '2026-11-21T11:00:00Z', cores: 2, load_average: [1, 2] },
  });
  expect(page).toContain('| descriptors runtime | flows again; at last flows on | ✓ |');
  for (const word of ['A; at last B', '✓', '✗', '(empty)'])
    expect(page).toMatch(new RegExp(`^\\| ${word.replace(/[()]/g, '\\$&')} \\| \\S`, 'm'));
});
