import {
  existsSync,
  lstatSync,
  mkdirSync,
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

/** Kept besides the current one, so that what just started from it can still load its modules. */
const KEPT = 1;

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

/** A folder for the next environment. What is left of one that was never finished goes. */
export function nextEnvironment(folder = environmentsFolder()): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const current = currentEnvironment(folder);
  const numbers = readdirSync(folder).map(Number).filter(Number.isSafeInteger);
  const newest = current === null ? 0 : Number(current.slice(folder.length + 1));
  for (const number of numbers) {
    // The lock is ours, so nobody builds it any more.
    if (number > newest) rmSync(join(folder, String(number)), { recursive: true, force: true });
  }
  return join(folder, String(newest + 1));
}

/** From one moment to the next, `current` is the new one: a link is renamed over the old. */
export function switchTo(environment: string, folder = environmentsFolder()): void {
  const link = join(folder, 'current');
  const fresh = `${link}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(environment.slice(folder.length + 1), fresh);
  renameSync(fresh, link);
}

/** Removes environments that no process runs from. */
export function pruneEnvironments(folder = environmentsFolder()): void {
  const current = currentEnvironment(folder);
  const old = readdirSync(folder)
    .map(Number)
    .filter(Number.isSafeInteger)
    .sort((a, b) => b - a)
    .map((number) => join(folder, String(number)))
    .filter((path) => path !== current);
  const lines = commandLines();
  for (const path of old.slice(KEPT)) {
    if (!lines.some((line) => line.includes(`${path}/`))) rmSync(path, { recursive: true, force: true });
  }
}

function commandLines(): string[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        } catch {
          return '';
        }
      });
  } catch {
    return [];
  }
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
