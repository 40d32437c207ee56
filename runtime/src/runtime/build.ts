import type { HandshakeBroker } from '../broker-client/session.js';
import type { Logger } from '../log/logger.js';
import { FailedNode } from '../nodes/failed-node.js';
import { LocalNode } from '../nodes/local-node.js';
import type { GraphNode, NodeListener } from '../nodes/node.js';
import { makePythonProcessor } from '../python-host/kinds.js';
import { limitsOf, policyOf } from '../python-host/params.js';
import { PythonProcessor } from '../python-host/processor.js';
import type { SparePool } from '../python-host/spare/pool.js';
import type { Wiring } from './completion.js';
import type { PreparedGraph, PreparedNode } from './prepare.js';

export interface BuildOptions {
  readonly runtimeId: string;
  readonly broker: HandshakeBroker;
  readonly log: Logger;
  readonly logLevel: string;
  /** Whether frames go straight from one Python process to another. */
  readonly direct: boolean;
  readonly spares?: SparePool;
  readonly listener: NodeListener;
}

/** Makes the nodes and joins their ports. Nothing runs yet. */
export function buildGraph(graph: PreparedGraph, options: BuildOptions): Wiring {
  const nodes = graph.nodes.map((node) => makeNode(node, options));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const upstream = new Map<string, Set<string>>();
  for (const link of graph.links) {
    const from = byId.get(link.from.node);
    const to = byId.get(link.to.node);
    if (options.direct && link.direct && from instanceof PythonProcessor && to instanceof PythonProcessor) {
      from.linkTo(link.from.port, to, link.to.port);
      continue;
    }
    const output = byId.get(link.from.node)?.outputs.get(link.from.port);
    const input = byId.get(link.to.node)?.inputs.get(link.to.port);
    if (output === undefined || input === undefined) continue;
    input.bind(output);
    output.connect(input);
  }
  // A node whose counterpart could not be prepared is fed by nobody, but that does not make it a source.
  for (const { from, to } of graph.edges) {
    const sources = upstream.get(to) ?? new Set();
    upstream.set(to, sources.add(from));
  }
  return { nodes, upstream };
}

function makeNode(node: PreparedNode, options: BuildOptions): GraphNode {
  const log = options.log.child({ processor: node.id });
  const { listener } = options;
  switch (node.kind) {
    case 'failed':
      return new FailedNode(node.id, node.type, node.error, listener);
    case 'local': {
      const { definition, config } = node;
      return new LocalNode({
        id: node.id,
        type: node.type,
        runtimeId: options.runtimeId,
        ports: node.ports,
        config,
        poolSlots: definition.poolSlots,
        create: () => definition.create(config),
        log,
        listener,
      });
    }
    case 'python':
      return makePythonProcessor(node.execution, {
        id: node.id,
        file: node.params.file,
        processor: node.params.processor ?? null,
        config: node.params.config,
        ports: node.ports,
        python: node.python,
        broker: options.broker,
        policy: policyOf(node.params),
        limits: limitsOf(node.params),
        logLevel: options.logLevel,
        ...(options.spares && { spares: options.spares }),
        log,
        listener,
      });
  }
}
