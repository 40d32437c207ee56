import { Histogram } from '../flow/histogram.js';
import type { GraphNode, NodeListener } from './node.js';
import type { NodeState, NodeStats } from './state.js';
import { nodeStats } from './stats.js';

/** Stands in the graph for a node that could not even be prepared: it is told and counted, and the rest goes on without it. */
export class FailedNode implements GraphNode {
  readonly inputs = new Map<never, never>();
  readonly outputs = new Map<never, never>();
  readonly process = null;
  /** It holds nothing that another could need. */
  readonly setUpTakesTime = true;
  readonly idle = true;
  readonly latency = new Histogram();
  readonly rate = 0;
  state: NodeState = 'created';

  constructor(
    readonly id: string,
    readonly type: string,
    private readonly error: Error,
    private readonly listener: NodeListener,
  ) {}

  setup(): Promise<void> {
    this.state = 'failed';
    this.listener.stateChanged(this, 'failed', this.error.message, this.error);
    return Promise.resolve();
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  stats(): NodeStats {
    return nodeStats(this, { failure: this.error.message, errors: 0, latency: this.latency, metrics: {} });
  }
}
