import type { PortCounters } from '../flow/counters.js';
import type { Histogram } from '../flow/histogram.js';
import type { NodeState, NodeStats, PortStats } from './state.js';

interface Counted {
  readonly counters: PortCounters;
}

interface CountedInput extends Counted {
  /** Frames in front of it, and behind it. */
  readonly waiting?: number;
  /** Age of frames that it took. */
  readonly latency: Histogram;
}

interface CountedNode {
  readonly type: string;
  readonly state: NodeState;
  readonly inputs: ReadonlyMap<string, CountedInput>;
  readonly outputs: ReadonlyMap<string, Counted>;
}

export interface NodeFigures {
  readonly failure: string | null;
  readonly errors: number;
  readonly failedCalls?: number;
  readonly lastError?: string | null;
  readonly latency: Histogram;
  readonly metrics: Readonly<Record<string, number>>;
  readonly restarts?: number;
  readonly pid?: number | null;
  readonly connectionId?: string | null;
  readonly leases?: number | null;
}

export function nodeStats(node: CountedNode, figures: NodeFigures): NodeStats {
  const droppedBy: Record<string, number> = {};
  const inputs = portStats(node.inputs, droppedBy, ({ waiting = 0, latency }) => ({
    waiting,
    latency_ms: latency.summary(),
  }));
  const outputs = portStats(node.outputs, droppedBy, () => ({ waiting: 0, latency_ms: null }));
  return {
    type: node.type,
    state: node.state,
    failure: figures.failure,
    frames_in: sum(Object.values(inputs).map((port) => port.frames)),
    frames_out: sum(Object.values(outputs).map((port) => port.frames)),
    dropped: sum(Object.values(droppedBy)),
    dropped_by: droppedBy,
    errors: figures.errors,
    failed_calls: figures.failedCalls ?? 0,
    last_error: figures.lastError ?? null,
    restarts: figures.restarts ?? 0,
    pid: figures.pid ?? null,
    connection_id: figures.connectionId ?? null,
    leases: figures.leases ?? null,
    latency_ms: figures.latency.summary(),
    metrics: { ...figures.metrics },
    inputs,
    outputs,
  };
}

export function addUp(into: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [reason, count] of Object.entries(more)) into[reason] = (into[reason] ?? 0) + count;
}

function portStats<Port extends Counted>(
  ports: ReadonlyMap<string, Port>,
  droppedBy: Record<string, number>,
  more: (port: Port) => Pick<PortStats, 'waiting' | 'latency_ms'>,
): Record<string, PortStats> {
  const stats: Record<string, PortStats> = {};
  for (const [name, port] of ports) {
    const { counters } = port;
    const by = counters.droppedBy();
    addUp(droppedBy, by);
    stats[name] = {
      frames: counters.frames,
      direct: counters.direct,
      ...more(port),
      dropped: counters.dropped,
      dropped_by: by,
    };
  }
  return stats;
}

/** A node's figures, going on where those of the one stopped whose place it took; latency and state are its own. */
export function continued(now: NodeStats, before: NodeStats): NodeStats {
  return {
    ...now,
    frames_in: now.frames_in + before.frames_in,
    frames_out: now.frames_out + before.frames_out,
    ...dropsOf(now, before),
    errors: now.errors + before.errors,
    failed_calls: now.failed_calls + before.failed_calls,
    last_error: now.last_error ?? before.last_error,
    restarts: now.restarts + before.restarts,
    inputs: continuedPorts(now.inputs, before.inputs),
    outputs: continuedPorts(now.outputs, before.outputs),
  };
}

type Drops = Pick<PortStats, 'dropped' | 'dropped_by'>;

function dropsOf(now: Drops, before: Drops): Drops {
  const by = { ...before.dropped_by };
  addUp(by, now.dropped_by);
  return { dropped: now.dropped + before.dropped, dropped_by: by };
}

/** Those that are there now; what others counted is in the node's sums. */
function continuedPorts(now: NodeStats['inputs'], before: NodeStats['inputs']): NodeStats['inputs'] {
  return Object.fromEntries(
    Object.entries(now).map(([name, port]) => {
      const old = before[name];
      if (old === undefined) return [name, port];
      return [
        name,
        {
          ...port,
          frames: port.frames + old.frames,
          direct: port.direct + old.direct,
          ...dropsOf(port, old),
        },
      ];
    }),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
