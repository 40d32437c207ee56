// The other versions of Node that this project is tried on, and where the set-up puts them. This checkout itself runs on whichever
// Node it is started with.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { state } from './paths.js';

/** By major version: the release that is installed. They are npm packages: no other host is asked for them. */
export const NODE_VERSIONS: Readonly<Record<number, string>> = {
  22: '22.23.3',
  24: '24.21.0',
  26: '26.12.1',
};

export const NODE_MAJORS = Object.keys(NODE_VERSIONS).map(Number);

/** Where such packages exist for all the versions. */
const PLATFORMS = ['linux-x64', 'linux-arm64'];

export const nodeFolder = (major: number) => join(state, 'node', String(major));

/** The npm package that has this version's program for this machine; null where there is none. */
export function nodePackage(major: number): { readonly name: string; readonly version: string } | null {
  const platform = `${process.platform}-${process.arch}`;
  const version = NODE_VERSIONS[major];
  if (version === undefined || !PLATFORMS.includes(platform)) return null;
  return { name: `node-${platform}`, version };
}

/** The program of that version, as the set-up installed it; null where it is not there. */
export function nodeProgram(major: number): string | null {
  const found = nodePackage(major);
  if (found === null) return null;
  const path = join(nodeFolder(major), 'node_modules', found.name, 'bin', 'node');
  return existsSync(path) ? path : null;
}

/** Why a version is not tried here, as a sentence. */
export function whyNotTried(major: number): string {
  return nodePackage(major) === null
    ? `Node ${major} is not tried: there is no npm package of it for ${process.platform}-${process.arch}`
    : `Node ${major} is not tried: it is not in ${nodeFolder(major)}; run \`npm run setup -- --tests\` with a network connection`;
}
