import type { ProcessorDefinition } from '@streamlib/processor';
// The nodes as a runtime makes them, without the broker that a whole runtime would start.
import { portsOf } from '../../../runtime/dist/graph/ports.js';
import { LocalNode } from '../../../runtime/dist/node/local/local-node.js';
import { MemoryLog } from './memory-log.js';

type NodeState = LocalNode['state'];

/** A node by itself, whose states and log the test can wait for. */
export class TestNode {
  readonly log = new MemoryLog();
  readonly node: LocalNode;
  failure: Error | null = null;
  private readonly waiting: { states: readonly NodeState[]; resolve: () => void }[] = [];

  constructor(definition: ProcessorDefinition, params: Readonly<Record<string, unknown>> = {}) {
    const config = definition.config.parse(params);
    this.node = new LocalNode({
      id: definition.type,
      type: definition.type,
      runtimeId: 'test',
      ports: portsOf(definition.inputs, definition.outputs, false),
      config,
      poolSlots: definition.poolSlots,
      create: () => definition.create(config),
      log: this.log,
      listener: {
        stateChanged: (_node, state, _message, error) => {
          this.failure ??= error ?? null;
          for (const { states, resolve } of this.waiting) if (states.includes(state)) resolve();
        },
      },
    });
  }

  /** Joins this node's only output to the other's only input. */
  to(other: TestNode): this {
    const [output] = this.node.outputs.values();
    const [input] = other.node.inputs.values();
    if (output === undefined || input === undefined) throw new Error('nothing to join');
    input.bind(output);
    output.connect(input);
    return this;
  }

  /** Settles when the node is in one of the states. */
  async reached(...states: NodeState[]): Promise<void> {
    if (states.includes(this.node.state)) return;
    await new Promise<void>((resolve) => this.waiting.push({ states, resolve }));
  }
}

/** Starts nodes as a runtime does: all set up first, then readers before writers. */
export async function startNodes(...sourcesFirst: TestNode[]): Promise<void> {
  for (const { node } of sourcesFirst) await node.setup();
  for (const { node } of [...sourcesFirst].reverse()) await node.start();
}

export async function stopNodes(...sourcesFirst: TestNode[]): Promise<void> {
  for (const { node } of sourcesFirst) await node.stop();
}
