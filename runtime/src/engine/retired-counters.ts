import type { GraphNode } from '../node/node.js';
import type { NodeStats } from '../node/state.js';
import { addUp, continued } from '../node/stats.js';
import type { Counts } from './totals.js';

/** What nodes counted that are gone: a node's figures go on where those before it stopped, and what is lost stays counted. */
export class RetiredCounters {
  private readonly leaving = new Map<string, Set<GraphNode>>();
  private readonly past = new Map<string, NodeStats>();
  /** Of nodes that were taken out. */
  readonly removed: Counts = { dropped_by: {}, errors: 0, restarts: 0 };

  /** Another has its place from here on; it may still drop what it has. */
  leaves(node: GraphNode): void {
    const others = this.leaving.get(node.id) ?? new Set();
    this.leaving.set(node.id, others.add(node));
  }

  /** It has stopped: what it counted is kept, it itself is not. */
  left(node: GraphNode): void {
    if (this.leaving.get(node.id)?.delete(node) !== true) return;
    const before = this.past.get(node.id);
    const own = node.stats();
    const all = before === undefined ? own : continued(own, before);
    this.past.set(node.id, {
      ...all,
      inputs: { ...before?.inputs, ...all.inputs },
      outputs: { ...before?.outputs, ...all.outputs },
    });
  }

  /** It is taken out: another of its name begins anew. */
  remove(node: GraphNode): void {
    const { dropped_by, errors, restarts } = this.statsOf(node);
    addUp(this.removed.dropped_by, dropped_by);
    this.removed.errors += errors;
    this.removed.restarts += restarts;
    this.leaving.delete(node.id);
    this.past.delete(node.id);
  }

  statsOf(node: GraphNode): NodeStats {
    const before = this.past.get(node.id);
    let stats = before === undefined ? node.stats() : continued(node.stats(), before);
    for (const other of this.leaving.get(node.id) ?? []) stats = continued(stats, other.stats());
    return stats;
  }
}
