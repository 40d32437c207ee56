import { createHash } from 'node:crypto';
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Changes when what an interpreter of this environment would import has changed: another interpreter, a package put in,
 * replaced or taken away, another build of StreamLib's own. Costs a look at some hundred directory entries.
 * Null when there is no such interpreter.
 */
export function environmentFingerprint(python: string): string | null {
  const hash = createHash('sha256');
  try {
    hash.update(`${realpathSync(python)} ${stateOf(python)}\n`);
  } catch {
    return null;
  }
  const venv = dirname(dirname(python));
  hash.update(`${stateOf(join(venv, 'pyvenv.cfg'))}\n`);
  for (const packages of sitePackages(venv)) {
    // Installers make a package's folder anew, so its time tells; files are not opened.
    list(packages, hash, 0);
    list(join(packages, 'streamlib'), hash, 3);
  }
  return hash.digest('hex');
}

function sitePackages(venv: string): string[] {
  const lib = join(venv, 'lib');
  return namesIn(lib)
    .filter((name) => name.startsWith('python'))
    .map((name) => join(lib, name, 'site-packages'));
}

function list(folder: string, hash: ReturnType<typeof createHash>, depth: number): void {
  for (const name of namesIn(folder)) {
    // Written by whoever imports, this process's own spare among them.
    if (name === '__pycache__') continue;
    const path = join(folder, name);
    hash.update(`${path} ${stateOf(path)}\n`);
    if (depth > 0 && !name.includes('.')) list(path, hash, depth - 1);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function stateOf(path: string): string {
  const state = statSync(path, { throwIfNoEntry: false });
  if (state === undefined) return 'none';
  // A package's folder also changes with its __pycache__, which an import writes; the record of its installation does not.
  if (state.isDirectory() && !path.endsWith('.dist-info')) return `folder ${state.ino}`;
  return `${state.ino} ${state.size} ${state.mtimeMs}`;
}
