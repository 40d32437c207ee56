import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRunning, startedAt } from '@streamlib/host-bridge';
import { STAMP_FILE } from './stamp.js';

/**
 * Which processes use which environment: a small file `users/NAME.PID` for each, beside the environments. A runtime uses its own
 * until it ends, also while a process of it waits to be started again; whoever is killed leaves a file that counts no more.
 */
const USERS = 'users';

/** From here on, until this process ends, the environment stays. Where nothing can be written, nothing can be removed either. */
export function noteUse(environment: string): void {
  try {
    const folder = join(dirname(environment), USERS);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const began = startedAt(process.pid);
    writeFileSync(join(folder, `${basename(environment)}.${process.pid}`), String(began), { mode: 0o600 });
    const now = new Date();
    utimesSync(join(environment, STAMP_FILE), now, now);
  } catch {
    // A read-only state directory.
  }
}

/** The processes that use each environment of a folder, by its name. What is left of processes that have ended goes. */
export function usersOf(folder: string): ReadonlyMap<string, readonly number[]> {
  const users = new Map<string, number[]>();
  for (const file of namesIn(join(folder, USERS))) {
    const [, name, digits] = /^(.+)\.(\d+)$/.exec(file) ?? [];
    if (name === undefined) continue;
    const path = join(folder, USERS, file);
    const pid = Number(digits);
    if (isSame(pid, path)) users.set(name, [...(users.get(name) ?? []), pid]);
    else rmSync(path, { force: true });
  }
  return users;
}

/** A number that has passed to another process is no user. */
function isSame(pid: number, path: string): boolean {
  try {
    return isRunning(pid) && readFileSync(path, 'utf8') === String(startedAt(pid));
  } catch {
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
