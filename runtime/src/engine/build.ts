import type { Logger } from '../base/log/logger.js';
import type { HandshakeBroker } from '../broker/session.js';
import { nameOf, refOf } from '../graph/ref.js';
import type { GraphSpec } from '../graph/spec.js';
import { FailedNode } from '../node/failed.js';
import type { GraphNode, NodeListener } from '../node/node.js';
import type { PreparedNode } from '../node-types/node-type.js';
import type { HostLease } from './host.js';
import { LiveGraph } from './live-graph.js';
import { NodeRegistration } from './node-registration.js';
import type { PreparedGraph } from './prepare/graph.js';

export interface MakeOptions {
  readonly runtimeId: string;
  readonly broker: HandshakeBroker;
  readonly log: Logger;
  readonly logLevel: string;
  readonly resources: Pick<HostLease, 'tracing'>;
}

export interface BuildOptions extends MakeOptions {
  /** Whether frames go straight from one Python process to another. */
  readonly direct: boolean;
  readonly listener: NodeListener;
}

/** Makes the nodes and joins their ports. Nothing runs yet. */
export function buildGraph(spec: GraphSpec, prepared: PreparedGraph, options: BuildOptions): LiveGraph {
  const graph = new LiveGraph(spec.name, options.direct);
  const specs = new Map(spec.nodes.map((node) => [node.id, node]));
  for (const node of prepared.nodes) {
    const params = prepared.params.get(node.id) ?? specs.get(node.id)?.params ?? {};
    const from = { id: node.id, node_type: node.type, params };
    const made = makeNode(node, options);
    made.registration.activate(options.listener);
    graph.register({ spec: from, prepared: node, declared: prepared.declared.get(node.id) ?? null, ...made });
  }
  spec.connections.forEach((connection, index) => {
    const resolved = prepared.links.find((link) => link.index === index) ?? null;
    const link = {
      // With its ports' names, whatever takes a node's place.
      spec:
        resolved === null
          ? connection
          : { ...connection, from: nameOf(resolved.from), to: nameOf(resolved.to) },
      from: resolved?.from ?? refOf(connection.from),
      to: resolved?.to ?? refOf(connection.to),
      resolved,
    };
    graph.addLink(link);
    graph.join(link);
  });
  return graph;
}

/** A node by itself, which nobody hears of yet. */
export function makeNode(
  prepared: PreparedNode,
  options: MakeOptions,
): { node: GraphNode; registration: NodeRegistration } {
  const registration = new NodeRegistration();
  const node = construct(prepared, options, registration);
  options.resources.tracing?.watch(node);
  return { node, registration };
}

function construct(prepared: PreparedNode, options: MakeOptions, registration: NodeRegistration): GraphNode {
  if (prepared.failure !== null)
    return new FailedNode(prepared.id, prepared.type, prepared.failure, registration);
  return prepared.make(prepared.ports, {
    runtimeId: options.runtimeId,
    broker: registration.broker(options.broker),
    log: registration.log(options.log.child({ processor: prepared.id })),
    logLevel: options.logLevel,
    listener: registration,
  });
}
