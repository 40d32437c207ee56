import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prebuiltFolder, stateDir } from '@streamlib/host-bridge';
import { StreamlibError } from '../../base/streamlib-error.js';
import { currentEnvironment } from './environments.js';

export interface WheelFile {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

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

/**
 * The environment's folder: what the last installation of packages made, if there was one. STREAMLIB_VENV lets tests and
 * packagers bring one of their own to begin with.
 */
export function venvPath(): string {
  return currentEnvironment() ?? (process.env.STREAMLIB_VENV || join(stateDir(), 'venv'));
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
