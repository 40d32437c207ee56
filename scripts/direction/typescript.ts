// What the files of a TypeScript package import: type imports count, tests do not.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Arrow } from './graph.js';

export interface Imports {
  readonly files: readonly string[];
  readonly arrows: readonly Arrow[];
  /** Packages of this repository that are imported, each with the file that does. */
  readonly packages: readonly { readonly file: string; readonly name: string }[];
}

/** Every module that a source text names: imports, re-exports and dynamic imports of a literal. */
export function specifiers(text: string): string[] {
  const code = withoutComments(text);
  const found = code.matchAll(
    /(?:^|[\s;}])(?:import|export)\s+(?:[\w*{}\s,$]+?\s+from\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/g,
  );
  return [...found].map(([, named, dynamic]) => named ?? dynamic ?? '');
}

/** Comments become nothing; a `//` within a string, as of an address, stays. */
function withoutComments(text: string): string {
  return text.replace(
    /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_whole, literal: string | undefined) => literal ?? '',
  );
}

export const isProduction = (file: string) =>
  file.endsWith('.ts') &&
  !file.endsWith('.spec.ts') &&
  !file.endsWith('.d.ts') &&
  !file.split('/').includes('testing');

/** Reads the sources below `folder`. `scope` is the prefix of the repository's own packages. */
export function readImports(folder: string, scope: string): Imports {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter(isProduction)
    .sort();
  const arrows: Arrow[] = [];
  const packages: { file: string; name: string }[] = [];
  for (const file of files) {
    for (const name of specifiers(readFileSync(join(folder, file), 'utf8'))) {
      if (name.startsWith(scope)) {
        packages.push({ file, name: name.split('/').slice(0, 2).join('/') });
      } else if (name.startsWith('.')) {
        const to = posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts');
        if (existsSync(join(folder, to))) arrows.push({ from: file, to });
      }
    }
  }
  return { files, arrows, packages };
}
