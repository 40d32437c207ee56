import { suggestion } from '../../base/nearest.js';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import { type Override, typedValue, withValue } from '../../graph/config/overrides.js';
import { parseParams, resolvePaths } from '../../graph/config/params.js';
import { type GraphIssue, MISSING, type NodeSpec } from '../../graph/spec.js';
import type {
  NodeKind,
  NodeOutcome,
  NodeRequest,
  NodeType,
  PrepareContext,
  PreparedNode,
} from '../../node-types/node-type.js';
import type { NodeTypes } from '../../node-types/registry/registry.js';

export interface PrepareOptions extends PrepareContext {
  readonly types: NodeTypes;
  /** Relative paths in them belong to the working directory, those in the spec to `folder`. */
  readonly overrides: readonly Override[];
}

/** What was found out about one node. */
export interface FoundNode {
  /** With its parameters as they were given, overrides put in and paths made absolute. */
  readonly spec: NodeSpec;
  /** Null when so much is wrong that nothing is known of it. */
  readonly prepared: PreparedNode | null;
  /** Their paths are those within the node. */
  readonly issues: readonly GraphIssue[];
}

/** Finds out what each node needs to run, and everything that is wrong with it; in the order of the specs. */
export async function prepareNodes(
  specs: readonly NodeSpec[],
  options: PrepareOptions,
): Promise<FoundNode[]> {
  const looked = await Promise.all(specs.map((spec) => look(spec, options)));
  const byKind = new Map<NodeKind, NodeRequest[]>();
  for (const { request } of looked) {
    if (request !== null) byKind.set(request.type.kind, [...(byKind.get(request.type.kind) ?? []), request]);
  }
  const outcomes = new Map<NodeRequest, NodeOutcome>();
  await Promise.all(
    [...byKind].map(async ([kind, requests]) => {
      const all = await kind.prepare(requests, options);
      requests.forEach((request, index) => {
        const outcome = all[index];
        if (outcome !== undefined) outcomes.set(request, outcome);
      });
    }),
  );
  return looked.map(({ spec, request, issues }) => {
    const outcome = request === null ? undefined : outcomes.get(request);
    const own = (outcome?.issues ?? []).map((issue) => ({ ...issue, node: spec.id }));
    return { spec, prepared: outcome?.prepared ?? null, issues: [...issues, ...own] };
  });
}

/** Overrides of nodes that there are not. */
export function checkOverrides(ids: readonly string[], overrides: readonly Override[]): GraphIssue[] {
  return overrides
    .filter((override) => !ids.includes(override.node))
    .map((override) => ({
      path: ['nodes'],
      message: `--set ${override.text}: there is no node "${override.node}"${suggestion(override.node, ids)}`,
      fatal: true,
    }));
}

interface Looked {
  readonly spec: NodeSpec;
  readonly request: NodeRequest | null;
  readonly issues: readonly GraphIssue[];
}

/** Finds a node's type and checks its parameters. */
async function look(spec: NodeSpec, options: PrepareOptions): Promise<Looked> {
  if (spec.node_type === MISSING) return { spec, request: null, issues: [] };
  let type: NodeType;
  try {
    type = await options.types.mustFind(spec.node_type, options.signal);
  } catch (error) {
    const reason = error instanceof StreamlibError ? error.reason : null;
    const message = toError(error).message;
    return {
      spec,
      request: null,
      issues: [{ path: ['node_type'], message, fatal: true, ...(reason !== null && { reason }) }],
    };
  }
  const { params, issues } = overridden(spec, type, options);
  const parsed = parseParams(type.config, params);
  const wrong = parsed.issues.map(
    ({ path, message, atKey }): GraphIssue => ({
      path: ['params', ...path],
      message: `${spec.id}: ${message}`,
      fatal: true,
      node: spec.id,
      reason: 'parameter',
      ...(atKey === true && { atKey }),
    }),
  );
  const config = parsed.issues.length > 0 ? null : { value: parsed.config };
  return {
    spec: { ...spec, params },
    request: { spec, type, params, config },
    issues: [...issues, ...wrong],
  };
}

function overridden(
  { id, params: given }: NodeSpec,
  { config }: NodeType,
  { folder, overrides }: PrepareOptions,
): { params: Record<string, unknown>; issues: GraphIssue[] } {
  const issues: GraphIssue[] = [];
  let params = resolvePaths(config, given, folder);
  for (const override of overrides.filter(({ node }) => node === id)) {
    try {
      const put = withValue(params, override.path, typedValue(config, override));
      const [key] = override.path;
      // A path on the command line means what it would mean to any other command there.
      params =
        key === undefined
          ? put
          : { ...put, [key]: resolvePaths(config, { [key]: put[key] }, process.cwd())[key] };
    } catch (error) {
      issues.push({ path: [], message: toError(error).message, fatal: true, node: id, reason: 'parameter' });
    }
  }
  return { params, issues };
}
