import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, relative } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';

/**
 * What confined code may read as its own: the folder of its file, with the modules beside it. A folder in which more than code
 * lies (a home, one above it, the one for temporary files, one with StreamLib's state) is not handed over: then the file alone is.
 */
export function codeDirOf(file: string, broad = [homedir(), tmpdir(), stateDir()]): string {
  const folder = dirname(file);
  return broad.some((path) => contains(folder, path)) ? file : folder;
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}
