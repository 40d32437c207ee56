import { join } from 'node:path';
import { root } from './root.js';

export { root };
export const state = join(root, '.streamlib');
export const stamps = join(state, 'stamps');
export const wheels = join(state, 'wheels');
export const tools = join(state, 'tools');

/** A program of the Python tools environment. */
export const tool = (name: string) => join(tools, 'bin', name);

/** A program that npm installed. Called by its path: `npx` costs half a second each time. */
export const npmBin = (name: string) => join(root, 'node_modules', '.bin', name);

/** Options with which Node runs TypeScript, from whatever folder. */
export const tsx = ['--import', import.meta.resolve('tsx')];

/** Arguments with which Node runs a TypeScript program of this checkout. */
export const typescriptProgram = (path: string) => [...tsx, join(root, path)];

/** The npm packages, in the order in which they depend on each other. */
export const packages = [
  'proto',
  'host-bridge',
  'processor',
  'serve',
  'broker',
  'runtime',
  'media',
  'mcp',
  'cli',
];
