import type { ProcessorDefinition } from '@streamlib/processor';
import { toError } from '../base/streamlib-error.js';
import { portsOf } from '../graph/ports.js';
import { LocalNode } from '../node/local/local-node.js';
import type { NodeKind, NodeOutcome, NodeRequest, NodeType, TypeOrigin } from './node-type.js';

/** The type that a definition describes; its nodes run in this process. */
export function localType(definition: ProcessorDefinition, origin: TypeOrigin): NodeType {
  const { type, description, examples = [], next, config, agents } = definition;
  return {
    type,
    description: description ?? 'A processor of the program that runs this graph.',
    examples,
    next: next ?? null,
    origin,
    config,
    agents:
      agents === 'denied'
        ? { may: 'denied', why: 'its definition leaves it to the user' }
        : { may: 'marked' },
    kind: new LocalKind(definition),
    ports: (config) => {
      if (config === undefined && definition.ports !== undefined) return null;
      const { inputs, outputs } = definition.ports?.(config) ?? definition;
      return portsOf(inputs, outputs, false);
    },
  };
}

class LocalKind implements NodeKind {
  constructor(private readonly definition: ProcessorDefinition) {}

  prepare(requests: readonly NodeRequest[]): Promise<readonly NodeOutcome[]> {
    return Promise.resolve(requests.map((request) => this.prepareOne(request)));
  }

  private prepareOne({ spec, type, config }: NodeRequest): NodeOutcome {
    const { definition } = this;
    // Ports that hang on no parameter are known even if these are wrong, so the node's connections are checked too.
    if (config === null && definition.ports !== undefined) return { prepared: null, issues: [] };
    const { id, node_type } = spec;
    try {
      const ports = type.ports(config?.value);
      if (ports === null) return { prepared: null, issues: [] };
      return {
        issues: [],
        prepared: {
          id,
          type: node_type,
          failure: null,
          ports,
          next: type.next,
          setUpTakesTime: false,
          direct: true,
          make: (ports, { runtimeId, log, listener }) =>
            new LocalNode({
              id,
              type: node_type,
              runtimeId,
              ports,
              config: config?.value,
              poolSlots: definition.poolSlots,
              create: () => definition.create(config?.value),
              log,
              listener,
            }),
        },
      };
    } catch (error) {
      const message = `${id}: the ports of ${node_type} cannot be told: ${toError(error).message}`;
      return { prepared: null, issues: [{ path: ['params'], message, fatal: true }] };
    }
  }
}
