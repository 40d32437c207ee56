import { StreamlibError, toError } from '../base/streamlib-error.js';
import { differenceOf, type GraphDifference } from '../graph/diff.js';
import { refOf } from '../graph/ref.js';
import type { ConnectionSpec, GraphSpec, NodeSpec } from '../graph/spec.js';
import type { NodeTypes } from '../node-types/registry/registry.js';

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

/**
 * Does everything that can be done; one change that fails keeps no other from being tried. `anew`: nodes that are replaced although
 * the graph says the same of them, because what it names is another.
 */
export async function applyDifference(
  before: GraphSpec,
  after: GraphSpec,
  steps: Steps,
  anew: (node: NodeSpec) => boolean = () => false,
): Promise<Reached> {
  const difference = withAnew(differenceOf(before, after), after, anew);
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
  const parted = new Set(difference.disconnect);
  const failed: ConnectionSpec[] = [];
  for (const link of difference.disconnect)
    await attempt(steps.disconnect(link), () => {
      links.add(link);
      parted.delete(link);
    });
  // One that somebody else has taken out is as it is meant to be.
  for (const node of difference.remove)
    await attempt(steps.remove(node), () => void (steps.has(node.id) && nodes.set(node.id, node)));
  for (const node of difference.replace) {
    const old = before.nodes.find(({ id }) => id === node.id) ?? node;
    const open = after.connections.filter(
      (link) => !difference.connect.includes(link) && [link.from, link.to].includes(node.id),
    );
    const lost = (link: ConnectionSpec, error: unknown) => {
      wrong.push(toError(error).message);
      links.delete(link);
    };
    await attempt(replaceOrRejoin(node, open, steps, lost), () => void nodes.set(node.id, old));
  }
  for (const node of difference.add) await attempt(steps.add(node), () => void nodes.delete(node.id));
  for (const link of difference.connect)
    await attempt(steps.connect(link), () => {
      links.delete(link);
      failed.push(link);
    });
  // What was to make room for a connection that did not come about goes on.
  for (const link of parted) {
    if (!failed.some(({ to }) => sameEnd(to, link.to))) continue;
    const there = await steps.connect(link).then(
      () => true,
      () => false,
    );
    if (there) links.add(link);
  }
  return { difference, wrong, spec: { ...after, nodes: [...nodes.values()], connections: [...links] } };
}

/** The files of nodes whose change is a reason to replace them, absolute. */
export function filesOf(nodes: readonly NodeSpec[], folder: string, types: NodeTypes): string[] {
  return nodes.flatMap(({ node_type, params }) => types.registered(node_type)?.files?.(params, folder) ?? []);
}

function withAnew(
  difference: GraphDifference,
  after: GraphSpec,
  anew: (node: NodeSpec) => boolean,
): GraphDifference {
  const fresh = new Set([...difference.replace, ...difference.add]);
  return {
    ...difference,
    replace: [...difference.replace, ...after.nodes.filter((node) => !fresh.has(node) && anew(node))],
  };
}

/** New code may have other ports: where the graph leaves a port `open`, it is looked for again. */
async function replaceOrRejoin(
  node: NodeSpec,
  open: readonly ConnectionSpec[],
  steps: Steps,
  lost: (link: ConnectionSpec, error: unknown) => void,
): Promise<void> {
  try {
    await steps.replace(node);
  } catch (error) {
    if (open.length === 0 || !(error instanceof StreamlibError) || error.code !== 'graph') throw error;
    for (const link of open) await steps.disconnect(link);
    try {
      await steps.replace(node);
    } finally {
      for (const link of open) await steps.connect(link).catch((failure: unknown) => lost(link, failure));
    }
  }
}

function sameEnd(one: string, other: string): boolean {
  const [a, b] = [refOf(one), refOf(other)];
  return a.node === b.node && (a.port === b.port || a.port === '' || b.port === '');
}
