import type { Delivery } from '@streamlib/processor';
import type { Histogram } from '../flow/histogram.js';
import type { OutputPort, Reader } from '../flow/output-port.js';
import type { InputProbe } from '../flow/probe.js';
import type { Probed } from './quiescence.js';
import type { NodeState, NodeStats } from './state.js';

/** An input as the graph wires it: a reader that knows the output it hangs on, to tell it when there is room again. */
export interface NodeInput extends Reader {
  readonly name: string;
  /** Undefined while traces are off. */
  probe?: InputProbe | undefined;
  /** Null: nothing feeds it any more. */
  bind(upstream: OutputPort | null): void;
  /** Treats frames so from here on. False: only one that is made anew could. */
  adapt(delivery: Delivery, queue: number): boolean;
}

/** What a node tells the runtime. */
export interface NodeListener {
  /** `message` and `error` say why, where the state is a bad one. */
  stateChanged(node: GraphNode, state: NodeState, message?: string, error?: Error): void;
}

/** A node of a running graph, whatever it consists of. */
export interface GraphNode {
  readonly id: string;
  readonly type: string;
  readonly state: NodeState;
  readonly inputs: ReadonlyMap<string, NodeInput>;
  readonly outputs: ReadonlyMap<string, OutputPort>;
  /** Null: it runs in the runtime's own process, or in one whose frames all pass the runtime. */
  readonly process: ProcessSide | null;
  /**
   * True: `setup()` returns before the node is ready, which its state tells (`running`); it may come up while the one that it
   * replaces still works. False: it is ready when `setup()` has settled, and may need what the one before it holds.
   */
  readonly setUpTakesTime: boolean;
  /** Whether nothing waits or is being worked on here. */
  readonly idle: boolean;
  /** Both settle soon and never reject: what fails is told to the listener, and the rest of the graph goes on. */
  setup(): Promise<void>;
  start(): Promise<void>;
  /** Stops and tears down; settles when everything the node owned has been given back. Never rejects. */
  stop(): Promise<void>;
  stats(): NodeStats;
  /** Age of frames when this node was handed them. */
  readonly latency: Histogram;
  /** Frames per second that it was handed, of its fastest input. */
  readonly rate: number;
}

/**
 * What a node offers whose code runs in a process of its own: frames that go straight to another process, which the runtime
 * neither sees nor can count. A node without one (`process: null`) sends and takes every frame through the runtime.
 */
export interface ProcessSide extends Probed {
  /** Whether frames may go straight from this process to the reader's: both have to speak the same protocol. */
  reaches(reader: GraphNode): boolean;
  /** Joins an output of this node to an input of one that it reaches. */
  linkTo(output: string, reader: GraphNode, input: string): void;
  /**
   * From one frame to the next, what went straight to one reader is meant for another that is to take its place. It waits here
   * until the link that is returned is let go of; the first reader still gets what was on its way. Null: there is no such link.
   */
  relink(output: string, reader: ReaderEnd, next: ReaderEnd): HeldLink | null;
  /** Ends what `linkTo` made. False: there is no such link. */
  unlink(output: string, reader: GraphNode, input: string): boolean;
}

export interface ReaderEnd {
  readonly node: GraphNode;
  readonly input: string;
}

/** A link whose frames wait at their sender. */
export interface HeldLink {
  /** Its reader may have what waits, and all that comes. */
  letGo(): void;
}

/** Whether a node can still produce or take frames. */
export function isOver(state: NodeState): boolean {
  return state === 'finished' || state === 'stopped' || state === 'failed';
}
