import { refOf } from './ref.js';
import type { ConnectionSpec, GraphSpec, NodeSpec } from './spec.js';

/** What has to be done, in this order, to make one graph of another. */
export interface GraphDifference {
  /** Connections that go. */
  readonly disconnect: readonly ConnectionSpec[];
  /** Nodes that go. */
  readonly remove: readonly NodeSpec[];
  /** Nodes that become others, in the same place. */
  readonly replace: readonly NodeSpec[];
  /** Nodes that come. */
  readonly add: readonly NodeSpec[];
  /** Connections that come. */
  readonly connect: readonly ConnectionSpec[];
}

export function differenceOf(before: GraphSpec, after: GraphSpec): GraphDifference {
  const was = new Map(before.nodes.map((node) => [node.id, node]));
  const will = new Map(after.nodes.map((node) => [node.id, node]));
  const links = new Set(before.connections.map(textOf));
  const wanted = new Set(after.connections.map(textOf));
  const remains = ({ from, to }: ConnectionSpec, ids: ReadonlyMap<string, NodeSpec>) =>
    ids.has(refOf(from).node) && ids.has(refOf(to).node);
  return {
    // Connections of a node that goes, go with it.
    disconnect: before.connections.filter((link) => !wanted.has(textOf(link)) && remains(link, will)),
    remove: before.nodes.filter(({ id }) => !will.has(id)),
    replace: after.nodes.filter((node) => {
      const old = was.get(node.id);
      return old !== undefined && nodeText(old) !== nodeText(node);
    }),
    add: after.nodes.filter(({ id }) => !was.has(id)),
    connect: after.connections.filter((link) => !links.has(textOf(link))),
  };
}

const textOf = ({ from, to, delivery, queue, keep, direct }: ConnectionSpec) =>
  JSON.stringify([from, to, delivery, queue, keep, direct]);
const nodeText = ({ node_type, params }: NodeSpec) => JSON.stringify([node_type, sorted(params)]);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, sorted(item)]);
}
