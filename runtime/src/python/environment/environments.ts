import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import { normalName } from './requirement.js';

/** Where all environments lie that this program makes; one that STREAMLIB_VENV names lies elsewhere. */
export function environmentsFolder(): string {
  return join(stateDir(), 'environments');
}

/** The environment that the last installation made; null before the first. */
export function currentEnvironment(folder = environmentsFolder()): string | null {
  try {
    const name = readlinkSync(join(folder, 'current'));
    const path = join(folder, name);
    return existsSync(join(path, 'bin', 'python')) ? path : null;
  } catch {
    return null;
  }
}

/**
 * Where the environment for something lies: what it is made for is its name, so whoever wants the same finds the same, and nobody
 * ever has to change it.
 *
 * @param of - All that what is installed depends on.
 */
export function environmentFor(of: unknown, folder = environmentsFolder()): string {
  return join(folder, createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 16));
}

/** Numbers were names once. */
export function isEnvironmentName(name: string): boolean {
  return /^(?:[0-9a-f]{16}|\d+)$/.test(name);
}

/** From one moment to the next, `current` is the new one: a link is renamed over the old. */
export function switchTo(environment: string, folder = environmentsFolder()): void {
  const link = join(folder, 'current');
  const fresh = `${link}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(environment.slice(folder.length + 1), fresh);
  renameSync(fresh, link);
}

export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly modules: readonly string[];
}

/** What an environment has, read from the records that installers leave. */
export function installedIn(environment: string): Installed[] {
  const lib = join(environment, 'lib');
  if (!existsSync(lib)) return [];
  return readdirSync(lib)
    .map((python) => join(lib, python, 'site-packages'))
    .filter((packages) => existsSync(packages))
    .flatMap((packages) =>
      readdirSync(packages)
        .filter((name) => name.endsWith('.dist-info'))
        .flatMap((name) => distribution(packages, name)),
    )
    .sort((a, b) => a.name.localeCompare(b.name));
}

function distribution(packages: string, folder: string): Installed[] {
  const metadata = text(join(packages, folder, 'METADATA')).split(/\r?\n\r?\n/, 1)[0] ?? '';
  const name = /^Name:\s*(\S+)/m.exec(metadata)?.[1];
  const version = /^Version:\s*(\S+)/m.exec(metadata)?.[1];
  if (name === undefined || version === undefined) return [];
  const modules = new Set<string>();
  for (const line of text(join(packages, folder, 'RECORD')).split('\n')) {
    const path = line.split(',')[0] ?? '';
    const [top = '', ...rest] = path.split('/');
    if (top.startsWith('..') || top.endsWith('.dist-info') || top.endsWith('.libs') || top.startsWith('_'))
      continue;
    if (rest.length > 0 && !top.includes('.')) {
      if (rest.at(-1)?.match(/\.(?:py|so|pyd|abi3\.so)$/)) modules.add(top);
    } else if (/^[A-Za-z]\w*(?:\.[\w-]+)*\.(?:py|so)$/.test(top)) modules.add(top.split('.')[0] ?? '');
  }
  return [{ name: normalName(name), version, modules: [...modules].sort() }];
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** In bytes, on the disk; what is shared with the installer's cache counts too. */
export function sizeOf(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    sum += lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}
