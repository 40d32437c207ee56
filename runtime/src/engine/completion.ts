import { type GraphNode, isOver } from '../node/node.js';

export interface Wiring {
  readonly nodes: readonly GraphNode[];
  /** The nodes that send to a node. */
  readonly upstream: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Nodes without connected inputs: where frames come from. */
export function sourcesOf({ nodes, upstream }: Wiring): GraphNode[] {
  return nodes.filter((node) => (upstream.get(node.id)?.size ?? 0) === 0);
}

/** Nodes without connected outputs: where frames end. */
export function sinksOf({ nodes, upstream }: Wiring): GraphNode[] {
  const feeding = new Set([...upstream.values()].flatMap((ids) => [...ids]));
  return nodes.filter((node) => !feeding.has(node.id));
}

/**
 * Whether the graph has nothing more to do: every source is over, and every other node has worked off what it was sent
 * (or cannot any more). A graph without sources never ends by itself.
 */
export function isComplete(wiring: Wiring): boolean {
  const { nodes, upstream } = wiring;
  const sources = sourcesOf(wiring);
  if (nodes.length === 0) return true;
  if (sources.length === 0 || !sources.every((node) => isOver(node.state))) return false;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const judged = new Map<string, boolean>();
  const complete = (node: GraphNode): boolean => {
    const known = judged.get(node.id);
    if (known !== undefined) return known;
    // A cycle through this node: taken for complete while its other side is looked at, which has to be idle as well.
    judged.set(node.id, true);
    const before = [...(upstream.get(node.id) ?? [])]
      .map((id) => byId.get(id))
      .filter((other) => other !== undefined);
    const result =
      (isOver(node.state) || (node.state !== 'starting' && node.state !== 'waiting' && node.idle)) &&
      before.every(complete);
    judged.set(node.id, result);
    return result;
  };
  return nodes.every(complete);
}
