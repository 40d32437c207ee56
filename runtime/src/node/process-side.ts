import type { GraphNode } from './node.js';
import type { Asked } from './quiescence.js';

/**
 * What a node offers whose code runs in a process of its own: frames that go straight to another process, which the runtime
 * neither sees nor can count. A node without one (`process: null`) sends and takes every frame through the runtime.
 */
export interface ProcessSide extends Asked {
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
