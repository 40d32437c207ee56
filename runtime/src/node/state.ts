import type { LatencySummary } from '../flow/histogram.js';

/** What a runtime is doing. */
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

/** The figures of a port. */
export interface PortStats {
  /** Frames that an input took, or that an output sent. */
  readonly frames: number;
  /** Of these: what went straight from one Python process to another. Counted there, and told every second. */
  readonly direct: number;
  /** Frames that wait at an input, or are being worked on behind it. */
  readonly waiting: number;
  /** Age of frames that this input took, from their `timestamp_ns`; null for outputs. */
  readonly latency_ms: LatencySummary | null;
  /** Frames that were lost here. */
  readonly dropped: number;
  /** The same by reason; see the table of reasons in `docs/operating.md`. */
  readonly dropped_by: Readonly<Record<string, number>>;
}

/** The figures of a node. */
export interface NodeStats {
  /** Its node type. */
  readonly type: string;
  /** What it is doing. */
  readonly state: NodeState;
  /** Why it failed; null if it has not. */
  readonly failure: string | null;
  /** Frames that its inputs took. */
  readonly frames_in: number;
  /** Frames that its outputs sent. */
  readonly frames_out: number;
  /** Frames that were lost here. */
  readonly dropped: number;
  /** The same by reason; see the table of reasons in `docs/operating.md`. */
  readonly dropped_by: Readonly<Record<string, number>>;
  /** Exceptions in `process`, and frames that could not be sent. */
  readonly errors: number;
  /** Calls of `process` that raised an exception. */
  readonly failed_calls: number;
  /** The first line of the newest of its errors, or why its process ended; null if there was none. */
  readonly last_error: string | null;
  /** How often its Python process was started again; 0 for others. */
  readonly restarts: number;
  /** Of the subprocess, for a Python node that has one. */
  readonly pid: number | null;
  /** The broker's connection, for a Python node that has one. */
  readonly connection_id: string | null;
  /** Slots of the runtime's memory that its subprocess holds, for a Python node that is ready. */
  readonly leases: number | null;
  /** Age of frames when this node was handed them, from their `timestamp_ns`. */
  readonly latency_ms: LatencySummary | null;
  /** What its processor reported itself, the newest value of each name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Its inputs by name. */
  readonly inputs: Readonly<Record<string, PortStats>>;
  /** Its outputs by name. */
  readonly outputs: Readonly<Record<string, PortStats>>;
}

/** The names are those of the JSON that `streamlib run --json` prints. */
export interface RuntimeStats {
  /** The id of the runtime. */
  readonly runtime_id: string;
  /** The name of the graph. */
  readonly name: string;
  /** What the runtime is doing. */
  readonly state: RuntimeState;
  /** Seconds since the graph was started, until it was stopped. */
  readonly uptime_secs: number;
  /** Frames that entered the graph: sent by nodes without connected inputs. */
  readonly frames_in: number;
  /** Frames that reached the end of the graph: taken by nodes without connected outputs. */
  readonly frames_out: number;
  /** Frames that were lost anywhere in the graph. */
  readonly dropped: number;
  /** The same by reason; see the table of reasons in `docs/operating.md`. */
  readonly dropped_by: Readonly<Record<string, number>>;
  /** Frames per second at the end of the graph that takes most, from its first frame to its newest. */
  readonly fps: number;
  /** Age of frames at the end of the graph. */
  readonly latency_ms: LatencySummary | null;
  /** Of all nodes. */
  readonly restarts: number;
  /** Of all nodes. */
  readonly errors: number;
  /** The nodes by id. */
  readonly nodes: Readonly<Record<string, NodeStats>>;
}
