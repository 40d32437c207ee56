import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ProcessorDefinition } from '@streamlib/processor';
import type { z } from 'zod';
import { suggestion } from '../base/nearest.js';
import { readSettings } from '../base/settings/settings.js';
import { StreamlibError, toError } from '../base/streamlib-error.js';
import type { Override } from '../graph/config/overrides.js';
import { typedValue, withValue } from '../graph/config/overrides.js';
import { parseParams, resolvePaths } from '../graph/config/params.js';
import { type NodePorts, portsOf } from '../graph/ports.js';
import { refOf } from '../graph/ref.js';
import { checkNodeIds, type ResolvedLink, resolveLinks } from '../graph/resolve.js';
import { type GraphIssue, type GraphSpec, type IssuePath, MISSING, type NodeSpec } from '../graph/spec.js';
import type { PythonKind } from '../processor/kind.js';
import type { ProcessorRegistry } from '../processor/registry.js';
import type { DeclaredProcessor } from '../python/declared.js';
import { ensureEnvironment, type PythonEnvironment } from '../python/environment/environment.js';
import { type Needs, requirementsNeeds, scriptNeeds } from '../python/environment/needs.js';
import { type PythonParams, pythonParams } from '../python/host/params.js';
import { inspectPython, PythonFileError } from '../python/inspect/inspect.js';
import { codeDirOf } from '../python/sandbox/code-dir.js';
import { type Confinement, openProcessSandbox } from '../python/sandbox/sandbox.js';

/** A node whose type, parameters and ports are known: ready to be made. */
export type PreparedNode =
  | {
      readonly kind: 'local';
      readonly id: string;
      readonly type: string;
      readonly ports: NodePorts;
      readonly definition: ProcessorDefinition;
      readonly config: unknown;
    }
  | {
      readonly kind: 'python';
      readonly id: string;
      readonly type: string;
      readonly ports: NodePorts;
      readonly params: PythonParams;
      readonly execution: PythonKind;
      readonly python: string;
      /** Given for code from outside. */
      readonly confinement?: Confinement;
    }
  /** Cannot run, and the rest of the graph can. */
  | { readonly kind: 'failed'; readonly id: string; readonly type: string; readonly error: Error };

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

export interface PrepareOptions {
  readonly registry: ProcessorRegistry;
  /** Relative paths in the spec belong to this folder, those in overrides to the working directory. */
  readonly baseDir: string;
  readonly overrides: readonly Override[];
  /** What the file of the only node declares, where that is known already. */
  readonly inspected?: readonly DeclaredProcessor[];
  readonly onProgress: (message: string) => void;
  /** As soon as the interpreter of the Python nodes is known to be there. */
  readonly onPython?: (python: string) => void;
  readonly signal?: AbortSignal;
}

/** Finds out everything that a graph needs to run and everything that is wrong with it, in one go. */
export async function prepareGraph(spec: GraphSpec, options: PrepareOptions): Promise<PreparedGraph> {
  const issues: GraphIssue[] = [...checkNodeIds(spec), ...checkOverrides(spec, options.overrides)];
  const prepared: (PreparedNode | null)[] = [];
  const given = new Map<string, Readonly<Record<string, unknown>>>();
  const python: { index: number; node: NodeSpec; params: PythonParams }[] = [];
  for (const [index, node] of spec.nodes.entries()) {
    prepared.push(null);
    if (node.node_type === MISSING) continue;
    if (node.node_type === 'python') {
      const params = paramsOf(pythonParams, node, index, options, issues, given);
      // Looked for even if another parameter is wrong: everything is told in one go.
      const file = params?.file ?? resolvePaths(pythonParams, node.params, options.baseDir).file;
      if (typeof file === 'string' && !existsSync(file)) {
        const path = ['nodes', index, 'params', 'file'];
        issues.push({ path, message: `${node.id}: there is no file ${file}`, fatal: true, node: node.id });
      } else if (params !== null) python.push({ index, node, params });
      continue;
    }
    const definition = await definitionOf(node, index, options, issues);
    if (definition === null) continue;
    const config = paramsOf(definition.config, node, index, options, issues, given);
    // Its ports are known even if its parameters are wrong, so its connections are checked too.
    const ports = portsOf(definition.inputs, definition.outputs, false);
    prepared[index] = { kind: 'local', id: node.id, type: node.node_type, ports, definition, config };
  }
  for (const [index, node] of await preparePython(python, options, issues)) prepared[index] = node;

  const ports = new Map<string, NodePorts | null>();
  spec.nodes.forEach((node, index) => {
    const found = prepared[index];
    if (node.id !== MISSING)
      ports.set(
        node.id,
        found === null || found === undefined || found.kind === 'failed' ? null : found.ports,
      );
  });
  const { links: resolved, issues: linkIssues } = resolveLinks(spec, ports);
  // A confined process can neither connect to another nor be connected to: its frames go through the runtime.
  const confined = new Set(prepared.filter((node) => isConfined(node)).map((node) => node?.id));
  const links = resolved.map((link) =>
    confined.has(link.from.node) || confined.has(link.to.node) ? { ...link, direct: false } : link,
  );
  issues.push(...linkIssues);
  const nodes = prepared.filter((node) => node !== null).map((node) => withDelivery(node, links));
  const edges = spec.connections
    .map(({ from, to }) => ({ from: refOf(from).node, to: refOf(to).node }))
    .filter(({ from, to }) => ports.has(from) && ports.has(to));
  return { nodes, links, edges, declared: ports, params: given, issues };
}

function isConfined(node: PreparedNode | null): boolean {
  return node?.kind === 'python' && node.params.sandbox;
}

function checkOverrides(spec: GraphSpec, overrides: readonly Override[]): GraphIssue[] {
  const ids = spec.nodes.map((node) => node.id);
  return overrides
    .filter((override) => !ids.includes(override.node))
    .map((override) => ({
      path: ['nodes'],
      message: `--set ${override.text}: there is no node "${override.node}"${suggestion(override.node, ids)}`,
      fatal: true,
    }));
}

async function definitionOf(
  node: NodeSpec,
  index: number,
  options: PrepareOptions,
  issues: GraphIssue[],
): Promise<ProcessorDefinition | null> {
  const path: IssuePath = ['nodes', index, 'node_type'];
  try {
    const definition = await options.registry.find(node.node_type);
    if (definition !== null) return definition;
    issues.push({
      path,
      message: `unknown node type "${node.node_type}"${suggestion(node.node_type, options.registry.types)}`,
      fatal: true,
    });
  } catch (error) {
    issues.push({ path, message: toError(error).message, fatal: true });
  }
  return null;
}

function paramsOf<C>(
  schema: z.ZodType<C>,
  node: NodeSpec,
  index: number,
  options: PrepareOptions,
  issues: GraphIssue[],
  given: Map<string, Readonly<Record<string, unknown>>>,
): C | null {
  let params = resolvePaths(schema, node.params, options.baseDir);
  for (const override of options.overrides.filter((candidate) => candidate.node === node.id)) {
    try {
      const value = typedValue(schema, override);
      const [key] = override.path;
      const put = withValue(params, override.path, value);
      // A path on the command line means what it would mean to any other command there.
      params =
        key === undefined
          ? put
          : { ...put, [key]: resolvePaths(schema, { [key]: put[key] }, process.cwd())[key] };
    } catch (error) {
      issues.push({ path: ['nodes', index], message: toError(error).message, fatal: true, node: node.id });
    }
  }
  given.set(node.id, params);
  const parsed = parseParams(schema, params);
  for (const issue of parsed.issues) {
    issues.push({
      path: ['nodes', index, 'params', ...issue.path],
      message: `${node.id}: ${issue.message}`,
      fatal: true,
      node: node.id,
      ...(issue.atKey === true && { atKey: true }),
    });
  }
  return parsed.config;
}

interface PythonCandidate {
  readonly index: number;
  readonly node: NodeSpec;
  readonly params: PythonParams;
}

async function preparePython(
  candidates: readonly PythonCandidate[],
  options: PrepareOptions,
  issues: GraphIssue[],
): Promise<Map<number, PreparedNode>> {
  const prepared = new Map<number, PreparedNode>();
  if (candidates.length === 0) return prepared;
  const failed = ({ index, node }: PythonCandidate, error: Error) => {
    prepared.set(index, { kind: 'failed', id: node.id, type: 'python', error });
    issues.push({
      path: ['nodes', index, 'params', 'file'],
      message: `${node.id}: ${error.message}`,
      fatal: false,
      node: node.id,
    });
  };

  const wanted: { candidate: PythonCandidate; needs: Needs }[] = [];
  for (const candidate of candidates) {
    try {
      wanted.push({ candidate, needs: needsOf(candidate) });
    } catch (error) {
      failed(candidate, toError(error));
    }
  }
  let environment: PythonEnvironment;
  try {
    environment = await ensureEnvironment(
      wanted.map(({ needs }) => needs),
      { onProgress: options.onProgress, ...(options.signal && { signal: options.signal }) },
    );
  } catch (error) {
    for (const { candidate } of wanted) failed(candidate, toError(error));
    return prepared;
  }
  if (wanted.length > environment.failures.size) options.onPython?.(environment.python);
  await Promise.all(
    wanted.map(async ({ candidate }, position) => {
      const lacking = environment.failures.get(position);
      if (lacking !== undefined) return failed(candidate, lacking);
      try {
        const confinement = candidate.params.sandbox
          ? await confinementOf(candidate, environment, options.baseDir)
          : undefined;
        const found =
          options.inspected ??
          (await inspectPython(
            candidate.params.file,
            environment,
            options.signal,
            confinement?.(`${candidate.node.id}.inspect`),
          ));
        const node = choose(candidate, found, environment, issues, confinement?.(candidate.node.id));
        if (node !== null) prepared.set(candidate.index, node);
      } catch (error) {
        if (error instanceof PythonFileError && error.traceback !== null) {
          failed(
            candidate,
            new PythonFileError(
              `${error.message}\n${error.traceback.trimEnd()}`,
              error.traceback,
              error.line,
            ),
          );
        } else failed(candidate, toError(error));
      }
    }),
  );
  return prepared;
}

/** Refuses where code from outside would have to run without a sandbox. */
async function confinementOf(
  { params }: PythonCandidate,
  environment: PythonEnvironment,
  folder: string,
): Promise<(name: string) => Confinement> {
  const root = dirname(dirname(environment.python));
  const sandbox = await openProcessSandbox(root, readSettings(folder).sandbox);
  return (name) => sandbox.enter({ name, codeDir: codeDirOf(params.file), environment: root });
}

function needsOf({ node, params }: PythonCandidate): Needs {
  // What code from outside needs is asked for and decided on (see `packages/`), not installed because a file says so.
  if (params.sandbox) return { requirements: [], requiresPython: null, source: basename(params.file) };
  if (Array.isArray(params.requirements)) {
    return { requirements: params.requirements, requiresPython: null, source: `node "${node.id}"` };
  }
  if (params.requirements !== undefined) return requirementsFile(params.requirements);
  const fromScript = scriptNeeds(readFileSync(params.file, 'utf8'), basename(params.file));
  if (fromScript !== null) return fromScript;
  const beside = join(dirname(params.file), 'requirements.txt');
  if (existsSync(beside)) return requirementsFile(beside);
  return { requirements: [], requiresPython: null, source: basename(params.file) };
}

function requirementsFile(path: string): Needs {
  try {
    return requirementsNeeds(readFileSync(path, 'utf8'), basename(path));
  } catch (cause) {
    if (cause instanceof StreamlibError) throw cause;
    throw new StreamlibError('python_environment', `${path} could not be read: ${toError(cause).message}`, {
      cause,
    });
  }
}

/** Which of a file's processors the node means, and of which kind it is. */
function choose(
  { index, node, params }: PythonCandidate,
  found: readonly DeclaredProcessor[],
  environment: PythonEnvironment,
  issues: GraphIssue[],
  confinement: Confinement | undefined,
): PreparedNode | null {
  const file = basename(params.file);
  const names = found.map((processor) => processor.name);
  const wrong = (key: string, message: string) => {
    issues.push({
      path: ['nodes', index, 'params', key],
      message: `${node.id}: ${message}`,
      fatal: true,
      node: node.id,
    });
    return null;
  };
  const [only] = found;
  if (only === undefined)
    return wrong(
      'file',
      `${file} declares no processor; decorate a function or a class with @streamlib.processor(…)`,
    );
  const processor =
    params.processor === undefined ? only : found.find((candidate) => candidate.name === params.processor);
  if (processor === undefined) {
    return wrong(
      'processor',
      `${file} has no processor "${params.processor}"${suggestion(params.processor ?? '', names)}`,
    );
  }
  if (params.processor === undefined && found.length > 1) {
    return wrong('file', `${file} has several processors; name one with "processor": ${names.join(', ')}`);
  }
  if (params.kind !== undefined && processor.kind !== null && params.kind !== processor.kind) {
    return wrong(
      'kind',
      `kind is ${params.kind} here, but ${file} declares "${processor.name}" as ${processor.kind}`,
    );
  }
  return {
    kind: 'python',
    id: node.id,
    type: 'python',
    ports: portsOf(processor.inputs, processor.outputs, true),
    params: { ...params, processor: processor.name },
    execution: params.kind ?? processor.kind ?? 'reactive',
    python: environment.python,
    ...(confinement && { confinement }),
  };
}

/** A connection may ask for another delivery than its input declares. */
function withDelivery(node: PreparedNode, links: readonly ResolvedLink[]): PreparedNode {
  if (node.kind === 'failed') return node;
  const inputs = new Map(node.ports.inputs);
  for (const link of links) {
    const input = link.to.node === node.id ? inputs.get(link.to.port) : undefined;
    if (input !== undefined) inputs.set(input.name, { ...input, delivery: link.delivery, queue: link.queue });
  }
  return { ...node, ports: { ...node.ports, inputs } };
}
