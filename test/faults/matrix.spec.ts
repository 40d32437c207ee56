import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canMount, canSpeakAs } from '../harness/abilities.js';
import { type Cell, cells, type Fault, nameOf } from './cells.js';
import { runCell } from './run-cell.js';

// `npm run faults` asks for all cells, or for some by a part of their name, and reads what each came to.
const { STREAMLIB_FAULTS: wanted, STREAMLIB_FAULTS_REPORT: report } = process.env;
const asked = cells.filter((cell) =>
  wanted === undefined ? cell.quick === true : nameOf(cell).includes(wanted === 'all' ? '' : wanted),
);
// What the machine does not let us do is told as such, and is no outcome.
const has = (fault: Fault) => asked.some(({ strikes }) => strikes.some((strike) => strike.fault === fault));
const impossible = new Set<Fault>();
if (has('disk') && !canMount()) impossible.add('disk');
if (has('garbage')) {
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  if (other.pid === undefined || !canSpeakAs(other.pid)) impossible.add('garbage');
  other.kill('SIGKILL');
}
const isPossible = ({ strikes }: Cell) => strikes.every(({ fault }) => !impossible.has(fault));
const chosen = asked.filter(isPossible);
if (report !== undefined)
  for (const cell of asked)
    if (!isPossible(cell)) appendFileSync(report, `${JSON.stringify({ not_tried: nameOf(cell) })}\n`);

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
      expect(outcome.passed, outcome.outcome).toBe(true);
    },
    180_000,
  );
});
