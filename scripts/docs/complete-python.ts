// Finds public names of the Python package without a docstring. Griffe reads the sources and the stub of the native module.
import { join } from 'node:path';
import { environment } from './paths.js';
import { pythonPages } from './python-pages.js';
import { output } from './run.js';

const SCRIPT = `
import griffe
extensions = griffe.load_extensions("griffe_sphinx")
package = griffe.load(
    "streamlib", search_paths=["client-runner/python"], allow_inspection=False, extensions=extensions
)
print(package.as_json(full=False))
`;

/** What Griffe says of a name, as far as the check needs it. */
interface Named {
  readonly name: string;
  readonly kind: string;
  readonly docstring?: { readonly value: string };
  readonly members?: Readonly<Record<string, Named>>;
  readonly target_path?: string;
  readonly exports?: readonly string[];
}

/** One line for each thing that is missing: `streamlib.Texture.width: has no docstring`. */
export async function missingInPython(): Promise<string[]> {
  const text = await output(join(environment, 'bin', 'python'), ['-c', SCRIPT]);
  const found: Named = JSON.parse(text);
  return missingIn(
    found,
    pythonPages.flatMap(({ names }) => names),
  );
}

/**
 * Compares the package with the pages.
 *
 * @param found - The package, as Griffe describes it.
 * @param listed - The names that the pages show, with `streamlib.` in front.
 */
export function missingIn(found: Named, listed: readonly string[]): string[] {
  const exported = (found.exports ?? []).map((name) => `${found.name}.${name}`);
  return [
    ...exported
      .filter((name) => !listed.includes(name))
      .map((name) => `${name}: stands on no page of scripts/docs/python-pages.ts`),
    ...listed.flatMap((path) => {
      const named = resolve(found, path);
      return named === null ? [`${path}: is not in the package`] : undocumented(named, path);
    }),
  ];
}

function undocumented(named: Named, path: string): string[] {
  const own = named.docstring?.value ? [] : [`${path}: has no docstring`];
  if (named.kind !== 'class') return own;
  const described = attributesOf(named.docstring?.value ?? '');
  const members = Object.values(named.members ?? {}).filter(
    ({ name, kind }) => !name.startsWith('_') && kind !== 'alias' && !described.has(name),
  );
  return [...own, ...members.flatMap((member) => undocumented(member, `${path}.${member.name}`))];
}

/** What a class says of its attributes itself, in the section of that name. */
function attributesOf(docstring: string): ReadonlySet<string> {
  const section = /^Attributes:\n((?:[ \t]+.*\n?|\n)*)/m.exec(docstring)?.[1] ?? '';
  return new Set([...section.matchAll(/^ {4}(\w+)(?: \([^)]*\))?:/gm)].map(([, name = '']) => name));
}

/** Follows names that one module imports from another. */
function resolve(found: Named, path: string): Named | null {
  let named: Named | undefined = found;
  for (const part of path.split('.').slice(1)) named = named?.members?.[part];
  if (named === undefined) return null;
  if (named.kind !== 'alias') return named;
  return named.target_path?.startsWith(`${found.name}.`) ? resolve(found, named.target_path) : null;
}
