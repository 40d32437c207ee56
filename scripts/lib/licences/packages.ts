// The packages that a user of StreamLib gets, by the lock files: not those that only its making needs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, run } from '../run.js';
import { READ_BY_HAND } from './known.js';

export interface Package {
  readonly name: string;
  readonly version: string;
  /** Null: its metadata name none. */
  readonly licence: string | null;
}

/** What the wheel names as needed. */
export interface Need {
  readonly name: string;
  readonly range: string;
}

interface LockEntry {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What is read of package-lock.json. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

export function npmPackages(lock: Lock): Package[] {
  const all = Object.entries(lock.packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.link && !entry.dev)
    .map(([path, entry]) => {
      const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const { version = '' } = entry;
      const licence = entry.license ?? READ_BY_HAND[`${name}@${version}`]?.licence;
      // A platform's build of a package, which this machine has not: npm knows its name and version only.
      return {
        name,
        version,
        licence: licence ?? (entry.optional && entry.os ? ofParent(lock, name) : null),
      };
    });
  return unique(all);
}

function ofParent(lock: Lock, name: string): string | null {
  const parents = Object.values(lock.packages).filter((entry) => entry.optionalDependencies?.[name]);
  return parents.find((entry) => entry.license)?.license ?? null;
}

/** What is read of `cargo metadata`. */
export interface CargoMetadata {
  readonly workspace_members: readonly string[];
  readonly packages: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly license: string | null;
    readonly source: string | null;
  }[];
  readonly resolve: {
    readonly nodes: readonly {
      readonly id: string;
      readonly deps: readonly {
        readonly pkg: string;
        readonly dep_kinds: readonly { readonly kind: string | null }[];
      }[];
    }[];
  };
}

/** What the crates of the workspace are built from, for all platforms; without what only their tests need. */
export function cargoPackages(metadata: CargoMetadata, roots: readonly string[]): Package[] {
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const packages = new Map(metadata.packages.map((entry) => [entry.id, entry]));
  const found = new Set<string>();
  const visit = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id)?.deps ?? [])
      if (kinds.some(({ kind }) => kind !== 'dev')) visit(pkg);
  };
  for (const id of metadata.workspace_members) if (roots.includes(packages.get(id)?.name ?? '')) visit(id);
  return unique(
    [...found]
      .map((id) => packages.get(id))
      .filter((entry) => entry !== undefined)
      .filter(({ source }) => source !== null)
      .map(({ name, version, license }) => ({ name, version, licence: license })),
  );
}

/** Without the network where that is possible: cargo has what it built, but not always what other platforms need. */
export async function cargoMetadata(): Promise<CargoMetadata> {
  const args = ['metadata', '--format-version', '1', '--locked'];
  try {
    return JSON.parse((await run('cargo', [...args, '--offline'])).at(-1) ?? '');
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return JSON.parse((await run('cargo', args)).at(-1) ?? '');
  }
}

/** The needs of the wheel, as its project file names them. */
export function pythonNeeds(project: string): Need[] {
  const [, list] = /^dependencies = \[(.*)\]$/m.exec(project) ?? [];
  if (list === undefined)
    throw new Error('client-runner/pyproject.toml: no line `dependencies = […]` was found');
  return [...list.matchAll(/"([A-Za-z0-9._-]+)([^"]*)"/g)].map(([, name = '', range = '']) => ({
    name,
    range,
  }));
}

/** What is installed of them, and of what they need themselves. Null where there is no environment. */
export function pythonPackages(environment: string, needs: readonly Need[]): Package[] | null {
  const lib = join(environment, 'lib');
  const site = existsSync(lib)
    ? readdirSync(lib)
        .map((name) => join(lib, name, 'site-packages'))
        .find((path) => existsSync(path))
    : undefined;
  if (site === undefined) return null;
  const installed = new Map(
    readdirSync(site)
      .filter((name) => name.endsWith('.dist-info') && existsSync(join(site, name, 'METADATA')))
      .map((name) => metadataOf(readFileSync(join(site, name, 'METADATA'), 'utf8')))
      .map((entry) => [canonical(entry.name), entry]),
  );
  const found = new Map<string, Installed>();
  const visit = (name: string): void => {
    if (found.has(canonical(name))) return;
    const entry = installed.get(canonical(name)) ?? { name, version: '', licence: null, needs: [] };
    found.set(canonical(name), entry);
    for (const next of entry.needs) visit(next);
  };
  for (const { name } of needs) visit(name);
  return [...found.values()].map(({ name, version, licence }) => ({ name, version, licence }));
}

interface Installed extends Package {
  readonly needs: readonly string[];
}

const canonical = (name: string) => name.toLowerCase().replace(/[-_.]+/g, '-');

function metadataOf(text: string): Installed {
  const [head = ''] = text.split(/\r?\n\r?\n/, 1);
  const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(head)?.[1]?.trim() ?? null;
  const needs = [...head.matchAll(/^Requires-Dist: ([A-Za-z0-9._-]+)(.*)$/gm)]
    .filter(([, , rest = '']) => !/extra\s*==/.test(rest))
    .map(([, name = '']) => name);
  return {
    name: field('Name') ?? '',
    version: field('Version') ?? '',
    licence: field('License-Expression') ?? field('License'),
    needs,
  };
}

function unique(packages: readonly Package[]): Package[] {
  const by = new Map(packages.map((entry) => [`${entry.name} ${entry.version}`, entry]));
  return [...by.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
