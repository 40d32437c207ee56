import type { NodeStats } from '../node/state.js';
import { addUp } from '../node/stats.js';

export interface Totals {
  readonly frames_in: number;
  readonly frames_out: number;
  readonly dropped: number;
  readonly dropped_by: Readonly<Record<string, number>>;
  readonly restarts: number;
  readonly errors: number;
}

/** What stays counted of a node that is not there any more. */
export interface Counts {
  readonly dropped_by: Record<string, number>;
  errors: number;
  restarts: number;
}

/** What a graph did as a whole: what its sources sent, what its ends took, and what was lost anywhere between. */
export function totals(
  nodes: Readonly<Record<string, NodeStats>>,
  sources: readonly string[],
  sinks: readonly string[],
  removed: Readonly<Counts>,
): Totals {
  const droppedBy = { ...removed.dropped_by };
  let { restarts, errors } = removed;
  for (const node of Object.values(nodes)) {
    addUp(droppedBy, node.dropped_by);
    restarts += node.restarts;
    errors += node.errors + (node.failure === null ? 0 : 1);
  }
  return {
    frames_in: sources.reduce((sum, id) => sum + (nodes[id]?.frames_out ?? 0), 0),
    frames_out: sinks.reduce((sum, id) => sum + (nodes[id]?.frames_in ?? 0), 0),
    dropped: Object.values(droppedBy).reduce((sum, count) => sum + count, 0),
    dropped_by: droppedBy,
    restarts,
    errors,
  };
}
