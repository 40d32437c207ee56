import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NodePackage, readJson, readPackage } from './package-json.js';

export interface FoundPackages {
  readonly packages: readonly NodePackage[];
  /** Packages that offer node types and cannot be used, and why. */
  readonly problems: readonly string[];
}

/** StreamLib's own packages are found by their scope, wherever the runtime is installed. */
const OWN_SCOPE = '@streamlib';
const DEPENDENCIES = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;
const PACKAGE_NAME = /^(@[a-z0-9~][\w.~-]*\/)?[a-z0-9~_-][\w.~-]*$/i;

/**
 * The packages with node types that a manifest in `folder` may use: direct dependencies of each package.json in that folder and
 * above it, and StreamLib's own beside the runtime. What a dependency brings along is not among them: nobody chose it. Reads
 * files only; no code runs. The nearest of several of one name counts.
 */
export async function findPackages(folder: string, runtime = import.meta.url): Promise<FoundPackages> {
  const found = new Map<string, NodePackage>();
  const problems: string[] = [];
  const take = async (name: string, candidates: readonly string[]) => {
    if (found.has(name)) return;
    for (const candidate of candidates) {
      const read = await readPackage(candidate);
      if (read === null) continue;
      if ('problem' in read) problems.push(read.problem);
      else found.set(name, read.package);
      return;
    }
  };
  for (const above of withParents(folder)) {
    const path = join(above, 'package.json');
    const manifest = await readJson(path);
    if (manifest !== null && !(await isOurs(path))) {
      problems.push(`${path} belongs to another user: the packages that it names are not used`);
      continue;
    }
    if (typeof manifest === 'string') problems.push(manifest);
    if (manifest === null || typeof manifest === 'string') continue;
    const places = withParents(above).map((place) => join(place, 'node_modules'));
    for (const name of dependenciesOf(manifest))
      await take(
        name,
        places.map((place) => join(place, name)),
      );
  }
  for (const above of withParents(dirname(fileURLToPath(runtime)))) {
    const scope = join(above, 'node_modules', OWN_SCOPE);
    for (const name of await namesIn(scope)) await take(`${OWN_SCOPE}/${name}`, [join(scope, name)]);
  }
  return { packages: [...found.values()], problems };
}

function dependenciesOf(manifest: Readonly<Record<string, unknown>>): string[] {
  return DEPENDENCIES.flatMap((key) => {
    const value = manifest[key];
    return typeof value === 'object' && value !== null ? Object.keys(value) : [];
  }).filter((name) => PACKAGE_NAME.test(name));
}

/** In a folder that others may write to, such as /tmp, anybody may leave one. */
async function isOurs(path: string): Promise<boolean> {
  const own = process.getuid?.();
  if (own === undefined) return true;
  try {
    const { uid } = await stat(path);
    return uid === own || uid === 0;
  } catch {
    return false;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => PACKAGE_NAME.test(name)).sort();
  } catch {
    return [];
  }
}

function withParents(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...withParents(above)];
}
