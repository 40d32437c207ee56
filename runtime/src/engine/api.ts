import type { LatencySummary } from '../flow/histogram.js';
import type { TraceOptions } from '../observe/tracing/settings.js';
import type { GraphChange } from './changes.js';

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

export interface RuntimeOptions {
  /** Shown by `streamlib broker runtimes`; the manifest's name by default. */
  readonly name?: string;
  /** Lines the runtime writes to its log are also given to listeners of `log` from this level on; `info` by default. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** False: frames between Python processors go through the runtime too, for a closer look at them; true by default. */
  readonly direct?: boolean;
  /**
   * True: the runtime goes on when its sources have ended, and may begin with no nodes at all: it is changed while it runs. By
   * default a graph whose sources have all ended is over.
   */
  readonly live?: boolean;
  /** Relative paths in `params` resolve against this folder; the manifest's own, or the working directory. */
  readonly baseDir?: string;
  /**
   * Whether to keep a spare Python process that has made the imports of every processor, so that one that starts or starts
   * again does so at once; true by default. STREAMLIB_SPARE=0 in the environment forbids it.
   */
  readonly spareProcess?: boolean;
  /**
   * Traces of the way that some frames take, for a collector of OpenTelemetry. By default as the environment says
   * (OTEL_TRACES_EXPORTER=otlp); false: none in any case.
   */
  readonly traces?: boolean | TraceOptions;
}

export interface ManifestOptions extends RuntimeOptions {
  /** `node.param=value`, as given with `--set`; typed by the node's parameters. */
  readonly overrides?: readonly string[];
}

export interface NodeEvent {
  readonly node: string;
  readonly state: NodeState;
  /** For `failed` and `waiting`: why. */
  readonly message?: string;
  readonly error?: Error;
}

export interface LogLine {
  readonly time: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The processor's id; null for the runtime itself. */
  readonly processor: string | null;
  readonly message: string;
}

export interface RuntimeEvents {
  state: [state: RuntimeState];
  /** What takes long before the first frame: the Python environment, the broker. */
  progress: [message: string];
  node: [event: NodeEvent];
  log: [line: LogLine];
  /** The graph was changed while it runs. */
  change: [change: GraphChange];
}

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

export interface RunOutcome {
  /** `finished`: every source sent its last frame and all of it was worked off. `failed`: no node was left that could run. */
  readonly reason: 'finished' | 'stopped' | 'failed';
  readonly failures: readonly { readonly node: string; readonly message: string }[];
}

/** One mistake in a manifest, at its place. Prints as `file:line:column: message`. */
export interface LocatedIssue {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly node: string | null;
  /** False: only this node cannot run, `run` starts the rest. */
  readonly fatal: boolean;
}

export interface ValidationReport {
  readonly file: string;
  readonly name: string | null;
  readonly nodes: number;
  readonly connections: number;
  readonly issues: readonly LocatedIssue[];
}
/*
 * class Runtime extends EventEmitter<RuntimeEvents>
 *   static fromManifest(path: string, options?: ManifestOptions): Promise<Runtime>   // rejects with ManifestError (code 'graph', .issues: LocatedIssue[])
 *   constructor(options?: RuntimeOptions)
 *   readonly id: string; readonly name: string; readonly logFile: string; readonly state: RuntimeState
 *   add(id, typeOrDefinition, params?): this; connect(from, to, { delivery?, queue? }?): this
 *   start(): Promise<void>; stop(): Promise<void>; stats(): RuntimeStats
 *   readonly outcome: Promise<RunOutcome>     // settles when the graph has finished by itself or was stopped; still call stop()
 * validateManifest(path: string, options?: ManifestOptions): Promise<ValidationReport>   // also inspects Python files, if their environment exists or can be made
 * ensureBroker(onProgress?): Promise<BrokerClient>;
 */
