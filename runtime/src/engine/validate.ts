import { StreamlibError } from '../base/streamlib-error.js';
import { parseOverride } from '../graph/config/overrides.js';
import type { GraphIssue } from '../graph/spec.js';
import { NodeTypes } from '../node-types/registry/registry.js';
import type { ManifestOptions, ValidationReport } from './api.js';
import { readManifest } from './manifest-file.js';
import { type PreparedGraph, prepareGraph } from './prepare/graph.js';

/** The mistakes that one synthetic frame brings to light, of nodes with which nothing else is wrong. */
async function tryNodes({ nodes, params }: PreparedGraph, signal?: AbortSignal): Promise<GraphIssue[]> {
  const order = [...params.keys()];
  const found: GraphIssue[] = [];
  // One after the other: each is a process, which may load a model.
  for (const node of nodes) {
    if (signal?.aborted === true || node.failure !== null || node.tryOut === undefined) continue;
    for (const issue of await node.tryOut(signal))
      found.push({ ...issue, node: node.id, path: ['nodes', order.indexOf(node.id), ...issue.path] });
  }
  return found;
}

/**
 * Tells everything that is wrong with a manifest, its Python files included, without starting anything of it.
 *
 * @param path - The file of the manifest, YAML or JSON.
 * @param options - As for `Runtime.fromManifest`; besides, where progress goes, types of your own, and a signal to give up.
 * @returns Everything that is wrong; `issues` is empty where nothing is.
 * @throws {@link StreamlibError} `graph` if the file cannot be read, `stopped` if the signal aborted.
 */
export async function validateManifest(
  path: string,
  options: ManifestOptions & {
    onProgress?: (message: string) => void;
    /** Also calls each Python processor that has inputs with one synthetic frame; false by default. */
    tryOut?: boolean;
    /** Its types may be used besides those of packages. */
    types?: NodeTypes;
    /** Ends what is being installed or looked at for it. */
    signal?: AbortSignal;
  } = {},
): Promise<ValidationReport> {
  const manifest = readManifest(path);
  const folder = options.baseDir ?? manifest.folder;
  const prepared = await prepareGraph(manifest.spec, {
    types: options.types ?? new NodeTypes({ folder }),
    folder,
    overrides: (options.overrides ?? []).map(parseOverride),
    onProgress: options.onProgress ?? (() => {}),
    ...(options.signal && { signal: options.signal }),
  });
  const tried = options.tryOut === true ? await tryNodes(prepared, options.signal) : [];
  if (options.signal?.aborted)
    throw new StreamlibError('stopped', `stopped before ${path} was looked at; nothing was changed`);
  const issues = manifest.locate([...manifest.issues, ...prepared.issues, ...tried]);
  return {
    file: path,
    name: manifest.spec.name,
    nodes: manifest.spec.nodes.length,
    connections: manifest.spec.connections.length,
    issues,
  };
}
