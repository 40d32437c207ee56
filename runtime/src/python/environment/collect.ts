import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { currentEnvironment, environmentsFolder, isEnvironmentName, sizeOf } from './environments.js';
import { readStamp, STAMP_FILE } from './stamp.js';
import { usersOf } from './usage.js';

/** So many that nobody uses stay, for graphs that are run again: those that were used last. */
export const KEPT_ENVIRONMENTS = 8;

/** A Python environment of the state directory. */
export interface EnvironmentInfo {
  /** Of its folder. */
  readonly name: string;
  /** The folder itself. */
  readonly path: string;
  /** What graphs asked for; null where packages were installed by request. */
  readonly requirements: readonly string[] | null;
  /** In bytes; packages that several environments have lie on the disk once, where the file system can do that. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
  /** Processes that use it. */
  readonly users: readonly number[];
  /** Whether it has the packages that were installed by request. */
  readonly current: boolean;
}

/** All complete environments, the one that was used last first. */
export function listEnvironments(folder = environmentsFolder()): EnvironmentInfo[] {
  const users = usersOf(folder);
  const current = currentEnvironment(folder);
  return complete(folder).map(({ name, path, lastUsed }) => ({
    name,
    path,
    requirements: readStamp(path)?.requirements ?? null,
    size: sizeOf(path),
    lastUsed,
    users: users.get(name) ?? [],
    current: path === current,
  }));
}

/**
 * Removes what was never finished, and environments that nobody uses, but for the current one and `keep` of them. The caller holds
 * the lock of the folder, so nothing is being made.
 *
 * @returns The names of those that were removed.
 */
export function collectEnvironments(folder = environmentsFolder(), keep = KEPT_ENVIRONMENTS): string[] {
  const current = currentEnvironment(folder);
  const users = usersOf(folder);
  const lines = commandLines();
  const isFree = (name: string) => {
    const path = join(folder, name);
    return path !== current && !users.has(name) && !lines.some((line) => line.includes(`${path}/`));
  };
  const found = complete(folder).map(({ name }) => name);
  const unfinished = namesIn(folder).filter((name) => isEnvironmentName(name) && !found.includes(name));
  const surplus = found.filter(isFree).slice(keep);
  return [...unfinished.filter(isFree), ...surplus].filter((name) => remove(folder, name));
}

function complete(folder: string): { name: string; path: string; lastUsed: number }[] {
  return namesIn(folder)
    .filter(isEnvironmentName)
    .flatMap((name) => {
      const path = join(folder, name);
      const lastUsed = statSync(join(path, STAMP_FILE), { throwIfNoEntry: false })?.mtimeMs;
      return lastUsed === undefined ? [] : [{ name, path, lastUsed }];
    })
    .sort((a, b) => b.lastUsed - a.lastUsed);
}

/** Whoever notes that it uses one looks whether it is there afterwards: so it goes first, and comes back if it is used after all. */
function remove(folder: string, name: string): boolean {
  const path = join(folder, name);
  const away = join(folder, `.${name}.${process.pid}`);
  try {
    renameSync(path, away);
    if (usersOf(folder).has(name) && !existsSync(path)) {
      renameSync(away, path);
      return false;
    }
    rmSync(away, { recursive: true, force: true });
    return true;
  } catch {
    // Of another user, or on a disk that cannot be written: it stays.
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Of all processes: an earlier version of this program notes no use. */
function commandLines(): string[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
}
