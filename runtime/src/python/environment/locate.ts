import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prebuiltFolder, stateDir } from '@streamlib/host-bridge';
import { StreamlibError } from '../../base/streamlib-error.js';
import { currentEnvironment, environmentFor } from './environments.js';
import { readStamp } from './stamp.js';
import type { WheelFile } from './types.js';

/** Where tools and wheels may lie: the state directory, and the checkout that this file belongs to. */
function homes(): string[] {
  const checkout = fileURLToPath(new URL('../../../../.streamlib', import.meta.url));
  return [...new Set([stateDir(), checkout])];
}

export function findUv(): string {
  const named = process.env.STREAMLIB_UV;
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new StreamlibError(
      'python_environment',
      `STREAMLIB_UV names ${named}, which is not an executable file`,
    );
  }
  const candidates = [
    ...homes().map((home) => join(home, 'tools', 'bin', 'uv')),
    ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'uv')),
  ];
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new StreamlibError(
    'python_environment',
    'uv, which makes the Python environment, was not found; run `npm run setup` in a checkout, install uv, or name it in STREAMLIB_UV',
  );
}

/**
 * The wheel of the package `streamlib`; null when there is none. Beside an installed addon lies the one of the same build;
 * in a checkout it is the newest that was built.
 */
export function findWheel(): WheelFile | null {
  const named = process.env.STREAMLIB_WHEEL;
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return wheelFile(named);
    throw new StreamlibError('python_environment', `STREAMLIB_WHEEL names ${named}, which does not exist`);
  }
  const installed = prebuiltFolder();
  const folders = homes().map((home) => join(home, 'wheels'));
  for (const folder of installed === null ? folders : [installed, ...folders]) {
    if (!existsSync(folder)) continue;
    const wheels = readdirSync(folder)
      .filter((name) => /^streamlib-.*\.whl$/.test(name))
      .map((name) => wheelFile(join(folder, name)))
      .sort((a, b) => b.mtimeMs - a.mtimeMs);
    if (wheels[0] !== undefined) return wheels[0];
  }
  return null;
}

/** What every processor needs: the codec's arrays and the broker's gRPC. */
export const BASE = ['numpy', 'grpcio', 'protobuf'];

/** The interpreter that environments are made with, as uv is told. */
export const interpreter = () => process.env.STREAMLIB_PYTHON || '>=3.11';

/** The environment that STREAMLIB_VENV names, with which tests and packagers bring one of their own; null without it. */
export const givenEnvironment = () => process.env.STREAMLIB_VENV || null;

/**
 * The environment's folder for code that asks for no packages: what the last installation of packages made, if there was one. It may
 * still have to be made.
 */
export function venvPath(): string {
  return currentEnvironment() ?? givenEnvironment() ?? ownEnvironment([], findWheel());
}

/**
 * The environment of the state directory that has what graphs ask for, and nothing that was installed by request is missing in it.
 *
 * @param requirements - Sorted, each once.
 */
export function ownEnvironment(requirements: readonly string[], wheel: WheelFile | null): string {
  const below = currentEnvironment() ?? givenEnvironment();
  const onTop =
    below === null || requirements.length === 0 ? null : [below, readStamp(below)?.installedAt ?? null];
  return environmentFor({ requirements, wheel, python: interpreter(), base: BASE, onTop });
}

/** The interpreter of an environment. */
export function pythonOf(environment: string): string {
  return join(environment, 'bin', 'python');
}

function wheelFile(path: string): WheelFile {
  const { size, mtimeMs } = statSync(path);
  return { path, size, mtimeMs };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
