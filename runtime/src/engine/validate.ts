import { StreamlibError } from '../base/streamlib-error.js';
import { parseOverride } from '../graph/config/overrides.js';
import { NodeTypes } from '../node-types/registry/registry.js';
import type { ManifestOptions, ValidationReport } from './api.js';
import { readManifest } from './manifest-file.js';
import { prepareGraph } from './prepare/graph.js';

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
  if (options.signal?.aborted)
    throw new StreamlibError('stopped', `stopped before ${path} was looked at; nothing was changed`);
  const issues = manifest.locate([...manifest.issues, ...prepared.issues]);
  return {
    file: path,
    name: manifest.spec.name,
    nodes: manifest.spec.nodes.length,
    connections: manifest.spec.connections.length,
    issues,
  };
}
