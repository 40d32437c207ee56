import type { Delivery } from '@streamlib/processor';

/** A graph as it is written, by a manifest or through the API; nothing in it has been checked against the processors yet. */
export interface GraphSpec {
  readonly name: string;
  readonly nodes: readonly NodeSpec[];
  readonly connections: readonly ConnectionSpec[];
}

export interface NodeSpec {
  readonly id: string;
  readonly node_type: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** `from` and `to` are `node.port`, or `node` alone where it has only one such port. */
export interface ConnectionSpec {
  readonly from: string;
  readonly to: string;
  /** Overrides what the input declares. */
  readonly delivery?: Delivery;
  readonly queue?: number;
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
}

export const NODE_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** Stands for a name that was missing and has been told; checks pass over it. */
export const MISSING = '';
