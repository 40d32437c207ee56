import type { LogLine } from '../base/log/logger.js';
import type { NodeState, RuntimeState } from '../node/state.js';
import type { TraceOptions } from '../observe/tracing/settings.js';
import type { GraphChange } from './changes.js';
import type { Host } from './host.js';

/** How a runtime behaves. */
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
  /**
   * True: Python code that is to change the running graph is tried with one synthetic frame first; if that fails, nothing changes.
   * False by default.
   */
  readonly tryOut?: boolean;
  /** Relative paths in `params` resolve against this folder; the manifest's own, or the working directory. */
  readonly baseDir?: string;
  /**
   * Whether to keep a spare Python process that has made the imports of every processor, so that one that starts or starts
   * again does so at once; true by default. STREAMLIB_SPARE=0 in the environment forbids it.
   */
  readonly spareProcess?: boolean;
  /**
   * How many of them to keep for each Python environment, from 0 to 64; 1 by default. Runtimes of one process share them: the one
   * that asks for most has its way. STREAMLIB_SPARE in the environment goes before it.
   */
  readonly spareProcesses?: number;
  /** What this runtime shares with others of its process; by default that of the process, which exists while a runtime does. */
  readonly host?: Host;
  /**
   * Traces of the way that some frames take, for a collector of OpenTelemetry. By default as the environment says
   * (OTEL_TRACES_EXPORTER=otlp); false: none in any case.
   */
  readonly traces?: boolean | TraceOptions;
}

/** How a runtime that runs a manifest behaves. */
export interface ManifestOptions extends RuntimeOptions {
  /** `node.param=value`, as given with `--set`; typed by the node's parameters. */
  readonly overrides?: readonly string[];
}

/** A node has changed its state. */
export interface NodeEvent {
  /** The id of the node. */
  readonly node: string;
  /** What it is now. */
  readonly state: NodeState;
  /** For `failed` and `waiting`: why. */
  readonly message?: string;
  /** What failed, where something did. */
  readonly error?: Error;
}

/** What a `Runtime` emits. */
export interface RuntimeEvents {
  /** The runtime has changed its state. */
  state: [state: RuntimeState];
  /** What takes long before the first frame: the Python environment, the broker. */
  progress: [message: string];
  /** A node has changed its state. */
  node: [event: NodeEvent];
  /** A line was logged, of at least the level in `RuntimeOptions.logLevel`. */
  log: [line: LogLine];
  /** The graph was changed while it runs. */
  change: [change: GraphChange];
}

/** How a run ended. */
export interface RunOutcome {
  /** `finished`: every source sent its last frame and all of it was worked off. `failed`: no node was left that could run. */
  readonly reason: 'finished' | 'stopped' | 'failed';
  /** The nodes that failed for good, and why. */
  readonly failures: readonly { readonly node: string; readonly message: string }[];
}

/** One mistake in a manifest, at its place. Prints as `file:line:column: message`. */
export interface LocatedIssue {
  /** The file of the manifest. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What is wrong, and the nearest name that exists. */
  readonly message: string;
  /** The node that it concerns; null for the graph. */
  readonly node: string | null;
  /** False: only this node cannot run, `run` starts the rest. */
  readonly fatal: boolean;
}

/** What `validateManifest` found. */
export interface ValidationReport {
  /** The manifest, as it was named. */
  readonly file: string;
  /** The name of the graph; null if it has none. */
  readonly name: string | null;
  /** How many nodes there are. */
  readonly nodes: number;
  /** How many connections there are. */
  readonly connections: number;
  /** Everything that is wrong, in the order of the file. */
  readonly issues: readonly LocatedIssue[];
}
