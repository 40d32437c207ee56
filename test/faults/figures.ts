// What the outcomes of cells add up to. Pure.
import type { Remains } from '../harness/remains.js';
import type { Outcome } from './run-cell.js';

/** What is read of an outcome; a report of an earlier run has the rest, too. */
export type CellOutcome = Pick<
  Outcome,
  'cell' | 'stage' | 'expected' | 'passed' | 'outcome' | 'frames_lost' | 'frames_unaccounted'
> &
  Remains;

export interface Figures {
  readonly cells: number;
  readonly passed: number;
  readonly not_tried: number;
  readonly frames_lost_on_ready: number;
  readonly frames_unaccounted: number;
  readonly processes_left: number;
  readonly descriptors_left: number;
  readonly memory_files_left: number;
  readonly sockets_left: number;
  readonly records_left: number;
  readonly leases_left: number;
}

/** What an earlier run wrote. */
export interface Earlier extends Partial<Omit<Figures, 'cells'>> {
  readonly outcomes: readonly CellOutcome[];
  readonly repeated?: readonly string[];
}

export const allPassed = (cells: readonly Pick<CellOutcome, 'passed'>[]): boolean =>
  cells.length > 0 && cells.every(({ passed }) => passed);

export function figuresOf(cells: readonly CellOutcome[], notTried: number): Figures {
  const sum = (name: keyof Remains | 'frames_lost' | 'frames_unaccounted') =>
    cells.reduce((total, cell) => total + cell[name], 0);
  return {
    cells: cells.length,
    passed: cells.filter(({ passed }) => passed).length,
    not_tried: notTried,
    frames_lost_on_ready: sum('frames_lost'),
    frames_unaccounted: sum('frames_unaccounted'),
    processes_left: sum('processes'),
    descriptors_left: sum('descriptors'),
    memory_files_left: sum('memory_files'),
    sockets_left: sum('sockets'),
    records_left: sum('records'),
    leases_left: sum('leases'),
  };
}

/** An earlier run with what this one found in the place of its own. */
export function putInto<E extends Earlier>(
  earlier: E,
  cells: readonly CellOutcome[],
  measurements: Readonly<Record<string, object>> = {},
): Omit<E, keyof Figures | 'outcomes' | 'repeated'> &
  Figures & { outcomes: readonly CellOutcome[]; repeated: readonly string[] } {
  const again = new Map(cells.map((cell) => [cell.cell, cell]));
  const outcomes = earlier.outcomes.map((cell) => again.get(cell.cell) ?? cell);
  const repeated = [...new Set([...(earlier.repeated ?? []), ...again.keys(), ...Object.keys(measurements)])];
  return { ...earlier, ...measurements, ...figuresOf(outcomes, earlier.not_tried ?? 0), repeated, outcomes };
}
