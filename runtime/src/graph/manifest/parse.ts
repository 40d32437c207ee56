import type { Delivery } from '@streamlib/processor';
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { nearest, suggestion } from '../../base/nearest.js';
import { DELIVERIES } from '../../flow/delivery.js';
import { MOST_KEPT } from '../../flow/slots.js';
import {
  type ConnectionSpec,
  type GraphIssue,
  type GraphSpec,
  type IssuePath,
  MISSING,
  type NodeSpec,
} from '../spec.js';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface ParsedManifest {
  readonly spec: GraphSpec;
  readonly issues: readonly GraphIssue[];
  /** Where a part of the spec is written; the nearest part around it when it isn't written itself. */
  locate(path: IssuePath, atKey?: boolean): Place;
}

/**
 * Reads a manifest's form (YAML, of which JSON is a part), and goes on after each mistake, so that all are told at once.
 * What is malformed is left out of the spec.
 */
export function parseManifest(text: string, fallbackName: string): ParsedManifest {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const issues: GraphIssue[] = [];
  const syntax = document.errors.map((error) => ({ message: error.message, ...place(lines, error.pos[0]) }));

  const locate = (path: IssuePath, atKey = false): Place => {
    if (path[0] === 'syntax') {
      const error = syntax[Number(path[1])];
      if (error !== undefined) return { line: error.line, column: error.column };
    }
    return place(lines, offsetOf(document.contents, path, atKey));
  };
  syntax.forEach((error, index) => {
    issues.push({ path: ['syntax', index], message: error.message, fatal: true });
  });
  if (syntax.length > 0) return { spec: { name: fallbackName, nodes: [], connections: [] }, issues, locate };

  const root: unknown = document.toJS();
  const reader = new Reader(issues);
  return { spec: readGraph(reader, root, fallbackName), issues, locate };
}

const GRAPH_KEYS = ['version', 'metadata', 'nodes', 'connections'];
/** As in broker/src/grpc/fields.ts. */
const LONGEST_NAME = 256;
const NAMELESS = 'graph';
const METADATA_KEYS = ['name', 'description'];
const NODE_KEYS = ['id', 'node_type', 'params'];
const CONNECTION_KEYS = ['from', 'to', 'delivery', 'queue', 'keep', 'direct'];

class Reader {
  constructor(private readonly issues: GraphIssue[]) {}

  fail(path: IssuePath, message: string, atKey = false): void {
    this.issues.push({ path, message, fatal: true, ...(atKey && { atKey }) });
  }

  /** A mapping whose keys are all known; null, and told, when it is something else. */
  mapping(
    value: unknown,
    path: IssuePath,
    what: string,
    keys: readonly string[] | null,
  ): Record<string, unknown> | null {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fail(path, `${what} must be a mapping, not ${nameOf(value)}`);
      return null;
    }
    const mapping = value as Record<string, unknown>;
    for (const key of Object.keys(mapping)) {
      if (keys !== null && !keys.includes(key)) {
        this.fail([...path, key], `unknown key "${key}" in ${what}${suggestion(key, keys)}`, true);
      }
    }
    return mapping;
  }

  list(value: unknown, path: IssuePath, what: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.fail(path, `${what} must be a list, not ${nameOf(value)}`);
    return [];
  }

  text(
    from: Record<string, unknown>,
    key: string,
    path: IssuePath,
    what: string,
    keys: readonly string[],
  ): string | null {
    const value = from[key];
    if (typeof value === 'string' && value !== '') return value;
    if (value === undefined) {
      // A misspelt key has been told already; that its right name is missing is the same mistake.
      const misspelt = Object.keys(from).some(
        (other) => !keys.includes(other) && nearest(other, keys) === key,
      );
      if (!misspelt) this.fail(path, `${what} lacks "${key}"`);
      return null;
    }
    this.fail([...path, key], `"${key}" must be text, not ${nameOf(value)}`);
    return null;
  }
}

function readGraph(reader: Reader, root: unknown, fallbackName: string): GraphSpec {
  const empty: GraphSpec = { name: fallbackName, nodes: [], connections: [] };
  const graph = reader.mapping(root, [], 'the manifest', GRAPH_KEYS);
  if (graph === null) return empty;
  if (graph.version === undefined) reader.fail([], 'the manifest lacks "version"; write `version: v1`');
  else if (graph.version !== 'v1')
    reader.fail(['version'], `version ${JSON.stringify(graph.version)} is unknown; this is v1`);

  let told: string | null = null;
  if (graph.metadata !== undefined) {
    const metadata = reader.mapping(graph.metadata, ['metadata'], 'metadata', METADATA_KEYS);
    if (metadata !== null && metadata.name !== undefined) {
      told = reader.text(metadata, 'name', ['metadata'], 'metadata', METADATA_KEYS);
    }
  }
  const wanted = told ?? fallbackName;
  const wrong = wrongIn(wanted);
  // The graph registers before it is refused for its mistakes, so what it is called by then is well-formed.
  const name = [wanted, fallbackName].find((candidate) => wrongIn(candidate) === null) ?? NAMELESS;
  if (wrong !== null && told !== null) reader.fail(['metadata', 'name'], `the name ${wrong}`);
  else if (wrong !== null)
    reader.fail([], `the name of the file, which names the graph, ${wrong}; give it one under "metadata"`);
  const nodes: NodeSpec[] = [];
  const nodeList = reader.list(graph.nodes, ['nodes'], '"nodes"');
  // Positions in the spec are those in the file, so a malformed node keeps its place.
  nodeList.forEach((item, index) => {
    nodes.push(readNode(reader, item, index));
  });
  if (nodeList.length === 0)
    reader.fail(graph.nodes === undefined ? [] : ['nodes'], 'the manifest has no nodes');

  const connections: ConnectionSpec[] = [];
  reader.list(graph.connections, ['connections'], '"connections"').forEach((item, index) => {
    connections.push(readConnection(reader, item, index));
  });
  return { name, nodes, connections };
}

/** The broker refuses such a name when the graph registers; here it has a line and a column. */
function wrongIn(name: string): string | null {
  if (/\p{Cc}/u.test(name)) return 'holds control characters';
  return name.length > LONGEST_NAME ? `is longer than ${LONGEST_NAME} characters` : null;
}

function readNode(reader: Reader, item: unknown, index: number): NodeSpec {
  const path: IssuePath = ['nodes', index];
  const node = reader.mapping(item, path, 'a node', NODE_KEYS);
  if (node === null) return { id: MISSING, node_type: MISSING, params: {} };
  const id = reader.text(node, 'id', path, 'the node', NODE_KEYS) ?? MISSING;
  const type =
    reader.text(node, 'node_type', path, id === MISSING ? 'the node' : `node "${id}"`, NODE_KEYS) ?? MISSING;
  const params =
    node.params === undefined || node.params === null
      ? {}
      : (reader.mapping(node.params, [...path, 'params'], 'params', null) ?? {});
  return { id, node_type: type, params };
}

function readConnection(reader: Reader, item: unknown, index: number): ConnectionSpec {
  const path: IssuePath = ['connections', index];
  const connection = reader.mapping(item, path, 'a connection', CONNECTION_KEYS);
  if (connection === null) return { from: MISSING, to: MISSING };
  const { delivery, queue, keep, direct } = connection;
  const isDelivery = DELIVERIES.includes(delivery as Delivery);
  if (delivery !== undefined && !isDelivery) {
    reader.fail(
      [...path, 'delivery'],
      `unknown delivery ${JSON.stringify(delivery)}${suggestion(String(delivery), DELIVERIES)}`,
    );
  }
  const isQueue = typeof queue === 'number' && Number.isInteger(queue) && queue >= 1 && queue <= 1024;
  if (queue !== undefined && !isQueue)
    reader.fail([...path, 'queue'], '"queue" must be a whole number from 1 to 1024');
  const isKeep = typeof keep === 'number' && Number.isInteger(keep) && keep >= 0 && keep <= MOST_KEPT;
  if (keep !== undefined && !isKeep)
    reader.fail([...path, 'keep'], `"keep" must be a whole number from 0 to ${MOST_KEPT}`);
  if (direct !== undefined && typeof direct !== 'boolean')
    reader.fail([...path, 'direct'], '"direct" must be true or false');
  return {
    from: reader.text(connection, 'from', path, 'the connection', CONNECTION_KEYS) ?? MISSING,
    to: reader.text(connection, 'to', path, 'the connection', CONNECTION_KEYS) ?? MISSING,
    ...(isDelivery && { delivery: delivery as Delivery }),
    ...(isQueue && { queue }),
    ...(isKeep && { keep }),
    ...(typeof direct === 'boolean' && { direct }),
  };
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string'
    ? `the text ${JSON.stringify(value)}`
    : `the ${typeof value} ${String(value)}`;
}

function place(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function offsetOf(contents: Node | null, path: IssuePath, atKey: boolean): number {
  let node: unknown = contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(
        (item: Pair) => isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (!isPair(pair)) break;
      const last = depth === path.length - 1;
      next = (last && atKey) || pair.value === null ? pair.key : pair.value;
    } else if (isSeq(node)) {
      next = node.items[Number(step)];
    }
    if (next === undefined || next === null) break;
    node = next;
    offset = startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | null {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return range?.[0] ?? null;
}
