import { resolve } from 'node:path';
import { toError } from '../errors/streamlib-error.js';
import { differenceOf, type GraphDifference } from '../graph/diff.js';
import type { ConnectionSpec, GraphSpec, NodeSpec } from '../graph/spec.js';

/** The changes that one graph takes to become another. */
export interface Steps {
  disconnect(link: ConnectionSpec): Promise<void>;
  remove(node: NodeSpec): Promise<void>;
  replace(node: NodeSpec): Promise<void>;
  add(node: NodeSpec): Promise<void>;
  connect(link: ConnectionSpec): Promise<void>;
  /** Whether a node runs, whoever has added it. */
  has(id: string): boolean;
}

export interface Reached {
  readonly difference: GraphDifference;
  /** What was wanted, as far as it was reached: the earlier entry in the place of what was not, so that it is tried again. */
  readonly spec: GraphSpec;
  readonly wrong: readonly string[];
}

/** Does everything that can be done; one change that fails keeps no other from being tried. */
export async function applyDifference(before: GraphSpec, after: GraphSpec, steps: Steps): Promise<Reached> {
  const difference = differenceOf(before, after);
  const wrong: string[] = [];
  const nodes = new Map(after.nodes.map((node) => [node.id, node]));
  const links = new Set(after.connections);
  const attempt = async (change: Promise<void>, undo: () => void) => {
    try {
      await change;
    } catch (error) {
      wrong.push(toError(error).message);
      undo();
    }
  };
  for (const link of difference.disconnect) await attempt(steps.disconnect(link), () => void links.add(link));
  // One that somebody else has taken out is as it is meant to be.
  for (const node of difference.remove)
    await attempt(steps.remove(node), () => void (steps.has(node.id) && nodes.set(node.id, node)));
  for (const node of difference.replace) {
    const old = before.nodes.find(({ id }) => id === node.id) ?? node;
    await attempt(steps.replace(node), () => void nodes.set(node.id, old));
  }
  for (const node of difference.add) await attempt(steps.add(node), () => void nodes.delete(node.id));
  for (const link of difference.connect) await attempt(steps.connect(link), () => void links.delete(link));
  return { difference, wrong, spec: { ...after, nodes: [...nodes.values()], connections: [...links] } };
}

/** The Python files that a graph names, absolute. */
export function pythonFiles(spec: GraphSpec, folder: string): string[] {
  return spec.nodes.flatMap(({ node_type, params }) =>
    node_type === 'python' && typeof params.file === 'string' ? [resolve(folder, params.file)] : [],
  );
}
