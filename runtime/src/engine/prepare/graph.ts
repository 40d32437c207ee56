import type { NodePorts } from '../../graph/ports.js';
import { refOf } from '../../graph/ref.js';
import { checkNodeIds, type ResolvedLink, resolveLinks } from '../../graph/resolve.js';
import { type GraphIssue, type GraphSpec, MISSING } from '../../graph/spec.js';
import type { PreparedNode } from '../../node-types/node-type.js';
import { asLinked } from './as-linked.js';
import { checkOverrides, type PrepareOptions, prepareNodes } from './nodes.js';

export interface PreparedGraph {
  readonly nodes: readonly PreparedNode[];
  readonly links: readonly ResolvedLink[];
  /** Which node feeds which, those that failed included. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** As each type declares them, before connections ask for another delivery; null where they could not be found out. */
  readonly declared: ReadonlyMap<string, NodePorts | null>;
  /** Parameters as they were given, overrides put in and paths made absolute. */
  readonly params: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly issues: readonly GraphIssue[];
}

/** Finds out everything that a graph needs to run and everything that is wrong with it, in one go. */
export async function prepareGraph(spec: GraphSpec, options: PrepareOptions): Promise<PreparedGraph> {
  const ids = spec.nodes.map(({ id }) => id);
  const found = await prepareNodes(spec.nodes, options);
  const ports = new Map<string, NodePorts | null>();
  for (const { spec: node, prepared } of found)
    if (node.id !== MISSING) ports.set(node.id, prepared?.ports ?? null);
  const { links: resolved, issues: linkIssues } = resolveLinks(spec, ports);
  const through = new Set(found.filter(({ prepared }) => passesAll(prepared)).map(({ spec: { id } }) => id));
  const links = resolved.map((link) =>
    through.has(link.from.node) || through.has(link.to.node) ? { ...link, direct: false } : link,
  );
  const nodes = found.flatMap(({ prepared }) => (prepared === null ? [] : asLinked(prepared, links)));
  const edges = spec.connections
    .map(({ from, to }) => ({ from: refOf(from).node, to: refOf(to).node }))
    .filter(({ from, to }) => ports.has(from) && ports.has(to));
  return {
    nodes,
    links,
    edges,
    declared: ports,
    params: new Map(found.map(({ spec: { id, params } }) => [id, params])),
    issues: [
      ...checkNodeIds(spec),
      ...checkOverrides(ids, options.overrides),
      ...found.flatMap(({ issues }, index) =>
        issues.map((issue) => ({ ...issue, path: ['nodes', index, ...issue.path] })),
      ),
      ...linkIssues,
    ],
  };
}

function passesAll(prepared: PreparedNode | null): boolean {
  return prepared !== null && prepared.failure === null && !prepared.direct;
}
