import { type Schema, schemasEqual } from '@streamlib/host-bridge';
import type { Delivery } from '@streamlib/processor';
import { suggestion } from '../base/nearest.js';
import { DEFAULT_QUEUE } from '../flow/queue.js';
import { describeDifference } from './difference.js';
import type { InputModel, NodePorts, OutputModel } from './ports.js';
import { nameOf, type PortRef, refOf } from './ref.js';
import { type GraphIssue, type GraphSpec, type IssuePath, MISSING, NODE_ID } from './spec.js';

export interface ResolvedLink {
  readonly from: PortRef;
  readonly to: PortRef;
  readonly schema: Schema;
  readonly delivery: Delivery;
  readonly queue: number;
  readonly keep: number;
  readonly direct: boolean;
  /** Its place among the spec's connections. */
  readonly index: number;
}

/** Ids that are malformed or used twice. */
export function checkNodeIds(spec: GraphSpec): GraphIssue[] {
  const issues: GraphIssue[] = [];
  const seen = new Set<string>();
  spec.nodes.forEach((node, index) => {
    if (node.id === MISSING) return;
    const path: IssuePath = ['nodes', index, 'id'];
    if (!NODE_ID.test(node.id)) {
      issues.push(
        fatal(
          path,
          `node id "${node.id}" is malformed: letters, digits, "_" and "-" are allowed, a letter first`,
        ),
      );
    } else if (seen.has(node.id)) {
      issues.push(fatal(path, `node id "${node.id}" is used twice`));
    }
    seen.add(node.id);
  });
  return issues;
}

/**
 * Finds the ports that the connections name and checks that they fit.
 * `ports` has null for a node whose ports could not be found out (told elsewhere): its connections are not judged.
 */
export function resolveLinks(
  spec: GraphSpec,
  ports: ReadonlyMap<string, NodePorts | null>,
): { links: ResolvedLink[]; issues: GraphIssue[] } {
  const links: ResolvedLink[] = [];
  const issues: GraphIssue[] = [];
  const taken = new Map<string, number>();
  spec.connections.forEach((connection, index) => {
    const from = endOf(connection.from, 'output', ports, ['connections', index, 'from'], issues);
    const to = endOf(connection.to, 'input', ports, ['connections', index, 'to'], issues);
    if (to !== null) {
      const key = nameOf({ node: to.node, port: to.port.name });
      if (taken.has(key)) {
        const message = `input ${key} already has a connection; an input takes frames from one output`;
        issues.push({ ...fatal(['connections', index, 'to'], message), reason: 'input_taken' });
        return;
      }
      taken.set(key, index);
    }
    if (from === null || to === null) return;
    if (!schemasEqual(from.port.schema, to.port.schema)) {
      issues.push(
        fatal(
          ['connections', index, 'to'],
          `${from.node}.${from.port.name} sends ${from.port.schema.name}, but ${to.node}.${to.port.name} takes ${to.port.schema.name}${describeDifference(from.port.schema, to.port.schema)}`,
        ),
      );
      return;
    }
    const delivery = connection.delivery ?? to.port.delivery;
    const queue =
      delivery === 'latest'
        ? 1
        : (connection.queue ?? (to.port.delivery === 'latest' ? DEFAULT_QUEUE : to.port.queue));
    links.push({
      from: { node: from.node, port: from.port.name },
      to: { node: to.node, port: to.port.name },
      schema: to.port.schema,
      delivery,
      queue,
      keep: connection.keep ?? to.port.keep ?? 0,
      direct: connection.direct ?? true,
      index,
    });
  });
  issues.push(...findCycles(spec, links, ports));
  return { links, issues };
}

type Direction = 'input' | 'output';
type PortOf<D extends Direction> = D extends 'input' ? InputModel : OutputModel;

function endOf<D extends Direction>(
  text: string,
  direction: D,
  ports: ReadonlyMap<string, NodePorts | null>,
  path: IssuePath,
  issues: GraphIssue[],
): { node: string; port: PortOf<D> } | null {
  if (text === MISSING) return null;
  const { node, port: portName } = refOf(text);
  const nodePorts = ports.get(node);
  if (nodePorts === undefined) {
    issues.push(fatal(path, `there is no node "${node}"${suggestion(node, ports.keys())}`));
    return null;
  }
  if (nodePorts === null) return null;
  const candidates = (direction === 'input' ? nodePorts.inputs : nodePorts.outputs) as ReadonlyMap<
    string,
    PortOf<D>
  >;
  if (portName === '' && text === node) {
    const [only, ...others] = candidates.values();
    if (only !== undefined && others.length === 0) return { node, port: only };
    const what =
      only === undefined
        ? `node "${node}" has no ${direction}s`
        : `node "${node}" has several ${direction}s; write one of ${[...candidates.keys()].map((name) => `${node}.${name}`).join(', ')}`;
    issues.push(fatal(path, what));
    return null;
  }
  const port = candidates.get(portName);
  if (port !== undefined) return { node, port };
  const others = direction === 'input' ? nodePorts.outputs : nodePorts.inputs;
  const hint = others.has(portName)
    ? `; "${portName}" is an ${direction === 'input' ? 'output' : 'input'} of it`
    : candidates.size === 0
      ? `; it has no ${direction}s`
      : suggestion(portName, candidates.keys());
  issues.push(fatal(path, `node "${node}" has no ${direction} "${portName}"${hint}`));
  return null;
}

/**
 * A cycle can run only where a frame that goes round may be dropped and does not re-enter the call that sent it: through an
 * input of a Python processor with `latest` or `every_sample`. Any other would recurse, or hold itself back for ever.
 */
function findCycles(
  spec: GraphSpec,
  links: readonly ResolvedLink[],
  ports: ReadonlyMap<string, NodePorts | null>,
): GraphIssue[] {
  const rigid = links.filter(
    (link) => link.delivery === 'lossless' || ports.get(link.to.node)?.ownProcess !== true,
  );
  const issues: GraphIssue[] = [];
  const done = new Set<string>();
  const trail: string[] = [];

  const walk = (node: string): void => {
    trail.push(node);
    for (const link of rigid) {
      if (link.from.node !== node || done.has(link.to.node)) continue;
      const start = trail.indexOf(link.to.node);
      if (start < 0) {
        walk(link.to.node);
        continue;
      }
      const round = [...trail.slice(start), link.to.node].join(' → ');
      issues.push(
        fatal(
          ['connections', link.index],
          `${round} is a cycle that cannot run: one of its inputs must belong to a Python processor and have delivery latest or every_sample`,
        ),
      );
    }
    trail.pop();
    done.add(node);
  };
  for (const node of spec.nodes) if (!done.has(node.id)) walk(node.id);
  return issues;
}

function fatal(path: IssuePath, message: string): GraphIssue {
  return { path, message, fatal: true };
}
