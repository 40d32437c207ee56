import type { NodeState, NodeStats, PortStats } from '../runtime/api.js';
import type { PortCounters } from './counters.js';
import type { Histogram } from './histogram.js';

interface Counted {
  readonly counters: PortCounters;
}

interface CountedNode {
  readonly type: string;
  readonly state: NodeState;
  readonly inputs: ReadonlyMap<string, Counted>;
  readonly outputs: ReadonlyMap<string, Counted>;
}

export interface NodeFigures {
  readonly failure: string | null;
  readonly errors: number;
  readonly latency: Histogram;
  readonly metrics: Readonly<Record<string, number>>;
  readonly restarts?: number;
  readonly pid?: number | null;
  readonly connectionId?: string | null;
}

export function nodeStats(node: CountedNode, figures: NodeFigures): NodeStats {
  const droppedBy: Record<string, number> = {};
  const inputs = portStats(node.inputs, droppedBy);
  const outputs = portStats(node.outputs, droppedBy);
  return {
    type: node.type,
    state: node.state,
    failure: figures.failure,
    frames_in: sum(Object.values(inputs).map((port) => port.frames)),
    frames_out: sum(Object.values(outputs).map((port) => port.frames)),
    dropped: sum(Object.values(droppedBy)),
    dropped_by: droppedBy,
    errors: figures.errors,
    restarts: figures.restarts ?? 0,
    pid: figures.pid ?? null,
    connection_id: figures.connectionId ?? null,
    latency_ms: figures.latency.summary(),
    metrics: { ...figures.metrics },
    inputs,
    outputs,
  };
}

export function addUp(into: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [reason, count] of Object.entries(more)) into[reason] = (into[reason] ?? 0) + count;
}

function portStats(
  ports: ReadonlyMap<string, Counted>,
  droppedBy: Record<string, number>,
): Record<string, PortStats> {
  const stats: Record<string, PortStats> = {};
  for (const [name, { counters }] of ports) {
    const by = counters.droppedBy();
    addUp(droppedBy, by);
    stats[name] = {
      frames: counters.frames,
      direct: counters.direct,
      dropped: counters.dropped,
      dropped_by: by,
    };
  }
  return stats;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
