// What the outcomes of cells add up to. Pure.

export const allPassed = (cells) => cells.length > 0 && cells.every(({ passed }) => passed);

export function figuresOf(cells, notTried) {
  const sum = (name) => cells.reduce((total, cell) => total + cell[name], 0);
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
export function putInto(earlier, cells, measurements = {}) {
  const again = new Map(cells.map((cell) => [cell.cell, cell]));
  const outcomes = earlier.outcomes.map((cell) => again.get(cell.cell) ?? cell);
  const repeated = [...new Set([...(earlier.repeated ?? []), ...again.keys(), ...Object.keys(measurements)])];
  return { ...earlier, ...measurements, ...figuresOf(outcomes, earlier.not_tried ?? 0), repeated, outcomes };
}
