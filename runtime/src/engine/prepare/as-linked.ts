import type { ResolvedLink } from '../../graph/resolve.js';
import type { PreparedNode } from '../../node-types/node-type.js';

type End = Pick<ResolvedLink, 'to' | 'delivery' | 'queue'> & { readonly keep?: number };

/** A node with the delivery that its connections ask for, which may be another than its inputs declare. */
export function asLinked(prepared: PreparedNode, links: Iterable<End>): PreparedNode {
  if (prepared.failure !== null) return prepared;
  const inputs = new Map(prepared.ports.inputs);
  for (const { to, delivery, queue, keep } of links) {
    const input = to.node === prepared.id ? inputs.get(to.port) : undefined;
    if (input !== undefined)
      inputs.set(input.name, { ...input, delivery, queue, ...(keep !== undefined && { keep }) });
  }
  return { ...prepared, ports: { ...prepared.ports, inputs } };
}
