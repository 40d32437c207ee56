import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout. Looked for upward: compiled programs of the tests lie deeper in it than their sources. */
export const root = above(import.meta.dirname);

function above(folder: string): string {
  if (existsSync(join(folder, 'tsconfig.base.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`${import.meta.dirname} is not in a checkout of StreamLib`);
  return above(parent);
}
