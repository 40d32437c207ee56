import type { LatencySummary } from '../flow/histogram.js';

export type RuntimeState = 'created' | 'preparing' | 'running' | 'stopping' | 'stopped';

/** `waiting`: between two incarnations of its subprocess. `finished`: a source that sent its last frame. */
export type NodeState =
  | 'created'
  | 'starting'
  | 'running'
  | 'waiting'
  | 'finished'
  | 'stopping'
  | 'stopped'
  | 'failed';

export interface PortStats {
  readonly frames: number;
  /** Of these: what went straight from one Python process to another. Counted there, and told every second. */
  readonly direct: number;
  /** Frames that wait at an input, or are being worked on behind it. */
  readonly waiting: number;
  /** Age of frames that this input took, from their `timestamp_ns`; null for outputs. */
  readonly latency_ms: LatencySummary | null;
  readonly dropped: number;
  readonly dropped_by: Readonly<Record<string, number>>;
}

export interface NodeStats {
  readonly type: string;
  readonly state: NodeState;
  readonly failure: string | null;
  readonly frames_in: number;
  readonly frames_out: number;
  readonly dropped: number;
  readonly dropped_by: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly restarts: number;
  /** Of the subprocess, for a Python node that has one. */
  readonly pid: number | null;
  /** The broker's connection, for a Python node that has one. */
  readonly connection_id: string | null;
  /** Slots of the runtime's memory that its subprocess holds, for a Python node that is ready. */
  readonly leases: number | null;
  /** Age of frames when this node was handed them, from their `timestamp_ns`. */
  readonly latency_ms: LatencySummary | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, PortStats>>;
  readonly outputs: Readonly<Record<string, PortStats>>;
}

/** The names are those of the JSON that `streamlib run --json` prints. */
export interface RuntimeStats {
  readonly runtime_id: string;
  readonly name: string;
  readonly state: RuntimeState;
  readonly uptime_secs: number;
  /** Frames that entered the graph: sent by nodes without connected inputs. */
  readonly frames_in: number;
  /** Frames that reached the end of the graph: taken by nodes without connected outputs. */
  readonly frames_out: number;
  readonly dropped: number;
  readonly dropped_by: Readonly<Record<string, number>>;
  /** Frames per second at the end of the graph that takes most, from its first frame to its newest. */
  readonly fps: number;
  /** Age of frames at the end of the graph. */
  readonly latency_ms: LatencySummary | null;
  readonly restarts: number;
  readonly errors: number;
  readonly nodes: Readonly<Record<string, NodeStats>>;
}
