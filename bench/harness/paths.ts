// Where things lie. Everything that the benchmark installs goes where git does not look.
import { join } from 'node:path';

export const bench = join(import.meta.dirname, '..');
export const root = join(bench, '..');
export const state = join(root, '.streamlib');
/** What the benchmark installs, builds and measures. */
export const own = join(state, 'bench');
export const venv = join(own, 'venv');
export const python = join(venv, 'bin', 'python');
export const floorTarget = join(own, 'target');
export const floorAddon = join(floorTarget, 'floor.node');
export const results = join(own, 'results');
export const images = join(root, 'docs', 'images');
export const page = join(root, 'docs', 'performance.md');
/** The Python half of the harness, for PYTHONPATH. */
export const pythonHarness = join(bench, 'harness', 'python');
