// What the modules of a Python package import, as Python's own parser reads them.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Arrow } from './graph.js';

export function readPython(
  python: string,
  root: string,
  folder: string,
): { files: string[]; arrows: Arrow[] } {
  const script = join(import.meta.dirname, 'python_modules.py');
  return JSON.parse(
    execFileSync(python, [script, join(root, folder)], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 }),
  );
}
