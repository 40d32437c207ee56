// Reads every package, crate and Python package of a checkout and holds them against the table.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findings } from './order.js';
import { readPython } from './python.js';
import { readCrate } from './rust.js';
import { CRATES, FOLDERS, ONLY, PACKAGES, PYTHON } from './table.js';
import { type Imports, readImports } from './typescript.js';

/** What is wrong in the checkout at `root`, one line for each finding. `python` is the interpreter that parses Python. */
export function checkDirection(root: string, python: string): string[] {
  const found: string[] = [];
  const folders = workspaces(root);
  const names = new Map(folders.map((folder) => [packageName(join(root, folder)), folder]));
  for (const folder of folders) {
    const imports = readImports(join(root, folder, 'src'), '@streamlib/');
    const rule = FOLDERS[folder];
    if (rule === undefined) found.push(`${folder}: has no order of folders in scripts/direction/table.ts`);
    else found.push(...findings(imports.files, imports.arrows, rule).map((line) => `${folder}: ${line}`));
    found.push(
      ...packageFindings(folder, imports, names, PACKAGES, ONLY).map((line) => `${folder}: ${line}`),
    );
  }
  for (const [folder, rule] of Object.entries(CRATES)) {
    const { files, arrows } = readCrate(join(root, folder, 'src'));
    found.push(...findings(files, arrows, rule).map((line) => `${folder}: ${line}`));
  }
  for (const [folder, rule] of Object.entries(PYTHON)) {
    const { files, arrows } = readPython(python, root, folder);
    found.push(...findings(files, arrows, rule).map((line) => `${folder}: ${line}`));
  }
  return found;
}

/** Imports of other packages. `names` gives the folder of each package's name. */
export function packageFindings(
  folder: string,
  imports: Pick<Imports, 'packages'>,
  names: ReadonlyMap<string, string>,
  order: readonly string[],
  only: Readonly<Record<string, readonly string[]>>,
): string[] {
  const place = order.indexOf(folder);
  if (place < 0) return ['has no place among the packages in scripts/direction/table.ts'];
  return imports.packages.flatMap(({ file, name }) => {
    const other = names.get(name);
    if (other === undefined) return [`${file} imports ${name}, which is no package of this repository`];
    if (other === folder) return [`${file} imports its own package by name`];
    if (order.indexOf(other) > place) return [`${file} imports ${name}, a package above`];
    const may = only[folder];
    if (may !== undefined && !may.includes(other))
      return [`${file} imports ${name}; this package may import ${may.join(', ') || 'none of the others'}`];
    return [];
  });
}

/** The npm packages of the repository: `workspaces` of its package.json, `nodes/*` and the like included. */
export function workspaces(root: string): string[] {
  const { workspaces: listed = [] }: { workspaces?: string[] } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const ours = listed.filter((entry) => !entry.startsWith('scripts/'));
  return ours.flatMap((entry) =>
    entry.endsWith('/*')
      ? readdirSync(join(root, entry.slice(0, -2)), { withFileTypes: true })
          .filter((each) => each.isDirectory())
          .map((each) => `${entry.slice(0, -2)}/${each.name}`)
      : [entry],
  );
}

function packageName(folder: string): string {
  const { name }: { name: string } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return name;
}
