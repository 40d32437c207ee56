import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cells, nameOf } from './cells.js';
import { runCell } from './run-cell.js';

// `npm run faults` asks for all cells, or for some by a part of their name, and reads what each came to.
const { STREAMLIB_FAULTS: wanted, STREAMLIB_FAULTS_REPORT: report } = process.env;
const chosen = cells.filter((cell) =>
  wanted === undefined ? cell.quick === true : nameOf(cell).includes(wanted === 'all' ? '' : wanted),
);

describe('a fault', () => {
  it('has a name of its own', () => {
    expect(new Set(cells.map(nameOf)).size).toBe(cells.length);
    expect(chosen.length).toBeGreaterThan(0);
  });

  it.each(chosen.map((cell) => ({ name: nameOf(cell), cell })))(
    '$name',
    async ({ cell }) => {
      const outcome = await runCell(cell);
      if (report !== undefined) appendFileSync(report, `${JSON.stringify(outcome)}\n`);
      expect(outcome).toMatchObject({ passed: true, why: null });
    },
    180_000,
  );
});
