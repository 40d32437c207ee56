// What is wrong with a package, before somebody installs it. No I/O: the list of its files and a way to read them are given.
import { builtinModules } from 'node:module';
import { posix } from 'node:path';

const UNWANTED = /\.spec\.|\.map$|\.tsbuildinfo$|(^|\/)(testing|node_modules|__pycache__)\/|\.tgz$/;

export type Exports = string | { readonly [condition: string]: Exports };

/** What is read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string | undefined;
  readonly license?: string | undefined;
  readonly engines?: object | undefined;
  readonly private?: boolean;
  readonly main?: string;
  readonly files?: readonly string[];
  readonly exports?: Exports;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Packed {
  readonly manifest: Manifest;
  readonly files: readonly string[];
  read(path: string): string;
  /** What all packages have. */
  readonly version: string;
  /** All packages of the project. */
  readonly names: ReadonlySet<string>;
}

/** One sentence for each problem. */
export function problemsOf({ manifest, files, read, version, names }: Packed): string[] {
  const there = new Set(files);
  const problems: string[] = [];
  const need = (path: string, what: string) => {
    if (!there.has(posix.normalize(path))) problems.push(`${what} is ${path}, which is not in the package`);
  };

  if (manifest.version !== version) problems.push(`its version is ${manifest.version}, not ${version}`);
  if (manifest.private) problems.push('it is private, so it cannot be published');
  for (const key of ['description', 'license', 'engines'] as const)
    if (!manifest[key]) problems.push(`it has no ${key}`);
  need('LICENSE', 'the licence');
  for (const path of files.filter((file) => UNWANTED.test(file)))
    problems.push(`${path} is of no use to a user`);

  for (const path of targets(manifest.exports)) need(path, 'an export');
  if (manifest.main) need(manifest.main, 'the main file');
  for (const path of Object.values(manifest.bin ?? {})) {
    need(path, 'a command');
    if (there.has(posix.normalize(path)) && !read(posix.normalize(path)).startsWith('#!/usr/bin/env node\n'))
      problems.push(`${path} is a command but does not begin with #!/usr/bin/env node`);
  }

  const dependencies: Readonly<Record<string, string>> = {
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
  };
  for (const [name, range] of Object.entries(dependencies)) {
    if (name.startsWith('@streamlib/') && !names.has(name))
      problems.push(`it depends on ${name}, which is not one of the packages`);
    if (name.startsWith('@streamlib/') && range !== version)
      problems.push(`it depends on ${name} ${range}; both ends of a wire are of one version, ${version}`);
    if (/^(file|link|workspace|git|https?):/.test(range)) problems.push(`it depends on ${name} by ${range}`);
  }
  for (const path of files.filter((file) => /\.[mc]?js$/.test(file))) {
    for (const specifier of importsOf(read(path))) {
      if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(path), specifier);
        // What the page loads is served, not resolved.
        if (!there.has(target)) problems.push(`${path} imports ${specifier}, which is not in the package`);
        continue;
      }
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      if (specifier.startsWith('node:') || builtinModules.includes(name) || name === manifest.name) continue;
      if (dependencies[name] === undefined)
        problems.push(`${path} imports ${name}, which is not among its dependencies`);
    }
  }
  return problems;
}

function targets(exports: Exports | undefined): string[] {
  if (exports === undefined) return [];
  return typeof exports === 'string' ? [exports] : Object.values(exports).flatMap(targets);
}

/** Of statements, each of which begins a line, and of `import('…')`. */
export function importsOf(code: string): string[] {
  const statements = code.matchAll(/^(?:import|export)\s*(?:[\w$*{},\s]+\sfrom\s*)?['"]([^'"\n]+)['"]/gm);
  const calls = code.matchAll(/\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g);
  return [...statements, ...calls].map((match) => match[1] ?? '');
}
