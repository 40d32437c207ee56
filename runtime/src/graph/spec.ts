import type { Delivery } from '@streamlib/processor';
import type { ErrorReason } from '../base/streamlib-error.js';

/** A graph as it is written, by a manifest or through the API; nothing in it has been checked against the processors yet. */
export interface GraphSpec {
  /** The name that lists and logs show. */
  readonly name: string;
  /** The nodes, in the order of the manifest. */
  readonly nodes: readonly NodeSpec[];
  /** What is joined with what. */
  readonly connections: readonly ConnectionSpec[];
}

/** A node as it is written. */
export interface NodeSpec {
  /** Names the node in the graph. */
  readonly id: string;
  /** `camera`, `display`, `file`, `python`, or a type of your own. */
  readonly node_type: string;
  /** What the type takes. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** `from` and `to` are `node.port`, or `node` alone where it has only one such port. */
export interface ConnectionSpec {
  /** The output. */
  readonly from: string;
  /** The input. */
  readonly to: string;
  /** Overrides what the input declares. */
  readonly delivery?: Delivery;
  /** The length of the queue, 1 to 1024; 8 by default. Without meaning for `latest`. */
  readonly queue?: number;
  /** How many frames the reader's code keeps besides the one it works on, 0 to 200; what the input declares by default. */
  readonly keep?: number;
  /** False: between two Python processors too, frames go through the runtime. */
  readonly direct?: boolean;
}

export type IssuePath = readonly (string | number)[];

/** One thing that is wrong with a graph, at a place in its spec. */
export interface GraphIssue {
  readonly path: IssuePath;
  readonly message: string;
  /** Whether the name at `path` is meant (an unknown key), not its value. */
  readonly atKey?: boolean;
  /**
   * False when only this node is concerned (its Python file does not import, say): the rest of the graph can run,
   * and `Runtime.start()` lets it; `validate` reports it like any other.
   */
  readonly fatal: boolean;
  readonly node?: string;
  /** What kind of mistake it is, where somebody may want to advise on it. */
  readonly reason?: ErrorReason;
}

export const NODE_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** Stands for a name that was missing and has been told; checks pass over it. */
export const MISSING = '';
